// Bytes are operations on a memory cache, played beside a map of what was written last. What a
// bound takes away is the cache's choice, so it is counted: every key that is missing and should
// live has left for want of room. The invariants of the tier hold after each operation.
//
// unit/memory/model_test.cpp has the exact order of an `lru`; here it is both policies, in entries
// and in bytes, and histories that coverage finds.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/inspector.hpp"

namespace {

using tutti::Duration;
using tutti::Ttl;
using Cache = tutti::MemoryCache<std::string, std::size_t>;

constexpr Duration cache_ttl{5};
constexpr std::size_t operations_max = 200;

void demand(bool holds) {
    if (!holds) std::abort();
}

class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
    [[nodiscard]] bool any() const { return !rest_.empty(); }
    std::uint8_t next() {
        if (rest_.empty()) return 0;
        const std::uint8_t byte = rest_.front();
        rest_ = rest_.subspan(1);
        return byte;
    }

private:
    std::span<const std::uint8_t> rest_;
};

Cache::Options options_from(Bytes& bytes, const tutti::Clock& clock) {
    const std::uint8_t kind = bytes.next();
    const std::size_t limit = 1 + bytes.next() % 40;
    const bool weighs = (kind & 1) != 0;
    return {.ttl = cache_ttl,
            .bound = weighs ? tutti::bytes(limit) : tutti::entries(limit),
            .weigher = weighs ? Cache::Weigher([](const std::string&, const std::size_t& value) {
                return value;
            })
                              : Cache::Weigher(),
            .clock = &clock,
            .eviction = (kind & 2) != 0 ? tutti::Eviction::lru : tutti::Eviction::adaptive};
}

class Game {
public:
    explicit Game(Bytes& bytes) : cache_(options_from(bytes, clock_)) {}

    void play(std::uint8_t operation, std::uint8_t key_byte, std::uint8_t value_byte) {
        // Some are kept in place, some by address.
        const std::string key = std::to_string(key_byte % 24) + std::string(key_byte % 3 * 15, 'k');
        const std::size_t value = value_byte % 50;
        switch (operation % 12) {
        case 0:
        case 1:
        case 2: put(key, value, cache_ttl); break;
        case 3: put(key, value, value == 0 ? Ttl::never() : Ttl{Duration(value)}); break;
        case 4:
        case 5: find(key); break;
        case 6: demand(cache_.contains(key) == lives(key)); break;
        case 7: add(key, value); break;
        case 8: demand(cache_.erase(key) || !lives(key)), written_.erase(key); break;
        case 9: erase_heavier(value); break;
        case 10: key_byte == 0 ? clear() : sweep(); break;
        default: clock_.advance(Duration(value_byte % 8));
        }
        account();
        tutti::testing::MemoryCacheInspector::validate(cache_);
    }

private:
    struct Written {
        std::size_t value;
        Ttl ttl;
        tutti::TimePoint at;
    };

    [[nodiscard]] bool alive(const Written& written) const {
        return written.ttl.is_never() || clock_.now() <= written.at + written.ttl.lifetime();
    }
    [[nodiscard]] bool lives(const std::string& key) const {
        const auto place = written_.find(key);
        return place != written_.end() && alive(place->second);
    }

    void put(const std::string& key, std::size_t value, Ttl ttl) {
        note(key, value, ttl, cache_.put(key, value, ttl));
    }
    void note(const std::string& key, std::size_t value, Ttl ttl, bool stored) {
        written_.erase(key);
        if (stored) written_.emplace(key, Written{value, ttl, clock_.now()});
    }

    void find(const std::string& key) {
        const auto found = cache_.find(key);
        demand(found.has_value() == lives(key));
        if (!found) return;
        const Written& written = written_.at(key);
        demand(found->value == written.value && found->age == clock_.now() - written.at);
    }

    // Adds to what is there; declines when nothing is.
    void add(const std::string& key, std::size_t value) {
        const auto before = lives(key) ? std::optional(written_.at(key).value) : std::nullopt;
        bool declined = false;
        const bool stored = cache_.update(key, [&](const std::size_t* live) {
            demand(live == nullptr ? !before : before == *live);
            declined = live == nullptr;
            return declined ? std::nullopt : std::optional(*live + value);
        });
        if (!declined) note(key, *before + value, cache_ttl, stored);
    }

    void erase_heavier(std::size_t value) {
        const auto heavier = [&](const std::string&, std::size_t held) { return held > value; };
        cache_.erase_if(heavier);
        std::erase_if(written_, [&](const auto& each) { return each.second.value > value; });
    }
    void sweep() {
        cache_.sweep();
        std::erase_if(written_, [&](const auto& each) { return !alive(each.second); });
        account();
        demand(cache_.size() == written_.size());
    }
    void clear() {
        cache_.clear();
        written_.clear();
        demand(cache_.size() == 0 && cache_.weight() == 0);
    }

    // What a walk shows is what was written; what it does not show has been evicted.
    void account() {
        std::set<std::string> shown;
        cache_.for_each([&](const std::string& key, std::size_t value, Duration, Duration) {
            demand(lives(key) && written_.at(key).value == value && shown.insert(key).second);
        });
        const std::uint64_t evicted = cache_.evictions() - evictions_;
        evictions_ = cache_.evictions();
        std::uint64_t missing = 0;
        std::erase_if(written_, [&](const auto& each) {
            if (shown.contains(each.first)) return false;
            missing += alive(each.second) ? 1U : 0U;
            return true;
        });
        demand(missing <= evicted);
    }

    tutti::testing::ManualClock clock_;
    Cache cache_;
    std::map<std::string, Written> written_;  // that may be in the cache
    std::uint64_t evictions_ = 0;             // that are accounted for
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    GTEST_FLAG_SET(throw_on_failure, true);  // of the inspector
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    Game game(bytes);
    for (std::size_t played = 0; bytes.any() && played < operations_max; ++played) {
        const std::uint8_t operation = bytes.next();
        const std::uint8_t key = bytes.next();
        game.play(operation, key, bytes.next());
    }
    return 0;
}
