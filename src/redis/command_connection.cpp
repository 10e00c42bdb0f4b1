// One alarm serves all deadlines. It is armed for the earliest one that it has been told of, and
// when it rings all outstanding commands are looked through: with deadlines about a second away
// that happens about once a second, and costs a command nothing. When many commands with scattered
// deadlines wait for a silent server, the stall ends them all at once.
#include "redis/command_connection.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "redis/command.hpp"

namespace tutti::redis {
namespace {

// A server reads a large command in pieces, and answers others in between.
constexpr std::size_t kibibyte = 1024;
constexpr Duration kibibyte_takes = std::chrono::microseconds(100);
// Sweeps are at least so far apart.
constexpr Duration sweep_step = std::chrono::milliseconds(1);

Error timed_out(std::string_view operation, std::string cause) {
    return {.code = Errc::timeout, .operation = std::string(operation), .cause = std::move(cause)};
}

// A command that ends so before it is sent is never sent.
Error unsent(Error error) {
    error.unsent = true;
    return error;
}

Error stopped(std::string_view operation) {
    return {.code = Errc::stopped,
            .operation = std::string(operation),
            .cause = "the node is stopping"};
}

Error overloaded(std::string_view operation) {
    return {.code = Errc::overloaded,
            .operation = std::string(operation),
            .cause = "too many commands wait for the server's answers"};
}

Error unavailable(std::string_view operation, const Error& reason) {
    return {.code = Errc::unavailable,
            .operation = std::string(operation),
            .cause = "no connection: " + reason.cause};
}

}  // namespace

CommandConnection::CommandConnection(const Network& network, Options options)
    : executor_(*network.executor),
      clock_(*network.clock),
      options_(std::move(options)),
      inbox_(clock_,
             {.commands_max = options_.commands_max,
              .bytes_max = options_.bytes_max,
              .late_after = std::min(options_.session.suspect_after, options_.stall_timeout)}),
      session_(std::make_shared<Session>(network, options_.session,
                                         static_cast<Session::Owner&>(*this))),
      alarm_(network) {
    for (const Caller caller : {Caller::store, Caller::bus}) {
        if (options_.only.value_or(caller) != caller) inbox_.close(caller);
    }
}

void CommandConnection::start(std::move_only_function<void(Result<ServerFacts>)> first) {
    first_ = std::move(first);
    session_->start();
}

void CommandConnection::submit(Command command, Handler handler) {
    Queued queued{.command = std::move(command), .handler = std::move(handler)};
    const auto taken = inbox_.take(queued);
    if (taken == CommandInbox::Taken::kept) return;
    if (taken == CommandInbox::Taken::to_drain) {
        return executor_.post([self = shared_from_this()] { self->drain(); });
    }
    Error error =
        unsent(taken == CommandInbox::Taken::ended ? stopped(queued.command.operation)
                                                   : overloaded(queued.command.operation));
    executor_.post([error = std::move(error), handler = std::move(queued.handler)]() mutable {
        handler(fail(std::move(error)));
    });
}

void CommandConnection::drain() {
    auto [written, queued] = inbox_.drain();
    adopt(std::move(written));
    const TimePoint now = clock_.now();
    for (Queued& each : queued) accept(std::move(each), now);
}

void CommandConnection::hear_of_written() { adopt(inbox_.take_written()); }

// While the link that it was written to is up.
void CommandConnection::adopt(std::optional<Written> written) {
    if (!written) return;
    const Command& command = written->queued.command;
    if (written->sent < command.bytes.size()) {
        session_->write(std::string_view(command.bytes).substr(written->sent));
    }
    sweep_by(command.deadline);
    await(std::move(written->queued), written->at);
}

void CommandConnection::accept(Queued queued, TimePoint now) {
    const Command& command = queued.command;
    const auto refuse = [&](Error error) {
        finish(std::move(queued.handler), command.bytes.size(), fail(unsent(std::move(error))));
    };
    if (inbox_.is_closed(command.caller)) return refuse(stopped(command.operation));
    if (command.deadline <= now) {
        return refuse(timed_out(command.operation, "the deadline had passed before it was sent"));
    }
    if (down_ && !command.waits) return refuse(unavailable(command.operation, *down_));
    sweep_by(command.deadline);
    if (session_->is_up()) return send(std::move(queued), now);
    waiting_.push_back(std::move(queued));
}

void CommandConnection::send(Queued queued, TimePoint now) {
    session_->write(queued.command.bytes);
    await(std::move(queued), now);
}

void CommandConnection::await(Queued queued, TimePoint sent_at) {
    const Command& command = queued.command;
    outstanding_.push_back({.operation = command.operation,
                            .handler = std::move(queued.handler),
                            .deadline = command.deadline,
                            .sent_at = sent_at,
                            .bytes = command.bytes.size(),
                            .caller = command.caller});
    if (outstanding_.size() == 1) sweep_by(next_look(sent_at));
}

void CommandConnection::finish(Handler handler, std::size_t bytes, Result<Reply> result) {
    inbox_.finished(bytes);
    if (handler) handler(std::move(result));
}

void CommandConnection::on_up(const ServerFacts& facts) {
    session_->settled();
    down_.reset();
    ++link_number_;
    replicas_.store(facts.replicas);
    set_server(facts);
    if (!std::exchange(met_, true) && options_.met) options_.met(facts);
    const TimePoint now = clock_.now();
    for (Queued& queued : std::exchange(waiting_, {})) {
        // Without a handler it has ended already, and what has ended unsent is never sent.
        if (queued.handler) {
            send(std::move(queued), now);
        } else {
            finish(nullptr, queued.command.bytes.size(), {});
        }
    }
    inbox_.set_link(session_->link());
    if (first_) std::exchange(first_, nullptr)(facts);
}

void CommandConnection::on_reply(Reply reply) {
    if (outstanding_.empty()) hear_of_written();
    if (outstanding_.empty()) {
        return session_->fail_with({.code = Errc::protocol,
                                    .operation = "redis connection",
                                    .cause = "the server answered a question that was not asked"});
    }
    Outstanding answered = std::move(outstanding_.front());
    outstanding_.pop_front();
    // The server has become a replica: the name in the URL may meanwhile lead to the new primary.
    const bool demoted = reply.is_error("READONLY");
    const Error error = demoted ? to_error("redis connection", reply) : Error{};
    if (demoted) inbox_.set_link(nullptr);
    finish(std::move(answered.handler), answered.bytes, std::move(reply));
    if (demoted && session_->is_up()) session_->fail_with(error);
}

void CommandConnection::on_down(const Error& error) {
    down_ = error;
    inbox_.set_link(nullptr);
    set_server(std::nullopt);
    fail_outstanding(error);
    if (first_) std::exchange(first_, nullptr)(fail(error));
}

std::optional<ServerFacts> CommandConnection::server() const {
    const detail::Lock lock(mutex_);
    return server_;
}

void CommandConnection::set_server(std::optional<ServerFacts> server) {
    const detail::Lock lock(mutex_);
    server_ = std::move(server);
}

void CommandConnection::fail_outstanding(const Error& error) {
    if (auto written = inbox_.take_written()) {
        auto& [command, handler] = written->queued;
        finish(std::move(handler), command.bytes.size(),
               fail(unavailable(command.operation, error)));
    }
    for (Outstanding& sent : std::exchange(outstanding_, {})) {
        finish(std::move(sent.handler), sent.bytes, fail(unavailable(sent.operation, error)));
    }
    for (Queued& queued : std::exchange(waiting_, {})) {
        if (queued.command.waits && queued.handler) {
            waiting_.push_back(std::move(queued));
        } else {
            finish(std::move(queued.handler), queued.command.bytes.size(),
                   fail(unsent(unavailable(queued.command.operation, error))));
        }
    }
}

void CommandConnection::close(Caller caller) {
    if (!inbox_.close(caller)) return;
    hear_of_written();
    std::vector<std::pair<Handler, Error>> ended;
    for (Outstanding& sent : outstanding_) {
        if (sent.caller == caller && sent.handler) {
            ended.emplace_back(std::exchange(sent.handler, nullptr), stopped(sent.operation));
        }
    }
    for (Queued& queued : waiting_) {
        if (queued.command.caller == caller && queued.handler) {
            ended.emplace_back(std::exchange(queued.handler, nullptr),
                               unsent(stopped(queued.command.operation)));
        }
    }
    if (inbox_.is_closed(Caller::store) && inbox_.is_closed(Caller::bus)) end();
    for (auto& [handler, error] : ended) handler(fail(std::move(error)));
}

void CommandConnection::end() {
    session_->close();
    alarm_.cancel();
    first_ = nullptr;
    inbox_.set_link(nullptr);
    inbox_.end();
    drain();  // refuses what came meanwhile
}

void CommandConnection::sweep_by(TimePoint when) {
    if (alarm_.set_by(when, weak_from_this(), &CommandConnection::sweep)) inbox_.set_alarm(when);
}

void CommandConnection::sweep() {
    inbox_.set_alarm(TimePoint::max());
    hear_of_written();
    const TimePoint now = clock_.now();
    const bool is_owed = session_->is_up() && !outstanding_.empty();
    if (is_owed && saturating_add(silent_since(), options_.stall_timeout) <= now) {
        return session_->fail_with({.code = Errc::timeout,
                                    .operation = "redis connection",
                                    .cause = session_->url().endpoint() + " has not answered for " +
                                             in_milliseconds(options_.stall_timeout) +
                                             ": does it run? (NodeOptions::command_deadline)"});
    }
    if (is_owed && silent_since() + patience() <= now) session_->suspect();
    const TimePoint next = expire(now);
    if (next != TimePoint::max()) sweep_by(std::max(next, now + sweep_step));
}

// Returns when the next sweep is due.
TimePoint CommandConnection::expire(TimePoint now) {
    TimePoint next = outstanding_.empty() ? TimePoint::max() : next_look(now);
    const std::string where = session_->url().endpoint();
    std::vector<std::pair<Handler, Error>> expired;
    for (Outstanding& sent : outstanding_) {
        if (!sent.handler) continue;
        if (sent.deadline > now) {
            next = std::min(next, sent.deadline);
        } else {
            expired.emplace_back(
                std::exchange(sent.handler, nullptr),
                timed_out(sent.operation, where + " has not answered before the deadline; it may "
                                                  "still do it: does it run?"));
        }
    }
    for (Queued& queued : waiting_) {
        if (!queued.handler) continue;
        if (queued.command.deadline > now) {
            next = std::min(next, queued.command.deadline);
        } else {
            expired.emplace_back(
                std::exchange(queued.handler, nullptr),
                unsent(timed_out(queued.command.operation,
                                 "there was no connection to " + where +
                                     " before the deadline, and so it was not sent: does it "
                                     "run?")));
        }
    }
    for (auto& [handler, error] : expired) handler(fail(std::move(error)));
    return next;
}

// A part of the patience is enough then.
void CommandConnection::doubt() {
    hear_of_written();
    if (!session_->is_up() || outstanding_.empty()) return;
    if (silent_since() + patience() / 3 <= clock_.now()) session_->suspect_at_once();
}

// Requires: something is outstanding.
TimePoint CommandConnection::silent_since() const {
    return std::max(outstanding_.front().sent_at, session_->last_progress());
}

// Requires: something is outstanding.
Duration CommandConnection::patience() const {
    const std::size_t kibibytes = outstanding_.front().bytes / kibibyte;
    return session_->patience() + kibibyte_takes * static_cast<Duration::rep>(kibibytes);
}

TimePoint CommandConnection::next_look(TimePoint now) const {
    const TimePoint late = silent_since() + patience();
    const TimePoint stalled = saturating_add(silent_since(), options_.stall_timeout);
    return late > now ? std::min(late, stalled) : stalled;
}

}  // namespace tutti::redis
