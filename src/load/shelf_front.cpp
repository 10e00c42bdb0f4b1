#include "load/shelf_front.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "tutti/detail/typed_memory.hpp"

namespace tutti {

namespace {

constexpr std::size_t destroyed_inline_max = 10'000;  // entries

// What is left of it then.
Duration refresh_within(const Ttl& ttl, double after) {
    if (after == 0 || ttl.is_never()) return Duration::zero();
    return ttl.lifetime() - std::chrono::duration_cast<Duration>(ttl.lifetime() * after);
}

// Null, unless a listener wants to know.
detail::LeftMemory what_left(const CacheBasis& basis) {
    using Kind = CacheEvent::Kind;
    if (!basis.tells(Kind::evicted) && !basis.tells(Kind::expired)) return nullptr;
    return [events = basis.events](std::string key, detail::Departure why) {
        const bool evicted = why == detail::Departure::evicted;
        const Kind kind = evicted ? Kind::evicted : Kind::expired;
        if (!events->wants(kind)) return;
        events->tell({.cache = {},
                      .kind = kind,
                      .key = std::move(key),
                      .cause = evicted ? CacheEvent::Cause::no_room : CacheEvent::Cause::none});
    };
}

std::shared_ptr<detail::Memory> make_memory(const CacheBasis& basis) {
    const detail::CacheSpec& spec = basis.spec;
    if (!spec.ttl) return nullptr;
    const double after = spec.refresh ? spec.refresh->on_hit_after : 0;
    const auto make = spec.memory ? spec.memory : &detail::make_memory<std::string, void>;
    return make({.serving = basis.serving,
                 .bound = *spec.bound,
                 .eviction = spec.eviction,
                 .kept_stale = spec.stale_if_error ? Duration(spec.stale_if_error->for_up_to)
                                                   : Duration::zero(),
                 .idle = spec.idle_ttl ? spec.idle_ttl->lifetime() : Duration::zero(),
                 .refresh_after = after,
                 .refresh_within = refresh_within(*spec.ttl, after),
                 .sampled_one_in = spec.spot_check ? spec.spot_check->one_in : 0,
                 .left = what_left(basis)});
}

}  // namespace

ShelfFront::ShelfFront(std::shared_ptr<CacheBasis> basis)
    : basis_(std::move(basis)), memory_(make_memory(*basis_)) {
    Workers* const workers = basis_->environment.workers.get();
    if (memory_ == nullptr || workers == nullptr) return;
    dropping_ = workers->open_lane("dropped values of cache " + basis_->spec.name, 1);
}

Permission ShelfFront::permission() const {
    const Lease* const lease = basis_->lease.get();
    if (lease == nullptr) return {.effective = true, .now = basis_->now()};
    const TimePoint end = lease->end();
    const TimePoint now = basis_->now();
    if (now < end) return {.effective = true, .now = now, .until = end};
    const OnSuspect& on_suspect = basis_->spec.on_suspect;
    const bool suspect = on_suspect.kind() == OnSuspect::Kind::serve_up_to &&
                         now - lease->since() <= on_suspect.age();
    return {
        .suspect = suspect, .now = now, .until = saturating_add(lease->since(), on_suspect.age())};
}

std::string ShelfFront::degraded_reason(const Permission& permission) const {
    if (permission.effective) return {};
    if (basis_->spec.validate_on_read)
        return "the server has not confirmed during this read that every change is known here";
    return "the bus has not confirmed freshness for " +
           in_milliseconds(permission.now - basis_->lease->since());
}

std::optional<detail::RawLookup> ShelfFront::look_up(std::string_view key,
                                                     const Permission& permission, Past past,
                                                     Leavings& leavings) const {
    const bool may_serve = permission.effective || permission.suspect;
    if (!memory_ || !may_serve) return std::nullopt;
    auto found = memory_->find(key, permission.now, leavings.entries);
    if (!found) return std::nullopt;
    const bool fresh = permission.now <= found->fresh_until;
    if (!fresh && past == Past::refused) {
        leavings.values.push_back(std::move(found->value));
        return std::nullopt;
    }
    const Freshness proven = permission.effective ? Freshness::fresh : Freshness::suspect;
    return detail::RawLookup{
        .value = std::move(found->value),
        .answer = found->answer,
        .category = std::move(found->category),
        .age = std::max(permission.now - found->loaded, Duration::zero()),
        .tier = Tier::memory,
        .freshness = fresh ? proven : Freshness::stale,
        .degraded = degraded_reason(permission),
    };
}

// Millions of destructors are no work for the thread that renews the lease. What no worker takes is
// destroyed here.
void ShelfFront::sweep(Dropped dropped) const {
    if (dropped.entries == 0) return;
    const auto sweep = [basis = basis_, memory = memory_,
                        beside = std::shared_ptr(std::move(dropped.beside))] {
        basis->counters.flushed_entries.add(memory->sweep());
    };
    const auto elsewhere = [&] {
        return dropping_ && basis_->environment.workers->try_post(*dropping_, sweep);
    };
    if (dropped.entries <= destroyed_inline_max || !elsewhere()) sweep();
}

}  // namespace tutti
