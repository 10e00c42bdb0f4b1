// The memory of a cache, as a handle sees it by keys and the core by their text; on a clock that
// stands still, under a lease of a day.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "tutti/detail/typed_memory.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::testing {

using namespace std::chrono_literals;
using detail::Hit;

template <class K, class V>
class Typed {
public:
    explicit Typed(Duration kept_stale = {}, Bound bound = entries(100),
                   Eviction eviction = Eviction::adaptive) {
        memory_ = std::make_shared<detail::TypedMemory<K, V>>(detail::MemoryTerms{
            .serving = serving_, .bound = bound, .eviction = eviction, .kept_stale = kept_stale});
        renew();
        serving_->open();
    }

    void renew() { lease_->extend(clock_.now(), clock_.now() + 24h); }

    void put(std::string_view text, V value) {
        put_entry(text, {.value = std::make_shared<const V>(std::move(value)),
                         .answer = Answer::found,
                         .loaded = clock_.now(),
                         .fresh_until = clock_.now() + 1h,
                         .weight = 0});
    }
    void put_entry(std::string_view text, detail::Memory::KnownAnswer entry) {
        detail::RetiredList removed;
        memory_->put(text, std::move(entry), removed);
    }
    void erase(std::string_view text) {
        detail::RetiredList removed;
        memory_->erase(text, removed);
    }
    std::optional<detail::Memory::KnownAnswer> find(std::string_view text) {
        detail::RetiredList removed;
        return memory_->find(text, clock_.now(), removed);
    }

    Hit hit(const K& key) {
        Lookup<V> ignored;
        return memory_->hit(key, detail::InsideLookup::of(ignored));
    }
    std::optional<V> get(const K& key) {
        Lookup<V> found;
        if (memory_->hit(key, detail::InsideLookup::of(found)) != Hit::found || !found)
            return std::nullopt;
        return *found;
    }

    ManualClock clock_;
    std::shared_ptr<detail::Lease> lease_ = std::make_shared<detail::Lease>();
    std::shared_ptr<detail::Serving> serving_ = std::make_shared<detail::Serving>(clock_, lease_);
    std::shared_ptr<detail::TypedMemory<K, V>> memory_;
};

}  // namespace tutti::testing
