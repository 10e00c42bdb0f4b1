// How many instances of a service run now: each tells the Redis that they share every few seconds
// that it is there, and learns by the same step how many are.
//
// One sorted set for each service, `<app>:instances:<service>`: a member an instance, scored with
// the time of the server at which it is forgotten. An instance that stops leaves at once; one that
// is killed counts until it is forgotten. The count is for people (advice, metrics); nothing that
// must be right rests on it.
//
// Thread-safety: all functions may be called from any thread. `on_change` is called by the
// constructor or by the thread of the object, never by two at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "common/redis/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::caches {

class Presence {
public:
    struct Options {
        std::string app;
        std::string service;
        std::string instance;
        std::chrono::milliseconds announce_every{5'000};
        std::chrono::milliseconds forgotten_after{15'000};
        // With how many instances there are, this one included; first when it is known, then when
        // it is another number.
        std::function<void(std::size_t)> on_change{};
    };

    // Tells once, so the count is known afterwards unless Redis does not answer. Blocking: a second
    // at most. Borrows the client, which outlives it.
    Presence(redis::RedisClient& redis, Options options);
    // Stops.
    ~Presence();
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

    // Nothing while Redis does not say.
    [[nodiscard]] std::optional<std::size_t> count() const;

    // Leaves. Blocking: a second at most, two while Redis does not answer. Idempotent.
    void stop();

private:
    void run();
    void tell();

    redis::RedisClient& redis_;
    const Options options_;
    const std::string key_;
    const std::string member_;
    mutable detail::Mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::size_t> count_ TUTTI_GUARDED_BY(mutex_);
    bool stopping_ TUTTI_GUARDED_BY(mutex_) = false;
    std::size_t reported_ = 0;  // to on_change
    bool failing_ = false;      // and the log knows
    std::thread thread_;
};

// Prometheus text; empty while the count is unknown.
[[nodiscard]] std::string presence_metrics_text(std::optional<std::size_t> count);

}  // namespace tutti::services::caches
