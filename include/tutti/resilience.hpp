// What a cache does when its source fails, and how it keeps ahead of that: negative entries, a last
// known good, a refresh on schedule. All are declared (CacheOptions), none is on by default.
//
// None of them brings back what was invalidated: an invalidation removes values, negative entries
// and last known goods alike, in memory and in the store.
//
// Plain values. Their functions run on a node's threads, with no lock held: they must be short and
// must not block. What they throw is logged.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/policy.hpp"

namespace tutti {

// How long a failure is remembered that a loader has recognised (`return tutti::negative("auth")`),
// so that neither this instance nor, with a store, any other asks again. A decision of its own:
// what a caller retries, and when, says nothing about how long the answer will stay the same.
struct NegativeTtls {
    // Mandatory: no negative entry lives longer, whatever the table or the loader says. A transient
    // failure that was taken for a lasting one ends here.
    std::optional<Ttl> ceiling = std::nullopt;
    std::map<std::string, Ttl, std::less<>> categories = {};
    // Of a category that the table does not name. Default: it is not remembered.
    std::optional<Ttl> otherwise = std::nullopt;
};

// Serve a value past its TTL while the source fails for a passing reason, or is slow.
struct StaleIfError {
    // How long past its TTL, at most. Mandatory, more than zero. Memory and store keep it that
    // long.
    OptionDuration for_up_to{};
    // Whether the failure is a passing one; access that was revoked is not. Default:
    // Error::retryable. `unknown` answers are passing in any case; a value that `admit` refused is
    // Errc::load_failed.
    std::function<bool(const Error&)> transient = nullptr;
    // After a failure the stale value is served at once for this long, without asking the source.
    OptionDuration retry_after = std::chrono::seconds{1};
    // Readers of a load that takes longer, counted from its first reader, are given the stale value
    // and wait no more; the load goes on, for those who come after it. Zero: at once, which is
    // known as stale-while-revalidate. A reader whose own deadline is shorter gets it then.
    // Default: readers wait. GetOptions::soft_deadline says otherwise for one read.
    std::optional<OptionDuration> when_slower_than = std::nullopt;
};

// Loads again before the TTL ends, so that readers never wait: these keys on schedule, so that an
// entry never dies on a quiet day, and any key when it is read near its end. Either or both. A
// refresh overwrites: it deletes nothing first, and when it fails the old value stays. With a
// store, one instance of the fleet loads and the others take what it stored.
template <class K>
struct Refresh {
    // A hit after this fraction of an entry's life begins one refresh in the background; the reader
    // has its value at once. 0.8 leaves a fifth, in which a refresh that fails is tried seven times
    // more at most. Of an entry whose loader says a longer time to live (`keep_for`) it begins
    // later: what is left then is never more than of `ttl`. Zero: no hit does. From 0 to below 1;
    // needs a memory tier with a TTL that ends. Hits of reads with `age_max` begin none.
    double on_hit_after = 0;
    std::vector<K> keys = {};                         // on schedule
    OptionDuration first = std::chrono::seconds{10};  // after Node::start
    // Mandatory with `keys`, at least `every_min`; a third of the TTL leaves two retries, which
    // begin a sixteenth of it after a failure.
    OptionDuration every{};
    static constexpr Duration every_min = std::chrono::milliseconds{100};
    // Of `keys`: after so many failures in a row `failing` is called and a warning logged; again
    // with zero when a refresh succeeds afterwards.
    std::size_t signal_after = 3;
    std::function<void(std::string_view key, std::size_t failures_in_a_row, const Error&)> failing =
        nullptr;
};

}  // namespace tutti
