// Random operations against a model that is slow and obviously right: a list that is searched.
// RC_PARAMS="seed=..." replays what a failure prints.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tutti/memory_cache.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/memory/inspector.hpp"

namespace tutti {
namespace {

using testing::MemoryCacheInspector;

constexpr Duration cache_ttl{5};

// In bytes a value is its own weight.
class Model {
public:
    Model(Bound bound, const Clock& clock) : bound_(bound), clock_(clock) {}

    std::optional<std::size_t> find(const std::string& key, Duration& age) {
        const auto entry = locate(key);
        if (entry == entries_.end()) return std::nullopt;
        if (!live(*entry)) {
            entries_.erase(entry);
            return std::nullopt;
        }
        age = clock_.now() - entry->written;
        entries_.splice(entries_.begin(), entries_, entry);
        return entry->value;
    }

    bool contains(const std::string& key) {
        const auto entry = locate(key);
        return entry != entries_.end() && live(*entry);
    }

    bool put(const std::string& key, std::size_t value, Ttl ttl) {
        erase(key);
        if (weigh(value) > bound_.limit()) return false;
        entries_.push_front({key, value, ttl, clock_.now()});
        while (weight() > bound_.limit()) {
            entries_.pop_back();
            ++evictions;
        }
        return true;
    }

    // Adds to what is there; declines when nothing is.
    bool add(const std::string& key, std::size_t value) {
        if (!contains(key)) return false;
        return put(key, locate(key)->value + value, cache_ttl);
    }

    bool erase(const std::string& key) {
        return std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; }) > 0;
    }
    std::size_t erase_heavier(std::size_t value) {
        return std::erase_if(entries_, [&](const Entry& entry) { return entry.value > value; });
    }
    std::size_t sweep() {
        return std::erase_if(entries_, [&](const Entry& entry) { return !live(entry); });
    }
    void clear() { entries_.clear(); }

    std::size_t weight() const {
        std::size_t sum = 0;
        for (const Entry& entry : entries_) sum += weigh(entry.value);
        return sum;
    }
    std::vector<std::string> order() const {
        std::vector<std::string> keys;
        for (const Entry& entry : entries_) keys.push_back(entry.key);
        return keys;
    }

    std::size_t evictions = 0;

private:
    struct Entry {
        std::string key;
        std::size_t value;
        Ttl ttl;
        TimePoint written;
    };

    std::list<Entry>::iterator locate(const std::string& key) {
        return std::ranges::find(entries_, key, &Entry::key);
    }
    bool live(const Entry& entry) const {
        return entry.ttl.is_never() || clock_.now() <= entry.written + entry.ttl.lifetime();
    }
    std::size_t weigh(std::size_t value) const {
        return bound_.unit() == Bound::Unit::entries || value == 0 ? 1 : value;
    }

    Bound bound_;
    const Clock& clock_;
    std::list<Entry> entries_;
};

struct Operation {
    enum class Kind { find, contains, put, put_ttl, add, erase, erase_heavier, sweep, clear, wait };

    Kind kind;
    int key;
    std::size_t value;
    int ticks;  // a TTL, 0 for never; or how long to wait
};

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
    constexpr const char* names[] = {"find",  "contains",      "put",   "put_ttl", "add",
                                     "erase", "erase_heavier", "sweep", "clear",   "wait"};
    return out << names[static_cast<std::size_t>(operation.kind)] << "(key " << operation.key
               << ", value " << operation.value << ", ticks " << operation.ticks << ")";
}

rc::Gen<Operation> operations() {
    using Kind = Operation::Kind;
    // Weighted, so that caches fill up and entries die, but not all at once.
    const auto kind = rc::gen::weightedElement<Kind>({{6, Kind::find},
                                                      {2, Kind::contains},
                                                      {8, Kind::put},
                                                      {4, Kind::put_ttl},
                                                      {3, Kind::add},
                                                      {2, Kind::erase},
                                                      {1, Kind::erase_heavier},
                                                      {1, Kind::sweep},
                                                      {1, Kind::clear},
                                                      {6, Kind::wait}});
    return rc::gen::construct<Operation>(
        kind, rc::gen::inRange(0, 8), rc::gen::inRange<std::size_t>(0, 14), rc::gen::inRange(0, 7));
}

