// The catalogue of models as the routes ask for it: from the cache, within a deadline, and without
// a thread for each who waits. A provider that stalls while nothing is cached holds up nothing else
// that the gateway does.
//
// What is in memory is answered at once, however many wait for a load; what is in Redis takes one
// round trip. Those who wait are bounded, and forced refreshes have places of their own: neither
// can keep the other out.
//
// Thread-safety: all functions may be called from any thread. Answers that do not come at once come
// on a thread of this object, one after the other. Shutdown: stop the node first; outlives the
// routes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

#include "api-gateway/routes/model_routes.hpp"
#include "common/caches/catalogue.hpp"
#include "common/domain/model_catalogue.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::models {

class ModelCache {
public:
    struct Options {
        // More than that are refused (overloaded), at once. A turn is free again when its answer
        // is there, also that of a client that has left.
        std::size_t waiting_max = 256;
        std::size_t refreshing_max = 4;
        Duration deadline = std::chrono::seconds{8};  // below what the bots wait for an answer
    };

    ModelCache(caches::Models cache, Options options);
    ~ModelCache();
    ModelCache(const ModelCache&) = delete;
    ModelCache& operator=(const ModelCache&) = delete;

    // Refers to this object.
    [[nodiscard]] routes::ModelSource source();

private:
    // One of a bounded number of waiting calls, given back when the last copy is gone.
    using Turn = std::shared_ptr<void>;

    [[nodiscard]] static Turn take(std::atomic<std::size_t>& taken, std::size_t taken_max);
    void read(routes::ModelSource::Answer answer);
    void refresh(routes::ModelSource::Answer answer);
    [[nodiscard]] auto answer_to(routes::ModelSource::Answer answer, Turn turn);
    void hand_over(std::function<void()> answer);
    void run(const std::stop_token& stop);

    const caches::Models cache_;
    const Options options_;
    std::atomic<std::size_t> waiting_ = 0;     // pairs with itself
    std::atomic<std::size_t> refreshing_ = 0;  // pairs with itself
    detail::Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::function<void()>> answers_ TUTTI_GUARDED_BY(mutex_);
    std::jthread thread_;  // last: uses all of the above
};

}  // namespace tutti::services::gateway::models
