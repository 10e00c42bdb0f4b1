// Where the invalidations of a cache leave its node: the way down to the bus. A cache is given its
// publisher when it is declared, before anything is connected.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/cache_sink.hpp"
#include "base/home_process.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/options.hpp"

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

    // Whether one publication can hold all that. Thread-safe.
    [[nodiscard]] virtual bool takes_at_once(const KeySet& changed) const = 0;
    // Borrowed from this. Empty: it has none to share.
    [[nodiscard]] virtual std::string_view channel() const noexcept = 0;

    static constexpr const char* not_started = "call Node::start first";
    static constexpr const char* stopped = "the node was stopped";

    // By the publisher of a node that may have gone.
    static void publish_if_there(const std::weak_ptr<Publisher>& publisher,
                                 std::shared_ptr<CacheSink> origin, KeySet changed,
                                 InvalidateOptions options, Done done) {
        const auto there = publisher.lock();
        if (!there) return refuse(*origin, changed, stopped, std::move(done));
        there->publish(std::move(origin), std::move(changed), options, std::move(done));
    }
    // Of what publishes by way of it and tells programs without Tutti in this shape. Requires: the
    // shape lives as long as the caller needs the answer.
    static detail::Invalidated::Destination destination_of(
        const std::weak_ptr<Publisher>& publisher, const std::optional<PlainEvent>& plain) {
        const auto there = publisher.lock();
        if (!there) return {};
        detail::Invalidated::Destination where{.publisher = there.get(),
                                               .channel = std::string(there->channel())};
        if (plain) {
            where.plain_type = plain->type;
            where.plain_key = plain->key;
        }
        return where;
    }
    // In a forked child, whose node does not exist; nothing has begun.
    static void refuse_in_child(Done done) {
        done({.outcome = Invalidation::Outcome::unconfirmed,
              .position = {},
              .reason = HomeProcess::reason});
    }
    // What is not published because there is nothing to publish it on, or not any more.
    static void refuse(CacheSink& origin, const KeySet& changed, std::string reason, Done done) {
        origin.publication_ended(changed);
        done({.outcome = Invalidation::Outcome::unconfirmed,
              .position = {},
              .reason = std::move(reason)});
    }
};

}  // namespace tutti
