// POST /interactions: interactions that Discord sends over HTTP instead of the gateway. Whether one
// is Discord's is judged by its bytes, before anything reads them.
//
//     InteractionEndpoint endpoint({.signatures = ..., .take = [&](auto interaction, auto respond)
//     {
//         return pool.submit([=, &desk] { desk.handle(interaction, respond); });
//     }});
//     endpoint.add_to(router);
//
// The first answer is the response. When there is none for two seconds the endpoint defers by
// itself, because Discord waits three: a command is "thinking" then, a button does nothing for
// now, and an autocomplete has no choices. The real answer goes to Discord's REST API.
//
// Thread-safety: all functions may be called from any thread; `take` is called by several at once.
// Shutdown: behind the server; what `take` has been given may outlive it.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "bot-client/interactions/interaction.hpp"
#include "bot-client/interactions/signatures.hpp"
#include "common/http/message.hpp"
#include "common/http/router.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::bot::interactions {

// Takes the body of the first answer, JSON as the callback of Discord's REST API has it: the first
// one counts. True: Discord gets it, or was told the same by the endpoint (a deferral). From any
// thread; never blocks.
using RespondFirst = std::function<bool(std::string body)>;

class InteractionEndpoint {
public:
    struct Parts {
        Signatures signatures;
        // Hands the interaction on and returns at once. False: there is no room for it.
        std::function<bool(Interaction interaction, RespondFirst respond)> take;
        OptionDuration defer_after = std::chrono::seconds(2);
        std::function<process::UnixTime()> now = process::unix_now;
    };
    struct Figures {
        std::array<std::uint64_t, signature_verdicts> verdicts{};  // by SignatureVerdict
        std::uint64_t unreadable = 0;  // signed, and not as Discord documents it
        std::uint64_t refused = 0;     // no room
        std::uint64_t deferred = 0;    // by the endpoint, because no answer came
    };

    explicit InteractionEndpoint(Parts parts);
    ~InteractionEndpoint();
    InteractionEndpoint(const InteractionEndpoint&) = delete;
    InteractionEndpoint& operator=(const InteractionEndpoint&) = delete;

    void add_to(http::Router& router);
    [[nodiscard]] Figures figures() const;

private:
    class Pending;

    [[nodiscard]] http::Response handle(const http::Request& request);
    [[nodiscard]] http::Response hand_on(Interaction interaction);
    std::function<void()> begin(Interaction interaction, http::Answer answer);
    void defer_late_ones();

    Parts parts_;
    // Figures only: nothing is decided by them, so they pair with nothing.
    std::array<std::atomic<std::uint64_t>, signature_verdicts> verdicts_{};
    std::atomic<std::uint64_t> unreadable_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> deferred_{0};

    detail::Mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ TUTTI_GUARDED_BY(mutex_) = false;
    std::multimap<TimePoint, std::weak_ptr<Pending>> pending_ TUTTI_GUARDED_BY(mutex_);
    std::thread thread_;  // last: it uses all of them
};

// Prometheus text.
[[nodiscard]] std::string endpoint_metrics_text(const InteractionEndpoint::Figures& figures);

}  // namespace tutti::services::bot::interactions
