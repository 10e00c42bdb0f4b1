// What the parts of one cache stand on: how it was declared, where it works, and what it counts.
// They own it together, so that a load that outlives its cache has all that it needs.
//
// Thread-safety: every function from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/home_process.hpp"
#include "base/lease.hpp"
#include "load/counters.hpp"
#include "load/environment.hpp"
#include "load/events.hpp"
#include "load/user_code.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/serving.hpp"
#include "tutti/detail/spec.hpp"
#include "tutti/error.hpp"

namespace tutti {

struct CacheBasis {
    using Phase = detail::Serving::Phase;

    CacheBasis(detail::CacheSpec declared, LoadEnvironment where,
               std::shared_ptr<const Lease> granted)
        : spec(std::move(declared)), environment(std::move(where)), lease(std::move(granted)) {
        if (spec.measure_hits) counters.hit_times = std::make_unique<Timer<HitTimes>>();
    }
    CacheBasis(const CacheBasis&) = delete;
    CacheBasis& operator=(const CacheBasis&) = delete;
    ~CacheBasis() = default;

    [[nodiscard]] TimePoint now() const { return environment.clock->now(); }
    [[nodiscard]] bool is_open() const noexcept { return serving->is_open(); }
    [[nodiscard]] bool serves() const noexcept { return is_open() && !home.left(); }
    // Requires: it does not serve.
    [[nodiscard]] Error refusal(const std::string& operation) const {
        const std::string what = operation + " " + spec.name;
        if (home.left()) return HomeProcess::error(what);
        if (serving->phase() == Phase::closed) {
            return {Errc::stopped, what, "the node was stopped"};
        }
        return {Errc::not_started, what, "call Node::start first"};
    }

    const detail::CacheSpec spec;
    const LoadEnvironment environment;
    const std::shared_ptr<const Lease> lease;  // null: it needs none
    const HomeProcess home;
    LoadCounters counters;
    const std::shared_ptr<Events> events = make_events();  // null: nothing is told
    const std::shared_ptr<detail::Serving> serving =
        std::make_shared<detail::Serving>(*environment.clock, lease, when_open());
    const UserCode user{spec, environment, counters};

    // Also under a lock of the cache.
    void tell(CacheEvent::Kind kind, std::string_view key,
              CacheEvent::Cause cause = CacheEvent::Cause::none) const {
        if (!tells(kind)) return;
        events->tell({.cache = {}, .kind = kind, .key = std::string(key), .cause = cause});
    }
    [[nodiscard]] bool tells(CacheEvent::Kind kind) const noexcept {
        return events && events->wants(kind);
    }
    void stale_served(std::string_view key) {
        counters.stale_served.add();
        tell(CacheEvent::Kind::stale, key);
    }

private:
    [[nodiscard]] Phase when_open() const noexcept {
        if (spec.validate_on_read) return Phase::validated;
        const bool watches = spec.measure_hits || tells(CacheEvent::Kind::hit);
        return watches ? Phase::watched : Phase::open;
    }
    [[nodiscard]] std::shared_ptr<Events> make_events() {
        if (!spec.events || !spec.events->listen || !environment.workers) return nullptr;
        return std::make_shared<Events>(*spec.events, spec.name, environment.workers,
                                        counters.events_dropped, environment.log);
    }
};

}  // namespace tutti
