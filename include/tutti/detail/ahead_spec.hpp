// What loads before readers ask, without the types of the keys: the refresh and the warm-up.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/cache/warm_up.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/error.hpp"
#include "tutti/key.hpp"
#include "tutti/resilience.hpp"

namespace tutti::detail {

struct RefreshSpec {
    struct Entry {
        std::string text;
        std::shared_ptr<const void> key;
    };
    double on_hit_after = 0;
    std::vector<Entry> keys;
    Duration first{};
    Duration every{};
    std::size_t signal_after = 0;
    std::function<void(std::string_view key, std::size_t failures_in_a_row, const Error&)> failing;
};

struct WarmUpSpec {
    std::function<Result<std::vector<RefreshSpec::Entry>>()> keys = nullptr;
    std::size_t keys_at_once = 0;
    Duration deadline{};
    bool delays_readiness = false;
    std::function<void(const WarmUpProgress&)> progress = nullptr;
};

template <Key K>
std::vector<RefreshSpec::Entry> untyped_keys(std::vector<K> keys) {
    std::vector<RefreshSpec::Entry> entries;
    for (K& key : keys) {
        std::string text(std::string_view(KeyText<K>::text(key)));
        entries.push_back({std::move(text), std::make_shared<const K>(std::move(key))});
    }
    return entries;
}

template <Key K>
RefreshSpec untyped(Refresh<K> refresh) {
    return {.on_hit_after = refresh.on_hit_after,
            .keys = untyped_keys(std::move(refresh.keys)),
            .first = refresh.first,
            .every = refresh.every,
            .signal_after = refresh.signal_after,
            .failing = std::move(refresh.failing)};
}

template <Key K>
WarmUpSpec untyped(WarmUp<K> warm_up) {
    WarmUpSpec spec{.keys = nullptr,
                    .keys_at_once = warm_up.keys_at_once,
                    .deadline = warm_up.deadline,
                    .delays_readiness = warm_up.delays_readiness,
                    .progress = std::move(warm_up.progress)};
    if (!warm_up.keys) return spec;
    spec.keys = [keys = std::move(warm_up.keys)] {
        return guarded({.name = "warm_up.keys"}, [&] { return untyped_keys(keys()); });
    };
    return spec;
}

}  // namespace tutti::detail
