// How a cache is declared. One struct serves all patterns that hold values; an option that means
// nothing for the pattern it is given to is refused by `Node::start`, which names everything that
// is wrong with every declaration at once.
//
// Functions in the options may be called from any thread, with no lock held. What they throw,
// whatever it is, fails the one load or value that they were called for: an Error, or a line in the
// log, that names cache and option.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/cache/events.hpp"      // IWYU pragma: export
#include "tutti/cache/spot_check.hpp"  // IWYU pragma: export
#include "tutti/cache/warm_up.hpp"     // IWYU pragma: export
#include "tutti/clock.hpp"
#include "tutti/codec.hpp"
#include "tutti/key.hpp"
#include "tutti/loader.hpp"
#include "tutti/lookup.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"
#include "tutti/resilience.hpp"

namespace tutti {

// What a coherent cache does with a read when the lease has lapsed, so that nothing in memory can
// be proven fresh. Entries are kept in every case: after a gapless replay they are good again.
class OnSuspect {
public:
    enum class Kind : unsigned char { bypass, serve_up_to, fail };

    // Ask the source, with at most two loads of a key at a time. The default.
    [[nodiscard]] static constexpr OnSuspect bypass() noexcept { return {Kind::bypass, {}}; }
    // Serve what is in memory, marked `Freshness::suspect`, while the last proof of freshness is no
    // older than `age`; then as `bypass`.
    [[nodiscard]] static constexpr OnSuspect serve_up_to(OptionDuration age) noexcept {
        return {Kind::serve_up_to, age};
    }
    // Refuse with Errc::suspect.
    [[nodiscard]] static constexpr OnSuspect fail() noexcept { return {Kind::fail, {}}; }

    [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
    [[nodiscard]] constexpr Duration age() const noexcept { return age_; }

private:
    constexpr OnSuspect(Kind kind, Duration age) noexcept : kind_(kind), age_(age) {}

    Kind kind_;
    Duration age_;
};

[[nodiscard]] constexpr std::string_view to_string(OnSuspect::Kind kind) noexcept {
    switch (kind) {
    case OnSuspect::Kind::bypass: return "bypass";
    case OnSuspect::Kind::serve_up_to: return "serve_up_to";
    case OnSuspect::Kind::fail: return "fail";
    }
    return "unknown";
}

// What a coherent cache does when the connection that invalidations come on is lost.
enum class OnDisconnect : unsigned char {
    serve,    // goes on under the lease, which ends within its length. The default
    suspect,  // nothing is proven from that moment on: as OnSuspect says, until the connection is
              // back and what was missed is applied. Of a connection that is silent, and not
              // closed, the lease is the first to know
};

[[nodiscard]] constexpr std::string_view to_string(OnDisconnect what) noexcept {
    switch (what) {
    case OnDisconnect::serve: return "serve";
    case OnDisconnect::suspect: return "suspect";
    }
    return "unknown";
}

// Which entries of a coherent cache the change of one key, or of a tag, concerns.
enum class Reach : unsigned char {
    that_key,   // or what carries the tag
    every_key,  // keys of another kind than the channel's: lists of what changed, names for it
};

[[nodiscard]] constexpr std::string_view to_string(Reach reach) noexcept {
    switch (reach) {
    case Reach::that_key: return "that_key";
    case Reach::every_key: return "every_key";
    }
    return "unknown";
}

// The JSON events of programs that know nothing of Tutti, on the plain channel of the same name:
// {"type":"<type>","<key>":"<key text>"} and {"type":"all"}, exactly these members. Our own for a
// key that is not UTF-8, which JSON cannot hold, is the one for all. At most
// Bus::plain_event_bytes_max: a larger one of ours is not sent, one of theirs is dropped, and both
// are counted.
struct PlainEvent {
    std::string type;  // "channel"
    std::string key;   // "channelId"

