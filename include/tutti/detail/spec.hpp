// The options of options.hpp without their types: what caches of every type are built from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "tutti/detail/ahead_spec.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/typed_memory.hpp"
#include "tutti/options.hpp"

namespace tutti::detail {

struct StoreSpec {
    std::optional<Ttl> ttl;
    std::uint32_t version = 1;
    std::string raw_prefix;
    bool foreign_writers = false;
    Duration rank_yields_after = Duration::max();
    std::size_t value_bytes_max = 0;
    std::size_t compress_above_bytes = 0;
    std::function<Result<std::string>(const void*)> encode;
    std::function<Result<std::shared_ptr<const void>>(std::string_view)> decode;
    std::function<std::int64_t(const void*)> rank;
};

// What the keys and values of a cache are: a type for each pair.
template <class K, class V>
struct CacheOf {};

struct CacheSpec {
    std::string name = {};
    std::string caches = {};
    std::optional<Stale> stale = std::nullopt;
    bool expensive_source = false;
    bool read_heavy = false;
    std::optional<Ttl> ttl = std::nullopt;
    std::optional<Bound> bound = std::nullopt;
    Eviction eviction = Eviction::adaptive;
    MakeMemory memory = nullptr;  // null: of values whose type is not known
    std::optional<Ttl> absent_ttl = std::nullopt;
    std::optional<Ttl> idle_ttl = std::nullopt;
    double ttl_jitter = 0;
    std::function<std::size_t(const void*)> weigh = nullptr;
    RawLoader load = {};
    RawBulkLoader load_many = nullptr;  // null: one by one
    std::size_t load_many_keys_max = 0;
    Duration load_deadline{};
    std::size_t loads_max = 0;
    std::size_t loads_queued_max = 0;
    std::optional<StoreSpec> store = std::nullopt;
    std::function<bool(const void*)> admit = nullptr;
    std::optional<NegativeTtls> negative = std::nullopt;
    std::optional<StaleIfError> stale_if_error = std::nullopt;
    std::optional<RefreshSpec> refresh = std::nullopt;
    std::optional<WarmUpSpec> warm_up = std::nullopt;
    std::optional<Tagged> tagged = std::nullopt;
    std::optional<EventListener> events = std::nullopt;
    bool measure_hits = false;
    std::optional<SpotCheckSpec> spot_check = std::nullopt;
    const std::type_info* types = nullptr;  // of a CacheOf; null: no handle has it
    std::string channel = {};
    std::optional<PlainEvent> plain = std::nullopt;
    bool foreign_publishers = false;
    Reach reach = Reach::that_key;
    OnSuspect on_suspect = OnSuspect::bypass();
    OnDisconnect on_disconnect = OnDisconnect::serve;
    bool validate_on_read = false;
    std::string note = {};
    std::string problem = {};  // that came up while the options were read; for `start`
};

// Calls `function` with what it is given; null for null. Throws what `function` throws.
template <class V, class R>
std::function<R(const void*)> untyped_function(std::function<R(const V&)> function) {
    if (!function) return nullptr;
    return [function = std::move(function)](const void* value) {
        return function(*static_cast<const V*>(value));
    };
}

// Null without a codec. A codec that throws has failed.
template <class V>
std::function<Result<std::shared_ptr<const void>>(std::string_view)> untyped_decode(
    Codec<V> codec) {
    if (!codec.decode) return nullptr;
    return [decode = std::move(codec.decode)](
               std::string_view bytes) -> Result<std::shared_ptr<const void>> {
        return guarded({.name = "codec.decode", .code = Errc::protocol},
                       [&]() -> Result<std::shared_ptr<const void>> {
                           auto value = decode(bytes);
                           if (!value) return fail(std::move(value).error());
                           return std::make_shared<const V>(*std::move(value));
                       });
    };
}
template <class V>
std::function<Result<std::string>(const void*)> untyped_encode(Codec<V> codec) {
    if (!codec.encode) return nullptr;
    return [encode = std::move(codec.encode)](const void* value) -> Result<std::string> {
        return guarded({.name = "codec.encode", .code = Errc::protocol},
                       [&] { return encode(*static_cast<const V*>(value)); });
    };
}

template <class V>
StoreSpec untyped(StoreTier<V> tier) {
    return {.ttl = tier.ttl,
            .version = tier.version,
            .raw_prefix = std::move(tier.raw_prefix),
            .foreign_writers = tier.foreign_writers,
            .rank_yields_after = tier.rank_yields_after,
            .value_bytes_max = tier.value_bytes_max,
            .compress_above_bytes = tier.compress_above_bytes,
            .encode = untyped_encode(tier.codec),
            .decode = untyped_decode(tier.codec),
            .rank = untyped_function<V>(std::move(tier.rank))};
}

// What loads one key by way of what loads several.
template <Key K>
auto loader_of_one(RawBulkLoader load_many) {
    return [load_many = std::move(load_many)](const void* typed_key,
                                              LoadContext& context) -> Result<RawLoaded> {
        auto text = guarded({.name = "KeyText"}, [&] {
            return std::string(
                std::string_view(KeyText<K>::text(*static_cast<const K*>(typed_key))));
        });
        if (!text) return fail(std::move(text).error());
        const RawKey key{.text = *text, .typed = typed_key};
        auto answers = load_many(std::span(&key, 1), context);
        if (!answers) return fail(std::move(answers).error());
        return std::move(answers->front());
    };
}

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
        .eviction = options.eviction,
        .memory = &make_memory<K, V>,
        .absent_ttl = options.absent_ttl,
        .idle_ttl = options.idle_ttl,
        .ttl_jitter = options.ttl_jitter,
        .weigh = untyped_function<V>(std::move(options.weigh)),
        .load = options.load.raw_loader(),
        .load_many = options.load_many.raw_loader(),
        .load_many_keys_max = options.load_many_keys_max,
        .load_deadline = options.load_deadline,
        .loads_max = options.loads_max,
        .loads_queued_max = options.loads_queued_max,
        .admit = untyped_function<V>(std::move(options.admit)),
        .negative = std::move(options.negative),
        .stale_if_error = std::move(options.stale_if_error),
        .tagged = options.tagged,
        .events = std::move(options.events),
        .measure_hits = options.measure_hits,
        .types = &typeid(CacheOf<K, V>),
        .channel = std::move(options.channel),
        .plain = std::move(options.plain),
        .foreign_publishers = options.foreign_publishers,
        .reach = options.reach,
        .on_suspect = options.on_suspect,
        .on_disconnect = options.on_disconnect,
        .validate_on_read = options.validate_on_read,
        .note = std::move(options.note),
    };
    if (!options.load && spec.load_many) spec.load.blocking = loader_of_one<K>(spec.load_many);
    if (options.store) spec.store = untyped(*std::move(options.store));
    if (options.spot_check) {
        spec.spot_check =
            untyped(*std::move(options.spot_check), spec.store ? spec.store->encode : nullptr);
    }
    if (options.warm_up) spec.warm_up = untyped(*std::move(options.warm_up));
    if (options.refresh) {
        auto refresh = guarded({.name = "refresh.keys: KeyText"},
                               [&] { return untyped(*std::move(options.refresh)); });
        if (refresh) {
            spec.refresh = *std::move(refresh);
        } else {
            spec.problem = std::move(refresh).error().cause;
        }
    }
    return spec;
}

}  // namespace tutti::detail
