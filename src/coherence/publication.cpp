#include "coherence/publication.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "coherence/plain_event.hpp"
#include "coherence/store_rules.hpp"
#include "coherence/wire.hpp"

namespace tutti::publication {

namespace {

void keep_first_of_each(std::vector<std::string>& keys) {
    if (keys.size() < 2) return;
    std::unordered_set<std::string> seen;
    std::erase_if(keys, [&](const std::string& key) { return !seen.insert(key).second; });
}

// Fills one part after the other.
class Splitter {
public:
    explicit Splitter(Shape shape) : shape_(shape) {}

    // Keys before tags.
    void add(const KeySet& one) {
        const std::size_t bytes = wire::encoded_bytes(one);
        if (split_.parts.empty() || changed().size() == Bus::keys_max ||
            key_bytes_ + bytes > Bus::key_bytes_max) {
            begin_part();
        }
        key_bytes_ += bytes;
        std::ranges::copy(one.keys, std::back_inserter(changed().keys));
        std::ranges::copy(one.tags, std::back_inserter(changed().tags));
    }

    // Of the key or tag that was added last.
    void add_event(std::string event) {
        if (event.size() > Bus::plain_event_bytes_max) {
            ++split_.oversized_events;
            return;
        }
        if (events().size() == Bus::plain_events_max ||
            event_bytes_ + event.size() > Bus::plain_bytes_max) {
            const KeySet last = changed().tags.empty() ? KeySet::of(changed().keys.back())
                                                       : KeySet::of_tag(changed().tags.back());
            begin_part();
            add(last);
        }
        event_bytes_ += event.size();
        events().push_back(std::move(event));
    }

    [[nodiscard]] Split take() { return std::move(split_); }

private:
    void begin_part() {
        split_.parts.push_back({.change = {.keys = {}, .shape = shape_}, .plain_events = {}});
        key_bytes_ = 0;
        event_bytes_ = 0;
    }
    [[nodiscard]] KeySet& changed() { return split_.parts.back().change.keys; }
    [[nodiscard]] std::vector<std::string>& events() { return split_.parts.back().plain_events; }

    const Shape shape_;
    Split split_;
    std::size_t key_bytes_ = 0;  // of the last part
    std::size_t event_bytes_ = 0;
};

}  // namespace

Split split(Change change, std::span<const PlainEvent> shapes) {
    KeySet& changed = change.keys;
    changed.all |= std::ranges::any_of(changed.keys, [](const std::string& key) {
        return wire::encoded_bytes(key) > Bus::key_bytes_max;
    });
    if (changed.all) {
        changed = KeySet::everything();
        Part part{.change = std::move(change), .plain_events = {}};
        if (!shapes.empty()) part.plain_events.emplace_back(plain_event_of_everything);
        return {.parts = {std::move(part)}};
    }
    keep_first_of_each(changed.keys);
    keep_first_of_each(changed.tags);
    if (change.shape) shapes = shapes.subspan(*change.shape, 1);
    Splitter splitter(change.shape);
    for (const std::string& key : changed.keys) {
        splitter.add(KeySet::of(key));
        for (std::string& event : write_plain_events(shapes, key)) {
            splitter.add_event(std::move(event));
        }
    }
    // Programs that know nothing of Tutti know no tags either.
    for (const std::string& tag : changed.tags) {
        splitter.add(KeySet::of_tag(tag));
        if (!shapes.empty() && &tag == &changed.tags.back())
            splitter.add_event(std::string(plain_event_of_everything));
    }
    return splitter.take();
}

std::optional<Error> check(std::string_view operation, const PublishRequest& request) {
    if (auto error = store_rules::check_name(operation, "the channel", request.channel)) {
        return error;
    }
    if (auto error = store_rules::check_changed(operation, request.changed)) return error;
    std::size_t bytes = 0;
    bool fits = request.plain_events.size() <= Bus::plain_events_max;
    for (const std::string& event : request.plain_events) {
        fits &= event.size() <= Bus::plain_event_bytes_max;
        bytes += event.size();
    }
    if (fits && bytes <= Bus::plain_bytes_max) return std::nullopt;
    return Error{.code = Errc::too_large,
                 .operation = std::string(operation),
                 .cause = "too many plain events, or too large ones: split, or publish `all`"};
}

std::optional<Error> check_member(std::string_view operation, std::string_view channel,
                                  std::string_view member) {
    if (auto error = store_rules::check_name(operation, "the channel", channel)) return error;
    return store_rules::check_name(operation, "the member", member);
}

std::optional<Error> check(std::string_view operation, const RenewRequest& request) {
    if (auto error = check_member(operation, request.channel, request.member)) return error;
    if (request.lease > Duration::zero() && request.lease <= Bus::lease_max) return std::nullopt;
    return Error{.code = Errc::invalid_option,
                 .operation = std::string(operation),
                 .cause =
                     "a lease must be above zero and at most Bus::lease_max, because every "
                     "writer of the channel waits it out"};
}

}  // namespace tutti::publication
