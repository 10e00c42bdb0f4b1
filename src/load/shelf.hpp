// What of a cache memory may serve, as it changes: which value is kept and for how long, which keys
// are gone, and which are let rest because their load has just failed.
//
// A last known good is an entry past its TTL. It is looked for only when a load has failed for a
// passing reason or is slow, by the same rules as any entry; there is no second place that an
// invalidation could forget (S11).
//
// Thread-safety: none; what the cache's mutex guards. What leaves goes to the caller's `Leavings`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/cache_basis.hpp"
#include "load/leavings.hpp"
#include "load/shelf_front.hpp"
#include "load/tag_index.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/answer.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"
#include "tutti/policy.hpp"

namespace tutti {

// How long a tier with this usual TTL keeps the answer; nothing: not at all.
[[nodiscard]] std::optional<Ttl> lifetime_of(const detail::RawLoaded& loaded, const Ttl& usual,
                                             const detail::CacheSpec& spec);
// Without that fraction of it. Requires: not `never`.
[[nodiscard]] Ttl shortened(const Ttl& ttl, double by);
// Of what begins now.
[[nodiscard]] TimePoint end_of(const Ttl& ttl, TimePoint now) noexcept;

// Why a key that rests is answered with a last known good.
inline constexpr const char* source_failed_reason = "the source failed a moment ago";

class Shelf {
public:
    // A value that may be kept: its load was not poisoned.
    struct Fill {
        const std::string& text;
        const detail::RawLoaded& loaded;
        TimePoint began;     // when its load did, or sooner
        TimePoint began_by;  // no later
        TimePoint fresh_until;
    };

    // front: lives as long as this.
    Shelf(std::shared_ptr<CacheBasis> basis, const ShelfFront& front);

    // Yields to a value whose load surely began later (S10).
    void fill(const Fill& fill, TimePoint now, Leavings& leavings);
    // What is there and has a value, fresh or not: for a load that begins now, which may ask
    // whether it has changed. Whether it may be served does not matter: only what the source says
    // of it is.
    [[nodiscard]] detail::RawFormer former(const std::string& text, TimePoint now,
                                           Leavings& leavings) const;
    void remove(const std::string& text, Leavings& leavings);
    // The store has kept a better value than the loaded one.
    void give_way(const std::string& text, Leavings& leavings);
    // That the entry carries; none without one.
    [[nodiscard]] std::vector<std::string> tags_of(const std::string& text) const {
        return tags_ ? tags_->tags_of(text) : std::vector<std::string>();
    }
    [[nodiscard]] std::size_t carriers_of(const std::string& tag) const {
        return tags_ ? tags_->carriers_of(tag) : 0;
    }
    // What carries the tag. Cost: linear in the entries that do.
    void remove_tagged(const std::string& tag, Leavings& leavings);
    // Everything. Returns what there is to sweep.
    [[nodiscard]] Dropped drop();

    // Its source works.
    void wake(const std::string& text) { resting_.erase(text); }
    // A load of it failed a moment ago: what is known of it is served without asking.
    [[nodiscard]] bool rests(std::string_view key, TimePoint now) const;
    // What may be served past its TTL; memory goes before `stored`, the store's. It may be fresh:
    // loaded meanwhile.
    [[nodiscard]] std::optional<detail::RawLookup> known_good(
        const std::string& text, const Permission& permission,
        const std::optional<detail::RawLookup>& stored, Leavings& leavings) const;
    // The same for readers of a load that failed for a passing reason. Then the key rests for a
    // while.
    [[nodiscard]] std::optional<detail::RawLookup> last_known_good(
        const std::string& text, const Permission& permission,
        const std::optional<detail::RawLookup>& stored, const Error& why, Leavings& leavings);

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    const std::shared_ptr<CacheBasis> basis_;
    const ShelfFront& front_;
    detail::Memory* const memory_;    // null without the memory tier
    std::unique_ptr<TagIndex> tags_;  // null where entries carry none
    std::unordered_map<std::string, TimePoint, TextHash, std::equal_to<>> resting_;  // until when
};

}  // namespace tutti
