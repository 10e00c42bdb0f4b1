// Loads a sampled share of the hits again, in the background, and compares what memory has with
// what the source has. So the counters say what the protocol cannot know: whether every writer of
// the source publishes what it changes.
//
//     .spot_check = tutti::SpotCheck<Profile>{.one_in = 1000},   // examples/spot_check.cpp
//
// A difference alone proves nothing: a change may be on its way. It counts as stale when no
// invalidation of the entry has come to this instance `within` that time after the load, and no
// sooner; no clock of another machine is asked. What the load has brought replaces the entry, under
// the rules of every load, so what is found stale is put right here.
//
// Bounded: one such load of a cache runs at a time, whatever `one_in` says, and none of a key that
// is being loaded already; the hits of that time are not sampled. Hits without a lease, of reads
// with `age_max` and of remembered failures never are.
//
// Thread-safety: plain values. `same` runs where the load ends, with no lock held: it must be short
// and must not block. What it throws is logged, and the check has failed.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/error.hpp"

namespace tutti {

template <class V>
struct SpotCheck {
    std::size_t one_in = 1000;  // hits, at random; at least 1, which is each
    // How long a change may be on its way from the source to this instance; positive. Above the
    // lease it holds the promise of a coherent cache to account, with the time that a writer takes
    // from its commit to its publication.
    OptionDuration within = std::chrono::seconds{10};
    // Whether two values are the same one. Default: `operator==`; of a type without one, the bytes
    // that the codec of the store writes. Without any of them `start` refuses.
    std::function<bool(const V& served, const V& loaded)> same = nullptr;
};

namespace detail {

// Whether `==` compiles: that of a container is there whatever it contains.
template <class V>
inline constexpr bool has_equality = std::equality_comparable<V>;
template <class V>
    requires(requires { typename V::value_type; } && !std::same_as<typename V::value_type, V>)
inline constexpr bool has_equality<V> =
    std::equality_comparable<V> && has_equality<typename V::value_type>;
template <class First, class Second>
inline constexpr bool has_equality<std::pair<First, Second>> =
    has_equality<First> && has_equality<Second>;

// As the options hold it. Only a cache that is given one asks whether its values can be compared.
template <class V>
struct GivenSpotCheck : SpotCheck<V> {
    GivenSpotCheck(SpotCheck<V> check)  // NOLINT(google-explicit-constructor)
        : SpotCheck<V>(std::move(check)) {
        if constexpr (has_equality<V>) {
            if (this->same) return;
            this->same = [](const V& one, const V& other) {
                return static_cast<bool>(one == other);
            };
        }
    }
};

struct SpotCheckSpec {
    std::size_t one_in = 0;
    Duration within{};
    std::function<Result<bool>(const void* served, const void* loaded)> same;  // null: missing
};

// encode: of the store's codec; may be null.
template <class V>
SpotCheckSpec untyped(SpotCheck<V> check, std::function<Result<std::string>(const void*)> encode) {
    SpotCheckSpec spec{.one_in = check.one_in, .within = check.within, .same = nullptr};
    if (check.same) {
        spec.same = [same = std::move(check.same)](const void* served, const void* loaded) {
            return guarded({.name = "spot_check.same"}, [&] {
                return same(*static_cast<const V*>(served), *static_cast<const V*>(loaded));
            });
        };
    } else if (encode) {
        spec.same = [encode = std::move(encode)](const void* served,
                                                 const void* loaded) -> Result<bool> {
            const auto one = encode(served);
            if (!one) return fail(one.error());
            const auto other = encode(loaded);
            if (!other) return fail(other.error());
            return *one == *other;
        };
    }
    return spec;
}

}  // namespace detail

}  // namespace tutti
