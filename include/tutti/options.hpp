// How a cache is declared. One struct serves all patterns that hold values; an option that means
// nothing for the pattern it is given to is refused by `Node::start`, which names everything that is
// wrong with every declaration at once.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "tutti/clock.hpp"
#include "tutti/key.hpp"
#include "tutti/loader.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti {

// What a coherent cache does with a read when the lease has lapsed, so that nothing in memory can be
// proven fresh. Entries are kept in every case: after a gapless replay they are good again.
class OnSuspect {
public:
    enum class Kind : unsigned char { bypass, serve_up_to, fail };

    // Ask the source, with at most two loads of a key at a time. The default.
    [[nodiscard]] static constexpr OnSuspect bypass() noexcept { return {Kind::bypass, {}}; }
    // Serve what is in memory, marked `Freshness::suspect`, while the last proof of freshness is no
    // older than `age`; then as `bypass`.
    [[nodiscard]] static constexpr OnSuspect serve_up_to(Duration age) noexcept {
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

// The JSON events of programs that know nothing of Tutti, on the plain channel of the same name:
// {"type":"<type>","<key>":"<key text>"} and {"type":"all"}, exactly these members.
struct PlainEvent {
    std::string type;  // "channel"
    std::string key;   // "channelId"

    friend bool operator==(const PlainEvent&, const PlainEvent&) = default;
};

template <Key K, class V>
struct CacheOptions {
    std::string name;    // mandatory, unique within the node: metrics and the audit use it
    std::string caches;  // mandatory: what it caches, in words, for the audit

    // What the data needs. `stale` is mandatory.
    std::optional<Stale> stale = std::nullopt;
    bool expensive_source = false;
    bool read_heavy = false;

    // The memory tier. Both are mandatory.
    std::optional<Ttl> ttl = std::nullopt;
    std::optional<Bound> bound = std::nullopt;
    // How long "the source has no such thing" is kept. Default: `ttl`.
    std::optional<Ttl> absent_ttl = std::nullopt;
    // Bytes that a value occupies; needed when the bound is in bytes. The key and a fixed overhead
    // per entry are added.
    std::function<std::size_t(const V&)> weigh = nullptr;

    Loader<K, V> load = {};  // mandatory
    // A load that takes longer is abandoned: its readers get Errc::timeout, its value is dropped. A
    // plain function goes on occupying its worker until it returns.
    Duration load_deadline = std::chrono::seconds{5};
    // Loads of this cache that run at one time; further ones wait their turn.
    std::size_t loads_max = 64;

    // `coherent` only. The channel is mandatory; caches that name the same one are invalidated
    // together, by the same key text.
    std::string channel = {};
    // Also publish in this shape. Caches of one channel may have different ones: each publishes in its
    // own, and reads those of all of them.
    std::optional<PlainEvent> plain = std::nullopt;
    // Also apply what other programs publish in that shape. Such events cannot be replayed, so the
    // cache starts empty again after every interruption of the subscription.
    bool foreign_publishers = false;
    OnSuspect on_suspect = OnSuspect::bypass();

    std::string note = {};  // printed by the audit
};

struct GetOptions {
    // The read fails with Errc::timeout after this long; the load goes on for the next reader.
    Duration deadline = std::chrono::seconds{5};
};

namespace detail {

// CacheOptions without the types.
struct CacheSpec {
    std::string name;
    std::string caches;
    std::optional<Stale> stale;
    bool expensive_source = false;
    bool read_heavy = false;
    std::optional<Ttl> ttl;
    std::optional<Bound> bound;
    std::optional<Ttl> absent_ttl;
    std::function<std::size_t(const void*)> weigh;
    RawLoader load;
    Duration load_deadline{};
    std::size_t loads_max = 0;
    std::string channel;
    std::optional<PlainEvent> plain;
    bool foreign_publishers = false;
    OnSuspect on_suspect = OnSuspect::bypass();
    std::string note;
};

template <Key K, class V>
CacheSpec untyped(CacheOptions<K, V> options) {
    CacheSpec spec{
        .name = std::move(options.name),
        .caches = std::move(options.caches),
        .stale = options.stale,
        .expensive_source = options.expensive_source,
        .read_heavy = options.read_heavy,
        .ttl = options.ttl,
        .bound = options.bound,
        .absent_ttl = options.absent_ttl,
        .weigh = nullptr,
        .load = options.load.raw_loader(),
        .load_deadline = options.load_deadline,
        .loads_max = options.loads_max,
        .channel = std::move(options.channel),
        .plain = std::move(options.plain),
        .foreign_publishers = options.foreign_publishers,
        .on_suspect = options.on_suspect,
        .note = std::move(options.note),
    };
    if (options.weigh) {
        spec.weigh = [weigh = std::move(options.weigh)](const void* value) {
            return weigh(*static_cast<const V*>(value));
        };
    }
    return spec;
}

}  // namespace detail
}  // namespace tutti
