// Memory over a document that another program maintains in the store: read there, parsed once per
// TTL, and asked many questions. A catalogue that another service refreshes, of which this one
// needs a flag by id.
//
// One document answers for many keys: it is kept parsed, and each key's answer is projected from it
// once. An answer is never older than the TTL counted from when its document was read.
//
// A document that is missing, unreadable or unreachable tells nothing: readers get
// `Answer::unknown`, or what `otherwise` guesses, and neither is cached. So an outage ends when it
// ends, not one TTL later.
//
// The document may be what a `shared` cache keeps under a raw prefix: nothing here writes.
//
// Not promised: freshness of the document itself; nothing here loads it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/cache.hpp"
#include "tutti/codec.hpp"
#include "tutti/key.hpp"
#include "tutti/options.hpp"

namespace tutti {

// K: the key; V: the answer; D: the document as `codec` reads it.
template <Key K, class V, class D = V>
struct NearOptions {
    static_assert(detail::is_plain_value<V>() && detail::is_plain_value<D>());

    std::string name;    // mandatory
    std::string caches;  // mandatory

    std::optional<Stale> stale = std::nullopt;  // mandatory

    std::optional<Ttl> ttl = std::nullopt;      // mandatory
    std::optional<Bound> bound = std::nullopt;  // mandatory, in entries: answers
    Eviction eviction = Eviction::adaptive;     // of answers
    std::size_t documents_max = 16;             // kept parsed, besides

    // Under which key of the store the document for `key` is. Mandatory.
    std::function<std::string(const K& key)> document = nullptr;
    Codec<D> codec = {};  // mandatory; only `decode` is used
    std::size_t document_bytes_max = 16UL * 1024 * 1024;
    // The answer for `key`, `absent` if the document says that there is none. Mandatory unless V is
    // D and can be copied.
    std::function<Loaded<V>(const K& key, const D& document)> project = nullptr;
    // A guess when the document cannot tell. Default: `unknown`.
    std::function<Loaded<V>(const K& key)> otherwise = nullptr;
    std::optional<StaleIfError> stale_if_error = std::nullopt;
    std::optional<WarmUp<K>> warm_up = std::nullopt;     // as CacheOptions
    std::optional<EventListener> events = std::nullopt;  // as CacheOptions; of answers
    bool measure_hits = false;                           // as CacheOptions; of answers

    std::string note = {};
};

namespace detail {

struct NearSpec {
    std::size_t documents_max = 0;
    std::size_t document_bytes_max = 0;
    std::function<std::string(const void* key)> document;
    std::function<Result<std::shared_ptr<const void>>(std::string_view)> decode;
    std::function<Result<RawLoaded>(const void* key, const void* document)> project;
    std::function<Result<RawLoaded>(const void* key)> otherwise;
};

template <Key K, class V, class D>
NearSpec near_spec(NearOptions<K, V, D>& options) {
    using Raw = Loader<K, V>;
    if constexpr (std::same_as<V, D> && std::copy_constructible<V>) {
        if (!options.project)
            options.project = [](const K&, const D& document) { return document; };
    }
    NearSpec spec{.documents_max = options.documents_max,
                  .document_bytes_max = options.document_bytes_max,
                  .document = untyped_function<K>(std::move(options.document)),
                  .decode = untyped_decode(std::move(options.codec)),
                  .project = nullptr,
                  .otherwise = nullptr};
    if (options.project) {
        spec.project = [project = std::move(options.project)](const void* key,
                                                              const void* document) {
            return Raw::guarded_answer("project", [&] {
                return project(*static_cast<const K*>(key), *static_cast<const D*>(document));
            });
        };
    }
    if (options.otherwise) {
        spec.otherwise = [otherwise = std::move(options.otherwise)](const void* key) {
            return Raw::guarded_answer("otherwise",
                                       [&] { return otherwise(*static_cast<const K*>(key)); });
        };
    }
    return spec;
}

template <Key K, class V, class D>
CacheSpec untyped(NearOptions<K, V, D>& options) {
    return untyped(CacheOptions<K, V>{.name = options.name,
                                      .caches = options.caches,
                                      .stale = options.stale,
                                      .read_heavy = true,
                                      .ttl = options.ttl,
                                      .bound = options.bound,
                                      .eviction = options.eviction,
                                      .stale_if_error = std::move(options.stale_if_error),
                                      .warm_up = std::move(options.warm_up),
                                      .events = std::move(options.events),
                                      .measure_hits = options.measure_hits,
                                      .note = options.note});
}

}  // namespace detail

// Made by `Node::near`. Example: examples/near.cpp
template <Key K, class V>
class Near : public ReadableCache<K, V> {
public:
    explicit Near(std::shared_ptr<detail::Cache> core) noexcept
        : ReadableCache<K, V>(std::move(core)) {}
};

}  // namespace tutti
