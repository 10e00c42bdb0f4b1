// The counters of a cache, one after the other, with what each is called: what the inventory, the
// audit and the metrics print. Made of the list in inventory.hpp.
//
// Thread-safety: constants.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tutti/inventory.hpp"

namespace tutti {

struct CounterName {
    enum class Kind : unsigned char { count, gauge, gauge_of_bytes };

    std::uint64_t CacheCounters::* count;
    std::string_view name;  // of the member
    Kind kind;
    std::string_view words;  // in a line of text
    std::string_view help;   // as a sentence

    [[nodiscard]] constexpr bool is_gauge() const noexcept { return kind != Kind::count; }
};

#define TUTTI_NAME(member, kind, words, help) \
    CounterName{&CacheCounters::member, #member, CounterName::Kind::kind, words, help},
inline constexpr std::array counter_names{TUTTI_CACHE_COUNTERS(TUTTI_NAME)};
#undef TUTTI_NAME

}  // namespace tutti
