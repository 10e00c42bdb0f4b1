// Calls of Discord's REST API, version 10, one at a time from each calling thread, within Discord's
// limits (CallScheduler) and on a pool of connections of its own.
//
//     DiscordRest rest({.api_url = ..., .token = token}, send_with(http));
//     const auto made = rest.call({.route = *route, .body = json}, Boottime::now() + 10s);
//     if (made && made->ok()) ...
//
// An answer with any status but 429 is an answer, not an error. Errors:
//   timeout         the deadline passed, before it was sent or after: see `begun`
//   overloaded      not sent: Discord's limit, or ours, allows it only later
//   refused         not sent: the token is wrong (a call before it was answered 401), or the
//   webhook
//                   is gone
//   unavailable, protocol, too_large, stopped   as http::Client
// What is harmless to repeat is tried again, up to three times within the deadline, when no answer
// came or Discord had an error of its own (5xx): GET, PUT, DELETE and PATCH, and a message that
// Discord recognises by its nonce. A POST without one goes again only when none of it was sent:
// then Discord may have done it, and the failure says so in `begun`.
//
// No error, and nothing that is logged, has a token, a path or a body in it: the pattern of the
// route stands for them.
//
// Thread-safety: `call`, `figures` and `stop` from any thread. Blocking: `call` until its deadline
// at most, the wait for a turn included.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bot-client/rest/call_scheduler.hpp"
#include "bot-client/rest/route.hpp"
#include "common/http/client.hpp"
#include "common/http/message.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::rest {

struct CallFailure {
    Error error;
    bool begun = false;  // Discord may have done what it was asked for
};

template <class T>
using CallResult = std::expected<T, CallFailure>;

struct RestCall {
    enum class Repeat : std::uint8_t {
        by_method,
        // The body has a `nonce` and `enforce_nonce`: Discord makes one message of however many
        // such calls in a few minutes. It does so for POST /channels/{}/messages only.
        by_nonce,
    };

    Route route{};
    std::string body{};  // JSON
    std::string query{};
    Repeat repeat = Repeat::by_method;
};

// As http::Client::send.
using SendTraced =
    std::function<Result<http::Response>(std::string_view url, const http::Request& request,
                                         TimePoint deadline, http::Client::Trace& trace)>;
// The client outlives the function.
[[nodiscard]] SendTraced send_with(http::Client& client);

class DiscordRest final : private CallScheduler::Effects {
public:
    struct Options {
        std::string api_url = "https://discord.com/api/v10";  // DISCORD_API_URL
        process::Secret token{};
        std::string user_agent = "DiscordBot (tutti, 0.1.0)";  // Discord wants this form
        CallScheduler::Options limits{};
        OptionDuration repeat_pause = std::chrono::milliseconds(500);  // twice as long each time
    };

    DiscordRest(Options options, SendTraced send);
    // Requires: no call is in progress.
    ~DiscordRest() override = default;

    [[nodiscard]] CallResult<http::Response> call(const RestCall& call, TimePoint deadline);
    [[nodiscard]] CallScheduler::Figures figures() const;
    // Refuses calls that wait for their turn, and new ones. Idempotent.
    void stop();

private:
    using Number = CallScheduler::Call;
    struct Permit {
        bool may_go = false;
        std::optional<Error> refused;
    };

    void go(Number call) override TUTTI_REQUIRES(mutex_);
    void refuse(Number call, Error error) override TUTTI_REQUIRES(mutex_);
    void wake_at(TimePoint when) override TUTTI_REQUIRES(mutex_);

    // Joins the calls that wait, and gives the number of this one.
    Number join(const Route& route, TimePoint deadline);
    Result<void> wait_for_turn(Number number);
    CallScheduler::Then report(Number number, const Result<http::Response>& response);
    void join_again(Number number, const RestCall& call, TimePoint deadline, Duration pause);
    void leave(Number number);
    [[nodiscard]] http::Request request_of(const RestCall& call) const;

    const Options options_;
    const SendTraced send_;

    mutable detail::Mutex mutex_;
    std::condition_variable changed_;
    CallScheduler scheduler_ TUTTI_GUARDED_BY(mutex_);
    std::map<Number, Permit> permits_ TUTTI_GUARDED_BY(mutex_);
    Number last_number_ TUTTI_GUARDED_BY(mutex_) = 0;
    TimePoint wake_ TUTTI_GUARDED_BY(mutex_) = TimePoint::max();
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti::services::bot::rest
