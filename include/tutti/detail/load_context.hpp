// What a loader is told of the load that it does: how long it may take, and what the cache still
// has of the key.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/detail/last_words.hpp"

namespace tutti {

// What a cache had of a key before the load that asks for it.
template <class V>
struct Former {
    std::shared_ptr<const V> value;  // never null
    Duration age{};                  // since the load that brought it began
};

namespace detail {

struct RawFormer {
    std::shared_ptr<const void> value;  // null: there is none
    TimePoint loaded;
    std::vector<std::string> tags = {};
};

}  // namespace detail

template <class K, class V>
class Loader;

// What a loader is told. Cheap to copy; valid for as long as the load runs.
class LoadContext {
public:
    LoadContext(TimePoint deadline, const Clock& clock, detail::RawFormer former = {}) noexcept
        : deadline_(deadline), clock_(&clock), former_(std::move(former)) {}

    // No reader waits for the result after this.
    [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
    // Never negative.
    [[nodiscard]] Duration remaining() const noexcept {
        return std::max(Duration::zero(), deadline_ - clock_->now());
    }

    // What memory, or else the store, had of the key when this load began, if it was not
    // invalidated before this call of the loader: to ask the source whether it has changed since,
    // by what the value itself says (an ETag, a version), and to answer `tutti::not_modified`. Past
    // its TTL a value is there only with StaleIfError. V is the cache's value type; another one
    // ends the program with an explanation. Nothing: load it whole; always so in `load_many`.
    template <class V>
    [[nodiscard]] std::optional<Former<V>> former() const {
        if (type_ == nullptr) return std::nullopt;
        if (*type_ != typeid(V)) [[unlikely]]
            detail::last_words("LoadContext::former<V>: V is not the cache's value type");
        if (!former_.value) return std::nullopt;
        return Former<V>{.value = std::static_pointer_cast<const V>(former_.value),
                         .age = std::max(Duration::zero(), clock_->now() - former_.loaded)};
    }

private:
    template <class K, class V>
    friend class Loader;

    TimePoint deadline_;
    const Clock* clock_;
    detail::RawFormer former_;
    const std::type_info* type_ =
        nullptr;  // of the cache's values; null: this loader is given no former one
};

}  // namespace tutti
