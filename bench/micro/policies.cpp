// Which share of the accesses of a trace each policy serves, at 0.1 %, 1 % and 10 % of the trace's
// keys.
//
//   bench_policies FORMAT FILE [FORMAT FILE ...]
// FORMAT: be32 or be64, big-endian keys; text, one key a line
//
// `belady` evicts what is used again last: no policy can be better. `adaptive` and `lru` are
// MemoryCache itself; `sieve` and `s3fifo` are here to compare with, with one order over all
// entries.
#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <list>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tutti/memory_cache.hpp"

namespace {

using Key = std::uint32_t;  // numbered as they appear
using Trace = std::vector<Key>;

Trace read_trace(const std::string& format, const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::unordered_map<std::uint64_t, Key> numbers;
    Trace trace;
    const auto add = [&](std::uint64_t key) {
        trace.push_back(numbers.try_emplace(key, static_cast<Key>(numbers.size())).first->second);
    };
    if (format == "text") {
        for (std::string line; std::getline(file, line);) {
            if (!line.empty() && std::isdigit(static_cast<unsigned char>(line[0])) != 0) {
                add(std::stoull(line));
            }
        }
        return trace;
    }
    std::array<char, 8> bytes{};
    const std::streamsize size = format == "be64" ? 8 : 4;
    while (file.read(bytes.data(), size)) {
        std::uint64_t key = 0;
        for (std::streamsize i = 0; i < size; ++i) {
            key = key << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
        }
        add(key);
    }
    return trace;
}

// Each returns the number of hits.

std::size_t belady(const Trace& trace, std::size_t capacity) {
    constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> next_use(trace.size(), never);
    std::unordered_map<Key, std::size_t> seen;
    for (std::size_t i = trace.size(); i-- > 0;) {
        if (const auto later = seen.find(trace[i]); later != seen.end())
            next_use[i] = later->second;
        seen[trace[i]] = i;
    }
    std::set<std::pair<std::size_t, Key>> held;
    std::unordered_map<Key, std::size_t> next_of;
    std::size_t hits = 0;
    for (std::size_t i = 0; i < trace.size(); ++i) {
        if (const auto found = next_of.find(trace[i]); found != next_of.end()) {
            ++hits;
            held.erase({found->second, trace[i]});
            next_of.erase(found);
        }
        held.insert({next_use[i], trace[i]});
        next_of[trace[i]] = next_use[i];
        if (held.size() > capacity) {
            next_of.erase(std::prev(held.end())->second);
            held.erase(std::prev(held.end()));
        }
    }
    return hits;
}

template <tutti::Eviction eviction>
std::size_t memory_cache(const Trace& trace, std::size_t capacity) {
    tutti::MemoryCache<Key, bool> cache(
        {.ttl = tutti::Ttl::never(), .bound = tutti::entries(capacity), .eviction = eviction});
    std::size_t hits = 0;
    for (const Key key : trace) {
        if (cache.get(key)) {
            ++hits;
        } else {
            cache.put(key, true);
        }
    }
    return hits;
}

std::size_t sieve(const Trace& trace, std::size_t capacity) {
    struct Held {
        Key key;
        bool visited;
    };
    std::list<Held> order;  // the newest first
    std::unordered_map<Key, std::list<Held>::iterator> places;
    auto hand = order.end();
    std::size_t hits = 0;
    for (const Key key : trace) {
        if (const auto found = places.find(key); found != places.end()) {
            ++hits;
            found->second->visited = true;
            continue;
        }
        if (order.size() >= capacity) {
            const auto back = [&] { return std::prev(order.end()); };
            if (hand == order.end()) hand = back();
            while (std::exchange(hand->visited, false)) {
                hand = hand == order.begin() ? back() : std::prev(hand);
            }
            places.erase(hand->key);
            const bool first = hand == order.begin();
            const auto gone = hand;
            hand = first ? order.end() : std::prev(hand);
            order.erase(gone);
        }
        order.push_front({key, false});
        places[key] = order.begin();
    }
    return hits;
}

// With a tenth for new keys, as published.
class S3Fifo {
public:
    explicit S3Fifo(std::size_t capacity)
        : capacity_(capacity), small_max_(std::max<std::size_t>(capacity / 10, 1)) {}

    bool access(Key key) {
        if (const auto found = uses_.find(key); found != uses_.end()) {
            found->second = std::min(found->second + 1, 3);
            return true;
        }
        while (small_.size() + main_.size() >= capacity_) evict();
        (ghosts_.erase(key) > 0 ? main_ : small_).push_front(key);
        uses_[key] = 0;
        return false;
    }

private:
    void evict() {
        if (small_.size() >= small_max_ || main_.empty()) {
            const Key key = take(small_);
            if (uses_[key] > 1) {
                uses_[key] = 0;
                return main_.push_front(key);
            }
            uses_.erase(key);
            remember(key);
        } else if (const Key key = take(main_); uses_[key] > 0) {
            --uses_[key];
            main_.push_front(key);
        } else {
            uses_.erase(key);
        }
    }
    void remember(Key key) {
        if (!ghosts_.insert(key).second) return;
        ghost_order_.push_front(key);
        if (ghost_order_.size() > capacity_) ghosts_.erase(take(ghost_order_));
    }
    static Key take(std::list<Key>& from) {
        const Key key = from.back();
        from.pop_back();
        return key;
    }

    std::size_t capacity_;
    std::size_t small_max_;
    std::list<Key> small_;
    std::list<Key> main_;
    std::list<Key> ghost_order_;
    std::set<Key> ghosts_;
    std::unordered_map<Key, int> uses_;
};

std::size_t s3fifo(const Trace& trace, std::size_t capacity) {
    S3Fifo cache(capacity);
    return static_cast<std::size_t>(
        std::ranges::count_if(trace, [&](Key key) { return cache.access(key); }));
}

}  // namespace

int main(int argc, char** argv) {
    using tutti::Eviction;
    std::printf("%-20s %9s %8s %8s %8s %8s %8s\n", "trace", "capacity", "belady", "adaptive", "lru",
                "sieve", "s3fifo");
    for (int i = 1; i + 1 < argc; i += 2) {
        const Trace trace = read_trace(argv[i], argv[i + 1]);
        if (trace.empty()) continue;
        const std::string path = argv[i + 1];
        const std::size_t keys = *std::ranges::max_element(trace) + std::size_t{1};
        for (const std::size_t part : {1000U, 100U, 10U}) {
            const std::size_t capacity = std::max<std::size_t>(keys / part, 2);
            std::printf("%-20s %9zu", path.substr(path.rfind('/') + 1).c_str(), capacity);
            for (const auto policy : {belady, memory_cache<Eviction::adaptive>,
                                      memory_cache<Eviction::lru>, sieve, s3fifo}) {
                const auto hits = static_cast<double>(policy(trace, capacity));
                std::printf(" %7.2f%%", 100 * hits / static_cast<double>(trace.size()));
            }
            std::printf("\n");
            std::fflush(stdout);
        }
    }
}
