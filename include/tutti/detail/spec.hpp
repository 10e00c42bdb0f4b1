// The options of options.hpp without their types: what the one implementation behind caches of
// every type is built from.
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

#include "tutti/detail/cache.hpp"
#include "tutti/detail/guarded.hpp"
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

struct RefreshSpec {
    struct Entry {
        std::string text;
        std::shared_ptr<const void> key;
    };
    std::vector<Entry> keys;
    Duration first{};
    Duration every{};
    std::size_t signal_after = 0;
    std::function<void(std::string_view key, std::size_t failures_in_a_row, const Error&)> failing;
};

struct CacheSpec {
    std::string name = {};
    std::string caches = {};
    std::optional<Stale> stale = std::nullopt;
    bool expensive_source = false;
    bool read_heavy = false;
    std::optional<Ttl> ttl = std::nullopt;
    std::optional<Bound> bound = std::nullopt;
    std::optional<Ttl> absent_ttl = std::nullopt;
    std::function<std::size_t(const void*)> weigh = nullptr;
    RawLoader load = {};
    Duration load_deadline{};
    std::size_t loads_max = 0;
    std::size_t loads_queued_max = 0;
    std::optional<StoreSpec> store = std::nullopt;
    std::function<bool(const void*)> admit = nullptr;
    std::optional<NegativeTtls> negative = std::nullopt;
    std::optional<StaleIfError> stale_if_error = std::nullopt;
    std::optional<RefreshSpec> refresh = std::nullopt;
    std::string channel = {};
    std::optional<PlainEvent> plain = std::nullopt;
    bool foreign_publishers = false;
    Reach reach = Reach::that_key;
    OnSuspect on_suspect = OnSuspect::bypass();
    std::string note = {};
    std::string problem = {};  // that came up while the options were read; for `start`
};

// The function of a `const void*` that calls `function` with what it points to; null for null. It
// throws what `function` throws.
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

template <Key K>
RefreshSpec untyped(Refresh<K> refresh) {
    RefreshSpec spec{.keys = {},
                     .first = refresh.first,
                     .every = refresh.every,
                     .signal_after = refresh.signal_after,
                     .failing = std::move(refresh.failing)};
    for (K& key : refresh.keys) {
        std::string text(std::string_view(KeyText<K>::text(key)));
        spec.keys.push_back({std::move(text), std::make_shared<const K>(std::move(key))});
    }
    return spec;
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
        .absent_ttl = options.absent_ttl,
        .weigh = untyped_function<V>(std::move(options.weigh)),
        .load = options.load.raw_loader(),
        .load_deadline = options.load_deadline,
        .loads_max = options.loads_max,
        .loads_queued_max = options.loads_queued_max,
        .store = std::nullopt,
        .admit = untyped_function<V>(std::move(options.admit)),
        .negative = std::move(options.negative),
        .stale_if_error = std::move(options.stale_if_error),
        .refresh = std::nullopt,
        .channel = std::move(options.channel),
        .plain = std::move(options.plain),
        .foreign_publishers = options.foreign_publishers,
        .reach = options.reach,
        .on_suspect = options.on_suspect,
        .note = std::move(options.note),
    };
    if (options.store) spec.store = untyped(*std::move(options.store));
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
