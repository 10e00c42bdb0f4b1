// Reads one key of a coherent cache without pause and holds every answer against what was
// published.
//
// The promise: a read that begins later than `bound` after a version was published never yields an
// older one. Reads that fail are counted and allowed; reads that take longer than their deadline,
// or an answer that breaks the promise, are not.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tutti/cache.hpp"

namespace tests {

class StaleWatch {
public:
    using Cache = tutti::Coherent<std::string, int>;

    StaleWatch(Cache cache, std::string key, tutti::Duration bound)
        : cache_(std::move(cache)),
          key_(std::move(key)),
          bound_(bound),
          thread_([this] { watch(); }) {}
    ~StaleWatch() { stop(); }
    StaleWatch(const StaleWatch&) = delete;
    StaleWatch& operator=(const StaleWatch&) = delete;

    // The source has this version since before, and it is known to be published now.
    void published(int version) {
        const std::lock_guard lock(mutex_);
        published_.push_back({version, tutti::Boottime::now()});
    }

    void stop() {
        stopping_.store(true);
        if (thread_.joinable()) thread_.join();
    }

    [[nodiscard]] int violations() const { return violations_.load(); }
    [[nodiscard]] int reads() const { return reads_.load(); }
    [[nodiscard]] int failures() const { return failures_.load(); }
    [[nodiscard]] int memory_hits() const { return memory_hits_.load(); }
    [[nodiscard]] tutti::Duration slowest() const { return tutti::Duration{slowest_.load()}; }

private:
    struct Published {
        int version;
        tutti::TimePoint at;
    };

    void watch() {
        while (!stopping_.load()) {
            const auto begun = tutti::Boottime::now();
            const int needed = version_that_must_be_seen(begun);
            const auto found = cache_.get(key_);
            slowest_ = std::max(slowest_.load(), (tutti::Boottime::now() - begun).count());
            ++reads_;
            if (!found) {
                ++failures_;
            } else {
                memory_hits_ += found->tier() == tutti::Tier::memory ? 1 : 0;
                violations_ += found->value() < needed ? 1 : 0;
            }
            std::this_thread::sleep_for(std::chrono::microseconds{200});
        }
    }

    int version_that_must_be_seen(tutti::TimePoint begun) {
        const std::lock_guard lock(mutex_);
        int needed = 0;
        for (const Published& each : published_) {
            if (each.at + bound_ < begun) needed = std::max(needed, each.version);
        }
        return needed;
    }

    const Cache cache_;
    const std::string key_;
    const tutti::Duration bound_;
    std::mutex mutex_;  // guards published_
    std::vector<Published> published_;
    std::atomic<int> violations_ = 0;
    std::atomic<int> reads_ = 0;
    std::atomic<int> failures_ = 0;
    std::atomic<int> memory_hits_ = 0;
    std::atomic<tutti::Duration::rep> slowest_ = 0;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace tests
