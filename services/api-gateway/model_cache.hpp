// The catalogue of models as the routes ask for it: from the cache, within a deadline, and never with more
// than a part of the gateway's workers at a time. A provider that stalls while nothing is cached must not
// hold up what else the gateway does.
//
// Thread-safety: all functions may be called from any thread. Shutdown: outlives the routes.
#pragma once

#include <cstddef>
#include <memory>

#include "api-gateway/model_routes.hpp"
#include "common/catalogue.hpp"
#include "common/model_catalogue.hpp"
#include "common/slots.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services {

class ModelCache {
public:
    struct Options {
        std::size_t waiting_max = 4;  // more callers than that are refused (overloaded), at once
        Duration deadline = std::chrono::seconds{8};  // below what the bots wait for an answer
    };

    ModelCache(Models cache, Options options)
        : cache_(std::move(cache)),
          options_(options),
          waiting_({.concurrent_max = options.waiting_max, .queued_max = 0}) {}

    // Refers to this object.
    [[nodiscard]] ModelSource source();

private:
    using Found = Result<std::shared_ptr<const ModelCatalogue>>;

    template <class Ask>
    Found ask(Ask ask);

    Models cache_;
    Options options_;
    Slots waiting_;
};

}  // namespace tutti::services
