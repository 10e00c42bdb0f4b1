// The log of a channel, read at once or as it grows, each entry checked against the one before.
#include <algorithm>
#include <utility>

#include "coherence/wire.hpp"
#include "redis/asking.hpp"
#include "redis/log_replay.hpp"
#include "tutti/redis/inspect.hpp"

namespace tutti::redis {
namespace {

std::string at(Sequence sequence) { return "sequence " + std::to_string(sequence); }

// Where the log goes on in another way than the entry before says. `last`: nothing, where the first
// that is read need not continue anything but its epoch.
void check_link(LogPart& part, const std::optional<BusPosition>& last, const BusEntry& next) {
    const Sequence sequence = next.position.sequence;
    if (!last) {
        const bool begins = sequence == 1;
        const auto first = static_cast<std::uint64_t>(part.epoch);
        if (begins && next.previous != Chain{first}) {
            part.breaks.push_back(at(1) + " does not continue the epoch");
        }
        return;
    }
    const BusPosition& before = *last;
    if (sequence != before.sequence + 1) {
        part.breaks.push_back(at(before.sequence) + " is followed by " + at(sequence));
    } else if (next.previous != before.chain) {
        part.breaks.push_back(at(sequence) + " does not continue " + at(before.sequence) +
                              ": another history");
    }
}

Result<std::string> epoch_of(Asking& asking) {
    auto reply = asking.ask({"HGET", asking.hash(), "e"});
    if (!reply) return fail(std::move(reply).error());
    return std::move(reply->text);
}

Error another_epoch() {
    return {Errc::unavailable, inspect_operation, "another epoch began meanwhile; ask again"};
}

Result<Reply> page_of(Asking& asking, Sequence first, std::size_t count) {
    return asking.ask(
        {"XRANGE", asking.log(), std::to_string(first), "+", "COUNT", std::to_string(count)});
}

// False: what stands there is no entry, and nothing behind it counts.
bool take_page(LogPart& part, std::optional<BusPosition> last, Sequence first, const Reply& page) {
    for (const Reply& item : page.items) {
        auto entry = decode_log_item(part.epoch, item);
        if (!entry || entry->position.sequence < first) {
            part.breaks.push_back("behind " + at(first - 1) + " stands what is no entry");
            return false;
        }
        check_link(part, last, *entry);
        last = entry->position;
        first = entry->position.sequence + 1;
        part.entries.push_back(*std::move(entry));
    }
    return true;
}

Result<LogPart> read_pages(Asking& asking, Epoch epoch, Sequence first, std::size_t entries_max) {
    LogPart part{.epoch = epoch};
    bool more = true;
    while (more && part.entries.size() < entries_max) {
        const std::size_t count =
            std::min(entries_max - part.entries.size(), std::size_t{LogReplay::page_entries});
        const auto page = page_of(asking, first, count);
        if (!page) return fail(page.error());
        std::optional<BusPosition> last;
        if (!part.entries.empty()) last = part.entries.back().position;
        more = take_page(part, last, first, *page) && page->items.size() == count;
        if (!part.entries.empty()) first = part.entries.back().position.sequence + 1;
    }
    return part;
}

std::vector<std::string> names_in(const Reply& acks) {
    std::vector<std::string> names;
    names.reserve(acks.items.size());
    for (const Reply& item : acks.items) names.push_back(item.text);
    return names;
}

}  // namespace

Result<LogPart> read_log(const std::string& url, const InspectOptions& options, Sequence first,
                         std::size_t entries_max) {
    auto asking = Asking::begin(url, options);
    if (!asking) return fail(std::move(asking).error());
    const auto before = epoch_of(*asking);
    if (!before) return fail(before.error());
    const auto epoch = wire::parse_hex(*before);
    if (!epoch) return LogPart{};
    auto part = read_pages(*asking, Epoch{*epoch}, std::max<Sequence>(first, 1), entries_max);
    if (!part) return part;
    const auto after = epoch_of(*asking);
    if (!after) return fail(after.error());
    if (*after != *before) {
        return fail(another_epoch());
    }
    return part;
}

class LogFollower::Impl {
public:
    Impl(std::string url, InspectOptions options)
        : url_(std::move(url)), options_(std::move(options)) {}

    // Where the log ends now.
    Result<void> find_end() {
        return asking<void>([this](Asking& asking) -> Result<void> {
            const auto end = asking.ask({"HMGET", asking.hash(), "e", "s", "h"});
            if (!end) return fail(end.error());
            if (end->items.size() != 3) return {};
            const auto position =
                wire::decode_position(end->items[0].text, end->items[1].text, end->items[2].text);
            if (position) last_ = *position;
            return {};
        });
    }
    Result<LogPart> next() {
        return asking<LogPart>([this](Asking& asking) { return read(asking); });
    }
    Result<std::vector<std::string>> members() {
        using Names = std::vector<std::string>;
        return asking<Names>([](Asking& asking) -> Result<Names> {
            const auto acks = asking.ask(
                {"ZRANGE", asking.acks(), "0", std::to_string(inspected_members_max - 1)});
            if (!acks) return fail(acks.error());
            return names_in(*acks);
        });
    }

private:
    template <class T, class F>
    Result<T> asking(F ask) {
        if (!asking_) {
            auto begun = Asking::begin(url_, options_);
            if (!begun) return fail(std::move(begun).error());
            asking_ = *std::move(begun);
        }
        asking_->prolong(options_.timeout);
        Result<T> answer = ask(*asking_);
        if (!answer) asking_.reset();
        return answer;
    }

    // The epoch last: what was read before it is of that one, or of the one before.
    Result<LogPart> read(Asking& asking) {
        for (bool again = true;; again = false) {
            const Sequence first = last_.sequence + 1;
            const auto page = page_of(asking, first, page_entries);
            if (!page) return fail(page.error());
            const auto text = epoch_of(asking);
            if (!text) return fail(text.error());
            const Epoch epoch{wire::parse_hex(*text).value_or(0)};
            if (epoch == last_.epoch) return take(*page, first);
            last_ = {.epoch = epoch};
            if (!again) return fail(another_epoch());
        }
    }
    LogPart take(const Reply& page, Sequence first) {
        LogPart part{.epoch = last_.epoch};
        const auto last = first == 1 ? std::nullopt : std::optional(last_);
        (void)take_page(part, last, first, page);
        if (!part.entries.empty()) last_ = part.entries.back().position;
        return part;
    }

    const std::string url_;
    const InspectOptions options_;
    std::optional<Asking> asking_;
    BusPosition last_;
};

LogFollower::LogFollower(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
LogFollower::~LogFollower() = default;
LogFollower::LogFollower(LogFollower&&) noexcept = default;
LogFollower& LogFollower::operator=(LogFollower&&) noexcept = default;

Result<LogFollower> LogFollower::begin(const std::string& url, const InspectOptions& options) {
    auto impl = std::make_unique<Impl>(url, options);
    if (auto found = impl->find_end(); !found) return fail(std::move(found).error());
    return LogFollower(std::move(impl));
}

Result<LogPart> LogFollower::next() { return impl_->next(); }
Result<std::vector<std::string>> LogFollower::members() { return impl_->members(); }

}  // namespace tutti::redis