// Up to a thousand operations.
rc::Gen<std::vector<Operation>> scripts() {
    return rc::gen::scale(10, rc::gen::container<std::vector<Operation>>(operations()));
}

class Pair {
public:
    explicit Pair(Bound bound)
        : cache_({.ttl = cache_ttl,
                  .bound = bound,
                  .weigher = weigher(bound),
                  .clock = &clock_,
                  .eviction = Eviction::lru}),
          model_(bound, clock_) {}

    void run(const std::vector<Operation>& script) {
        for (const Operation& operation : script) {
            RC_LOG() << operation << '\n';
            apply(operation);
            RC_ASSERT(MemoryCacheInspector::order(cache_) == model_.order());
            RC_ASSERT(cache_.size() == model_.order().size());
            RC_ASSERT(cache_.weight() == model_.weight());
            RC_ASSERT(cache_.evictions() == model_.evictions);
        }
        MemoryCacheInspector::validate(cache_);
        RC_ASSERT(!::testing::Test::HasFailure());
    }

private:
    using Cache = MemoryCache<std::string, std::size_t>;

    static Cache::Weigher weigher(Bound bound) {
        if (bound.unit() == Bound::Unit::entries) return {};
        return [](const std::string&, const std::size_t& value) { return value; };
    }

    void apply(const Operation& operation) {
        const std::string key = operation.key == 0 ? "" : std::to_string(operation.key);
        const std::size_t value = operation.value;
        const Ttl own = operation.ticks == 0 ? Ttl::never() : Ttl{Duration{operation.ticks}};
        switch (operation.kind) {
        case Operation::Kind::find: return find(key);
        case Operation::Kind::contains:
            RC_ASSERT(cache_.contains(key) == model_.contains(key));
            return;
        case Operation::Kind::put:
            RC_ASSERT(cache_.put(key, value) == model_.put(key, value, cache_ttl));
            return;
        case Operation::Kind::put_ttl:
            RC_ASSERT(cache_.put(key, value, own) == model_.put(key, value, own));
            return;
        case Operation::Kind::add: return add(key, value);
        case Operation::Kind::erase: RC_ASSERT(cache_.erase(key) == model_.erase(key)); return;
        case Operation::Kind::erase_heavier: return erase_heavier(value);
        case Operation::Kind::sweep: RC_ASSERT(cache_.sweep() == model_.sweep()); return;
        case Operation::Kind::clear:
            cache_.clear();
            model_.clear();
            return;
        case Operation::Kind::wait: clock_.advance(Duration{operation.ticks}); return;
        }
    }

    void find(const std::string& key) {
        Duration age{};
        const auto expected = model_.find(key, age);
        const auto found = cache_.find(key);
        RC_ASSERT(found.has_value() == expected.has_value());
        if (found) RC_ASSERT(found->value == *expected && found->age == age);
    }

    void add(const std::string& key, std::size_t value) {
        const bool put = cache_.update(key, [&](const std::size_t* live) {
            return live == nullptr ? std::nullopt : std::optional(*live + value);
        });
        RC_ASSERT(put == model_.add(key, value));
    }

    void erase_heavier(std::size_t value) {
        const auto removed = cache_.erase_if(
            [&](const std::string&, const std::size_t& held) { return held > value; });
        RC_ASSERT(removed == model_.erase_heavier(value));
    }

    testing::ManualClock clock_;
    Cache cache_;
    Model model_;
};

RC_GTEST_PROP(MemoryCacheModel, AgreesOnRandomOperationsWithABoundInEntries, ()) {
    const auto limit = *rc::gen::inRange<std::size_t>(1, 6);
    Pair(entries(limit)).run(*scripts());
}

RC_GTEST_PROP(MemoryCacheModel, AgreesOnRandomOperationsInHugePages, ()) {
    const auto limit = *rc::gen::inRange<std::size_t>(1, 6);
    Pair(entries(limit).in_huge_pages()).run(*scripts());
}

RC_GTEST_PROP(MemoryCacheModel, AgreesOnRandomOperationsWithABoundInBytes, ()) {
    const auto limit = *rc::gen::inRange<std::size_t>(1, 30);
    Pair(bytes(limit)).run(*scripts());
}

}  // namespace
}  // namespace tutti
