// The calling thread waits for its turn, sends, and tells the scheduler what became of it.
// Whichever thread waits does the scheduler's ticks, so there is none of its own.
#include "bot-client/rest/discord_rest.hpp"

#include <chrono>
#include <utility>

#include "common/process/ending.hpp"

namespace tutti::services::bot::rest {
namespace {

constexpr int attempts_max = 3;

bool is_harmless(const RestCall& call) {
    return call.route.method != "POST" || call.repeat == RestCall::Repeat::by_nonce;
}

bool may_pass(const Error& error) {
    return error.code == Errc::unavailable || error.code == Errc::timeout;
}

}  // namespace

SendTraced send_with(http::Client& client) {
    return [&client](std::string_view url, const http::Request& request, TimePoint deadline,
                     http::Client::Trace& trace) {
        return client.send(url, request, deadline, trace);
    };
}

DiscordRest::DiscordRest(Options options, SendTraced send)
    : options_(std::move(options)),
      send_(std::move(send)),
      scheduler_(options_.limits, static_cast<CallScheduler::Effects&>(*this)) {}

http::Request DiscordRest::request_of(const RestCall& call) const {
    http::Request request{.method = call.route.method,
                          .path = call.route.path,
                          .query = call.query,
                          .body = call.body};
    request.headers.set("User-Agent", options_.user_agent);
    if (!call.route.own_token) {
        request.headers.set("Authorization", "Bot " + options_.token.reveal());
    }
    if (!call.body.empty()) request.headers.set("Content-Type", "application/json");
    return request;
}

CallResult<http::Response> DiscordRest::call(const RestCall& call, TimePoint deadline) {
    const auto failed = [&call](Error error, bool begun) {
        error.operation = call.route.operation();
        return std::unexpected(CallFailure{.error = std::move(error), .begun = begun});
    };
    if (call.repeat == RestCall::Repeat::by_nonce &&
        call.route.pattern != "/channels/{}/messages") {
        return failed({Errc::invalid_option, {}, "Discord knows no nonce for this route"}, false);
    }
    const http::Request request = request_of(call);
    const Number number = join(call.route, deadline);
    const process::Ending leaving([this, number] { leave(number); });
    bool begun = false;
    for (int attempt = 1;;) {
        if (auto turn = wait_for_turn(number); !turn) {
            return failed(std::move(turn).error(), begun);
        }
        http::Client::Trace trace;
        auto response = send_(options_.api_url, request, deadline, trace);
        if (report(number, response) == CallScheduler::Then::goes_again) continue;
        const bool no_answer = !response && may_pass(response.error());
        const bool own_error = response && response->status >= 500;
        const bool harmless = is_harmless(call) || (no_answer && !trace.begun);
        begun = begun || (!response && trace.begun);
        if ((!no_answer && !own_error) || !harmless || attempt >= attempts_max) {
            if (response && response->status == 429) {
                return failed({Errc::overloaded, {}, "Discord refused it again and again (429)"},
                              begun);
            }
            if (!response) return failed(std::move(response).error(), begun);
            return *std::move(response);
        }
        join_again(number, call, deadline,
                   saturating_multiply(options_.repeat_pause, 1 << (attempt - 1)));
        ++attempt;
    }
}

DiscordRest::Number DiscordRest::join(const Route& route, TimePoint deadline) {
    const detail::Lock lock(mutex_);
    const Number number = ++last_number_;
    permits_.try_emplace(number);
    scheduler_.submit(number, route, deadline, Boottime::now());
    return number;
}

void DiscordRest::join_again(Number number, const RestCall& call, TimePoint deadline,
                             Duration pause) {
    const detail::Lock lock(mutex_);
    const TimePoint now = Boottime::now();
    scheduler_.submit(number, call.route, deadline, now, saturating_add(now, pause));
}

Result<void> DiscordRest::wait_for_turn(Number number) {
    detail::Lock lock(mutex_);
    while (true) {
        Permit& permit = permits_.at(number);
        if (permit.refused) return fail(*std::move(permit.refused));
        if (stopped_) return fail(Errc::stopped, {}, "the client was stopped");
        if (std::exchange(permit.may_go, false)) return {};
        const TimePoint wake = wake_;
        changed_.wait_for(lock.waiting(), time_left(wake, Boottime::now()));
        if (Boottime::now() >= wake_) scheduler_.tick(Boottime::now());
    }
}

CallScheduler::Then DiscordRest::report(Number number, const Result<http::Response>& response) {
    const detail::Lock lock(mutex_);
    if (response) return scheduler_.answered(number, read_answer(*response), Boottime::now());
    scheduler_.failed(number, Boottime::now());
    return CallScheduler::Then::done;
}

void DiscordRest::leave(Number number) {
    const detail::Lock lock(mutex_);
    permits_.erase(number);
    scheduler_.failed(number, Boottime::now());  // when it was not reported
    scheduler_.forget(number, Boottime::now());
}

void DiscordRest::go(Number call) {
    if (const auto permit = permits_.find(call); permit != permits_.end())
        permit->second.may_go = true;
    changed_.notify_all();
}

void DiscordRest::refuse(Number call, Error error) {
    if (const auto permit = permits_.find(call); permit != permits_.end()) {
        permit->second.refused = std::move(error);
    }
    changed_.notify_all();
}

// A sooner time is news for all that wait.
void DiscordRest::wake_at(TimePoint when) {
    if (when < wake_) changed_.notify_all();
    wake_ = when;
}

CallScheduler::Figures DiscordRest::figures() const {
    const detail::Lock lock(mutex_);
    return scheduler_.figures();
}

void DiscordRest::stop() {
    const detail::Lock lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
}

}  // namespace tutti::services::bot::rest
