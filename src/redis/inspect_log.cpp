// The log of a channel, read at once or as it grows, each entry checked against the one before.
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
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

// How far a log is read.
struct Cursor {
    Sequence first = 1;                              // that is read next
    std::optional<BusPosition> last = std::nullopt;  // the entry before, where it is known
};

// The first entry behind an item that is none. Where its id says nothing the next one is tried.
Sequence behind(const Reply& item, Sequence first) {
    Sequence sequence = first;
    if (!item.items.empty()) {
        const std::string& id = item.items.front().text;
        (void)std::from_chars(id.data(), id.data() + id.size(), sequence);
    }
    const bool is_last = sequence == std::numeric_limits<Sequence>::max();
    return std::max(first, is_last ? sequence : sequence + 1);
}

// False: the last one that was taken is no entry. The cursor is behind it.
bool take_page(LogPart& part, Cursor& cursor, const Reply& page) {
    for (const Reply& item : page.items) {
        auto entry = decode_log_item(part.epoch, item);
        if (!entry || entry->position.sequence < cursor.first) {
            part.breaks.push_back("behind " + at(cursor.first - 1) + " stands what is no entry");
            cursor = {.first = behind(item, cursor.first)};
            return false;
        }
        check_link(part, cursor.last, *entry);
        cursor = {.first = entry->position.sequence + 1, .last = entry->position};
        part.entries.push_back(*std::move(entry));
    }
    return true;
}

Result<LogPart> read_pages(Asking& asking, Epoch epoch, Sequence first, std::size_t entries_max) {
    LogPart part{.epoch = epoch};
    Cursor cursor{.first = first};
    bool more = true;
    while (more && part.entries.size() < entries_max) {
        const std::size_t count =
            std::min(entries_max - part.entries.size(), std::size_t{LogReplay::page_entries});
        const auto page = page_of(asking, cursor.first, count);
        if (!page) return fail(page.error());
        more = take_page(part, cursor, *page) && page->items.size() == count;
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
            if (position) {
                epoch_ = position->epoch;
                cursor_.first = position->sequence + 1;
                if (position->sequence > 0) cursor_.last = *position;
            }
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
            const auto page = page_of(asking, cursor_.first, page_entries);
            if (!page) return fail(page.error());
            const auto text = epoch_of(asking);
            if (!text) return fail(text.error());
            const Epoch epoch{wire::parse_hex(*text).value_or(0)};
            if (epoch == epoch_) return take(*page);
            epoch_ = epoch;
            cursor_ = {};
            if (!again) return fail(another_epoch());
        }
    }
    // What is behind an item that is no entry the next look takes.
    LogPart take(const Reply& page) {
        LogPart part{.epoch = epoch_};
        (void)take_page(part, cursor_, page);
        return part;
    }

    const std::string url_;
    const InspectOptions options_;
    std::optional<Asking> asking_;
    Epoch epoch_ = Epoch::none;
    Cursor cursor_;
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
