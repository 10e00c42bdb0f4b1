#include "redis/log_replay.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "coherence/wire.hpp"
#include "redis/command.hpp"

namespace tutti::redis {

// The id, and names and values in the order in which the publish script gives them.
std::optional<BusEntry> decode_log_item(Epoch epoch, const Reply& item) {
    if (item.items.size() != 2 || item.items[1].items.size() != 6) return std::nullopt;
    const std::vector<Reply>& fields = item.items[1].items;
    const auto is_text = [](const Reply& field) { return field.is(Reply::Type::text); };
    if (!std::ranges::all_of(fields, is_text)) return std::nullopt;
    if (fields[0].text != "p" || fields[2].text != "h" || fields[4].text != "k")
        return std::nullopt;
    auto entry = wire::decode_log_entry(epoch, {.id = item.items[0].text,
                                                .previous = fields[1].text,
                                                .chain = fields[3].text,
                                                .payload = fields[5].text});
    if (!entry) return std::nullopt;
    return std::move(*entry);
}

LogReplay::LogReplay(std::shared_ptr<CommandConnection> connection, ScriptCall call, Sequence first,
                     Sequence last, TimePoint deadline, Completion<std::vector<BusEntry>> done)
    : connection_(std::move(connection)),
      call_(std::move(call)),
      next_(first),
      last_(last),
      deadline_(deadline),
      done_(std::move(done)) {}

void LogReplay::read_page() {
    ScriptCall call = call_;
    call.args = {std::to_string(next_), std::to_string(last_), std::to_string(page_entries)};
    run(connection_, std::move(call), deadline_,
        [self = shared_from_this()](Result<Reply> reply) { self->on_page(std::move(reply)); });
}

void LogReplay::on_page(Result<Reply> reply) {
    if (!reply) return done_(fail(std::move(reply).error()));
    if (!reply->is(Reply::Type::array)) {
        return done_(fail(unexpected_reply(std::string(call_.operation), *reply)));
    }
    const std::vector<Reply>& items = reply->items;
    if (items.size() != 2 || !take(items[0].text, items[1].items) || next_ > last_) {
        return done_(std::move(entries_));
    }
    read_page();
}

// False: there is nothing more to read. Pages of two epochs are not one log.
bool LogReplay::take(std::string_view epoch_text, const std::vector<Reply>& page) {
    const auto epoch = wire::parse_hex(epoch_text);
    if (!epoch || (!entries_.empty() && entries_.front().position.epoch != Epoch{*epoch}))
        return false;
    for (const Reply& item : page) {
        auto entry = decode_log_item(Epoch{*epoch}, item);
        if (!entry || entry->position.sequence < next_) return false;
        next_ = entry->position.sequence + 1;
        entries_.push_back(std::move(*entry));
    }
    return page.size() == page_entries;
}

}  // namespace tutti::redis