    friend bool operator==(const PlainEvent&, const PlainEvent&) = default;
};

// The shared tier of a cache: values in the store, loaded once for the whole fleet.
template <class V>
struct StoreTier {
    std::optional<Ttl> ttl = std::nullopt;  // mandatory; not `never`
    Codec<V> codec = {};                    // mandatory
    // Of what `codec` writes. A stored value of another version is a miss, and is replaced.
    std::uint32_t version = 1;
    // Empty: values are framed, under a name of ours. Otherwise the key is `raw_prefix` + the key's
    // text and the value exactly what `codec` writes, for programs that know nothing of Tutti; then
    // only values are stored, no absent and no negative answers. At most 512 bytes.
    //
    // Of all that keeps something under raw prefixes, caches and reservations, no prefix may begin
    // with another's: `start` refuses that on one node, the audit grades it CRITICAL between
    // services. Meant to share keys, and legal: the same cache, by name, on many nodes and in many
    // services; a `near` cache, which only reads; programs that know nothing of Tutti.
    std::string raw_prefix = {};
    // Raw only: also take what such programs have written there. Until its TTL it counts as fresh,
    // so it is refused together with Stale::wrong.
    bool foreign_writers = false;
    // Keep the better one: a value never replaces one of a higher rank, unless that one is past its
    // TTL, older than `rank_yields_after`, or unreadable to the load that replaces it. Framed only.
    std::function<std::int64_t(const V&)> rank = nullptr;
    OptionDuration rank_yields_after = Duration::max();
    // Larger values are neither stored nor accepted, before compression and after decompression.
    std::size_t value_bytes_max = 1024UL * 1024;
    // Framed values above it are compressed with zstd. Zero: none is.
    std::size_t compress_above_bytes = 4096;
};

// Entries of a cache carry tags, which its loader gives them: names of what a value was made of, so
// that `invalidate_tag` removes all that were made of it (<tutti/invalidation.hpp>).
struct Tagged {
    // That one entry may carry; at most `entry_tags_max`. A load that brings more has failed.
    std::size_t tags_max = 16;
};

template <Key K, class V>
struct CacheOptions {
    static_assert(detail::is_plain_value<V>());

    std::string name;    // mandatory, unique within the node: metrics and the audit use it
    std::string caches;  // mandatory: what it caches, in words, for the audit

    // What the data needs. `stale` is mandatory.
    std::optional<Stale> stale = std::nullopt;
    bool expensive_source = false;
    bool read_heavy = false;

    // The memory tier. Both are mandatory; `shared` may go without it by leaving both out.
    std::optional<Ttl> ttl = std::nullopt;
    std::optional<Bound> bound = std::nullopt;
    // Who leaves when there is no room. `lru` keeps an exact order of use: each hit of another
    // entry than the last takes a lock.
    Eviction eviction = Eviction::adaptive;
    // How long "the source has no such thing" is kept. Default: `ttl`.
    std::optional<Ttl> absent_ttl = std::nullopt;
    // An entry of memory that no read has used for so long is not served any more, and neither are
    // its last known good and its former value; up to a sixteenth of it later. It keeps its room,
    // and is counted, until `ttl` or until room is needed. It never lives longer than `ttl` for it:
    // what is read all the time and never renewed would keep what a lost publication has left for
    // ever. Less than `ttl`. Default: `ttl` alone.
    std::optional<Ttl> idle_ttl = std::nullopt;
    // By how much each lifetime, in memory and in the store, is shortened at random, so that what
    // was loaded together does not end together: a fraction, at most 0.5. Zero: not at all.
    double ttl_jitter = 0;
    // Bytes that a value occupies; needed when the bound is in bytes. The key and a fixed overhead
    // per entry are added.
    std::function<std::size_t(const V&)> weigh = nullptr;

