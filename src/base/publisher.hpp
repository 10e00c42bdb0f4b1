// Where the invalidations of a cache leave its node: the way down to the bus. A cache is given its
// publisher when it is declared, before anything is connected.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/cache_sink.hpp"
#include "tutti/invalidation.hpp"

namespace tutti {

class Publisher {
public:
    using Done = std::move_only_function<void(Invalidation)>;

    virtual ~Publisher() = default;

    // Requires: the publication of `changed` has begun for `origin`
    // (CacheSink::publication_begins), which has forgotten the keys. Every other cache of the
    // channel on this node has done the same when this returns. Once the outcome is known, the
    // publication ends for all of them, and `done` runs, once: at once on this thread when it is
    // refused, otherwise on the executor. Thread-safe.
    virtual void publish(std::shared_ptr<CacheSink> origin, KeySet changed,
                         InvalidateOptions options, Done done) = 0;

    static constexpr const char* not_started = "call Node::start first";
    static constexpr const char* stopped = "the node was stopped";

    // What is not published because there is nothing to publish it on, or not any more.
    static void refuse(CacheSink& origin, const KeySet& changed, std::string reason, Done done) {
        origin.publication_ended(changed);
        done({.outcome = Invalidation::Outcome::unconfirmed,
              .position = {},
              .reason = std::move(reason)});
    }
};

}  // namespace tutti
