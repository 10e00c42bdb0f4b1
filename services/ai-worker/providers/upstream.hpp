// One endpoint of a provider of models: a base URL, a key, and a pool of connections of its own. A
// call is one POST, repeated only where the provider has certainly not begun to work: the
// connection was never made, or it answered 429 or 503. What may have been billed is never sent
// twice.
//
//     Upstream vision({.name = "vision", .base_url = "https://openrouter.ai/api/v1", .pool = ...});
//     auto body = vision.post({.path = "/chat/completions", .content_type = "application/json",
//                              .body = text}, {}, Boottime::now() + 90s);
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "ai-worker/providers/failure.hpp"
#include "common/http/client.hpp"
#include "common/net/retry.hpp"
#include "common/process/secret.hpp"
#include "common/process/settings.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::worker::providers {

class Upstream {
public:
    struct Options {
        std::string name;      // in errors and metrics
        std::string base_url;  // without a trailing slash
        process::Secret key{};
        process::HttpPool pool;  // its deadline is that of one attempt
        std::size_t answer_bytes_max = 1U << 20U;
        int attempts_max = 3;
        net::RetryPauses pauses{.first = std::chrono::seconds{1}, .last = std::chrono::seconds{10}};
    };
    // What does the I/O; a test passes functions of its own.
    struct Io {
        std::function<Result<http::Response>(std::string_view url, const http::Request& request,
                                             TimePoint deadline, http::Client::Trace& trace)>
            send;
        // Waits; false when it was ended early.
        std::function<bool(Duration)> pause;
        const Clock* clock = &system_clock();
    };
    struct Call {
        std::string path;  // behind the base URL
        std::string content_type;
        std::string body;
    };

    explicit Upstream(Options options);
    Upstream(Options options, Io io);
    ~Upstream();
    Upstream(const Upstream&) = delete;
    Upstream& operator=(const Upstream&) = delete;

    // The body of an answer of 2xx. With an empty key the operator's own is used. Blocking: until
    // `deadline` at most.
    [[nodiscard]] Answered<std::string> post(const Call& call, const process::Secret& key,
                                             TimePoint deadline);

    [[nodiscard]] http::Metrics metrics() const;
    // Ends calls in progress. Idempotent.
    void stop();

private:
    [[nodiscard]] Answered<std::string> post_once(const http::Request& request, TimePoint deadline,
                                                  Duration& pause) const;
    [[nodiscard]] bool wait(Duration pause);

    const Options options_;
    std::unique_ptr<http::Client> http_;  // null: `io_` is a test's
    Io io_;
    detail::Mutex mutex_;
    std::condition_variable changed_;
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
};

// Why an answer that is not 2xx was given: by its status, and where that says little by the code in
// the body.
[[nodiscard]] FailureCategory category_of(int status, std::string_view body);

}  // namespace tutti::services::worker::providers
