#include "redis/replica_wait.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "redis/command.hpp"

namespace tutti::redis {
namespace {

constexpr const char* replica_wait_operation = "redis wait";

// How many replicas have it. Errors: it is not known.
Result<std::uint64_t> to_count(Result<Reply> reply) {
    if (!reply) {
        Error error = std::move(reply).error();
        error.unsent = false;  // what is waited for was
        return fail(std::move(error));
    }
    if (reply->is(Reply::Type::error)) return fail(to_error(replica_wait_operation, *reply));
    if (!reply->is(Reply::Type::integer) || reply->integer < 0) {
        return fail(unexpected_reply(replica_wait_operation, *reply));
    }
    return static_cast<std::uint64_t>(reply->integer);
}

}  // namespace

ReplicaWait::ReplicaWait(std::shared_ptr<CommandConnection> connection, Options options,
                         Executor& executor, const Clock& clock)
    : connection_(std::move(connection)),
      options_(std::move(options)),
      executor_(executor),
      clock_(clock) {}

void ReplicaWait::run(ScriptCall call, TimePoint deadline, CommandConnection::Handler handler) {
    executor_.post([self = shared_from_this(), call = std::move(call), deadline,
                    handler = std::move(handler)]() mutable {
        self->send(std::move(call), deadline, std::move(handler));
    });
}

void ReplicaWait::send(ScriptCall call, TimePoint deadline, CommandConnection::Handler handler) {
    ++unanswered_;
    const std::string_view name = call.operation;
    redis::run(connection_, std::move(call), deadline,
               [self = shared_from_this(), name,
                handler = std::move(handler)](Result<Reply> reply) mutable {
                   --self->unanswered_;
                   if (!reply) return handler(std::move(reply));
                   self->answered_.push_back({name, *std::move(reply), std::move(handler),
                                              self->connection_->link_number()});
                   // None is under way that was sent behind it: its text had to be sent again, or
                   // the one behind it has failed.
                   if (!self->asking_) self->ask();
               });
    if (!asking_) ask();
}

// The server's own answer comes when its patience ends, before the connection loses its own.
void ReplicaWait::ask() {
    asking_ = true;
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(options_.patience);
    connection_->submit(
        {.operation = replica_wait_operation,
         .bytes = encode(
             {"WAIT", std::to_string(options_.copies.needed()), std::to_string(patience.count())}),
         .deadline = saturating_add(clock_.now(), saturating_multiply(options_.patience, 4)),
         .caller = CommandConnection::Caller::bus},
        [self = shared_from_this()](Result<Reply> reply) { self->on_copies(std::move(reply)); });
}

// For what was answered by now: replies come in the order of the commands, so it was sent before. A
// WAIT on another link says nothing of it.
void ReplicaWait::on_copies(Result<Reply> reply) {
    const auto had = to_count(std::move(reply));
    auto answered = std::exchange(answered_, {});
    asking_ = false;
    // A connection that refuses it refuses the next one at once, too: the next answer asks again.
    if (had && unanswered_ > 0) ask();
    bool short_of = false;
    for (Answered& each : answered) {
        const bool same_link = each.link == connection_->link_number();
        auto counted =
            had ? options_.copies.counted(each.operation, Result<Reply>(std::move(each.reply)),
                                          same_link ? *had : 0)
                : fail(had.error());
        short_of = short_of || !counted;
        each.handler(std::move(counted));
    }
    if (short_of && had && options_.in_doubt) options_.in_doubt();
}

}  // namespace tutti::redis