    Loader<K, V> load = {};  // mandatory, unless there is `load_many`
    // Loads several keys at once for `get_many`. Without it they are loaded one by one.
    BulkLoader<K, V> load_many = {};
    // How many keys one call of `load_many` is given: what a query takes. More are several calls,
    // one behind the other, within the one `load_deadline`; between them the worker is free.
    std::size_t load_many_keys_max = 1000;
    // A load that takes longer is abandoned: its readers get Errc::timeout, its value is dropped. A
    // plain function goes on occupying its worker until it returns; its wait for one counts, too.
    OptionDuration load_deadline = std::chrono::seconds{5};
    // Loads of this cache that run at one time, and so the workers that it may occupy; further ones
    // wait their turn, as long as a reader waits for them. The oldest is first while its readers
    // have waited for less than half of their deadline, else the newest.
    std::size_t loads_max = 64;
    // Loads that may wait; a read that would need a further one fails at once with
    // Errc::overloaded. Each takes about a kilobyte. Zero: none waits.
    std::size_t loads_queued_max = 10'000;

    // The store. Mandatory for `shared`, optional for `coherent`.
    std::optional<StoreTier<V>> store = std::nullopt;

    // A value that it refuses replaces nothing, in no tier: the load counts as failed for a passing
    // reason. For answers that are well-formed and worthless, such as an empty list.
    std::function<bool(const V&)> admit = nullptr;
    std::optional<NegativeTtls> negative = std::nullopt;
    std::optional<StaleIfError> stale_if_error = std::nullopt;
    std::optional<Refresh<K>> refresh = std::nullopt;
    // What its loader answers may carry tags (`Loaded::tag`). Costs a hit nothing; memory keeps an
    // index beside the entries, of about 200 bytes for one of two tags. Not with raw values in the
    // store, which have no place for them, and without `offer`. Default: none does.
    std::optional<Tagged> tagged = std::nullopt;
    // Loads keys at the start, before readers ask for them.
    std::optional<WarmUp<K>> warm_up = std::nullopt;
    // Tells a function of yours what happens. Default: nothing is told, and nothing is paid for it.
    std::optional<EventListener> events = std::nullopt;
    // How long reads take that memory does not answer is always measured; this measures hits, too,
    // in a histogram of their own (`tutti_cache_hit_seconds`), for two looks at the clock each.
    bool measure_hits = false;
    // SpotCheck<V>: loads one in so many hits again, and counts whether memory had what the source
    // has. Needs a memory tier; not with `validate_on_read`. Default: none, and no hit pays for it.
    std::optional<detail::GivenSpotCheck<V>> spot_check = std::nullopt;

    // `coherent` only. The channel is mandatory; caches that name the same one are invalidated
    // together, by the same key text.
    std::string channel = {};
    // Also publish in this shape. Caches of one channel may have different ones: each publishes in
    // its own, and reads those of all of them.
    std::optional<PlainEvent> plain = std::nullopt;
    // Also apply what other programs publish in that shape. Such events cannot be replayed, so the
    // cache starts empty again after every interruption of the subscription.
    bool foreign_publishers = false;
    Reach reach = Reach::that_key;  // `every_key`: not with a store
    OnSuspect on_suspect = OnSuspect::bypass();
    OnDisconnect on_disconnect = OnDisconnect::serve;
    // For machines whose clock may stand still while others go on (a hypervisor that freezes a
    // guest, a snapshot that is restored): memory is served only when the server has said, during
    // this very read, that nothing has been published that is not applied here. No clock decides,
    // so every read takes a round trip, on a hit too, which reads that wait at one time share.
    // Without that answer, after NodeOptions::command_deadline at the latest, the cache is suspect:
    // `on_suspect`, which may not be `serve_up_to` here, because that age is counted by the clock.
    // `peek` and `for_each` show nothing. Not with `refresh.on_hit_after`, nor with
    // `on_disconnect`.
    bool validate_on_read = false;

    std::string note = {};  // printed by the audit
};

}  // namespace tutti

#include "tutti/detail/spec.hpp"  // IWYU pragma: export
