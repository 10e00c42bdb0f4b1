#include "redis/key_count.hpp"

#include <utility>

#include "coherence/wire.hpp"
#include "redis/command.hpp"

namespace tutti::redis {
namespace {

std::string begins_with(std::string_view prefix) {
    std::string pattern;
    for (const char c : prefix) {
        if (std::string_view("*?[]^\\").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    return pattern + "*";
}

}  // namespace

KeyCount::KeyCount(std::shared_ptr<CommandConnection> connection, const char* operation,
                   std::string_view prefix, TimePoint deadline, Completion<std::size_t> done)
    : connection_(std::move(connection)),
      operation_(operation),
      pattern_(begins_with(prefix)),
      deadline_(deadline),
      done_(std::move(done)) {}

void KeyCount::read_page(std::string_view cursor) {
    connection_->submit(
        {.operation = operation_,
         .bytes = encode({"SCAN", cursor, "MATCH", pattern_, "COUNT", "1000"}),
         .deadline = deadline_,
         .caller = CommandConnection::Caller::store},
        [self = shared_from_this()](Result<Reply> reply) { self->on_page(std::move(reply)); });
}

void KeyCount::on_page(Result<Reply> reply) {
    if (!reply) {
        Error error = std::move(reply).error();
        error.unsent = error.unsent && !answered_;
        return done_(fail(std::move(error)));
    }
    answered_ = true;
    const std::vector<Reply>& items = reply->items;
    if (items.size() != 2 || !items[1].is(Reply::Type::array) ||
        !wire::parse_decimal(items[0].text)) {
        return done_(fail(unexpected_reply(operation_, *reply)));
    }
    count_ += items[1].items.size();
    if (items[0].text == "0") return done_(count_);
    read_page(items[0].text);
}

}  // namespace tutti::redis
