// What threads did with the keys of a cache, and when: is there an order of it all that explains
// what they saw?
//
// Mechanism: every operation takes a number when it begins and one when it ends. Each `put` puts a
// value of its own, so that a read names the write that it saw: together they are a cluster.
// Between the earliest end and the latest beginning of a cluster the key had that value in any
// order, if the one is before the other (a solid zone); otherwise the cluster can be put anywhere
// in between (a loose one). There is an order exactly if no two solid zones overlap and no loose
// one lies within a solid one (Gibbons and Korach, SIAM J. Comput. 1997). An erasure is a write
// that nothing names; a read that finds nothing is checked against the solid zones, and needs an
// erasure that may lie behind every `put` that ended before it.
//
// Requires: nothing is evicted and nothing expires.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace tutti::testing {

class History {
public:
    enum class Kind : std::uint8_t { put, found, found_nothing, erase };
    struct Event {
        Kind kind;
        std::size_t key;
        std::uint64_t value;  // of `put` and `found`
        std::uint64_t begin;
        std::uint64_t end;
    };

    // Of one thread.
    class Log {
    public:
        explicit Log(History& history) : clock_(history.clock_) {}
        std::uint64_t begin() { return clock_.fetch_add(1); }
        void add(Kind kind, std::size_t key, std::uint64_t value, std::uint64_t begin) {
            events.push_back({kind, key, value, begin, clock_.fetch_add(1)});
        }
        std::vector<Event> events;

    private:
        std::atomic<std::uint64_t>& clock_;
    };

    void take(const Log& log) {
        events_.insert(events_.end(), log.events.begin(), log.events.end());
    }

    // What no order explains; empty if there is one.
    [[nodiscard]] std::string contradiction() const {
        std::map<std::size_t, std::vector<Event>> by_key;
        for (const Event& event : events_) by_key[event.key].push_back(event);
        for (const auto& [key, events] : by_key) {
            const std::string found = contradiction_of(events);
            if (!found.empty()) return "key " + std::to_string(key) + ": " + found;
        }
        return {};
    }

private:
    struct Zone {
        std::uint64_t from;
        std::uint64_t to;
        std::uint64_t value;
        bool within(const Zone& other) const { return other.from < from && to < other.to; }
    };
    struct Cluster {
        bool written = false;
        std::uint64_t put_begin = 0;
        std::uint64_t earliest_end = std::numeric_limits<std::uint64_t>::max();
        std::uint64_t latest_begin = 0;
        std::uint64_t earliest_read_end = std::numeric_limits<std::uint64_t>::max();
    };

    static std::string contradiction_of(const std::vector<Event>& events) {
        std::map<std::uint64_t, Cluster> clusters;
        std::vector<Zone> loose;
        for (const Event& event : events) {
            if (event.kind == Kind::erase || event.kind == Kind::found_nothing) {
                loose.push_back({event.begin, event.end, 0});
                continue;
            }
            Cluster& cluster = clusters[event.value];
            if (event.kind == Kind::put) {
                cluster.written = true;
                cluster.put_begin = event.begin;
            } else {
                cluster.earliest_read_end = std::min(cluster.earliest_read_end, event.end);
            }
            cluster.earliest_end = std::min(cluster.earliest_end, event.end);
            cluster.latest_begin = std::max(cluster.latest_begin, event.begin);
        }
        std::vector<Zone> solid;
        for (const auto& [value, cluster] : clusters) {
            if (!cluster.written || cluster.earliest_read_end < cluster.put_begin) {
                return "read " + std::to_string(value) + " before it was put";
            }
            const bool is_solid = cluster.earliest_end < cluster.latest_begin;
            const auto [from, to] = std::minmax(cluster.earliest_end, cluster.latest_begin);
            (is_solid ? solid : loose).push_back({from, to, value});
        }
        const std::string lost = unerased(events);
        return lost.empty() ? overlap(solid, loose) : lost;
    }

    static std::string unerased(const std::vector<Event>& events) {
        for (const Event& read : events) {
            if (read.kind != Kind::found_nothing) continue;
            const Event* last = nullptr;  // of the writes before it, the one that began last
            for (const Event& event : events) {
                const bool before = event.kind == Kind::put && event.end < read.begin;
                if (before && (last == nullptr || event.begin > last->begin)) last = &event;
            }
            const auto explains = [&](const Event& event) {
                return event.kind == Kind::erase && event.begin < read.end &&
                       event.end > last->begin;
            };
            if (last != nullptr && std::ranges::none_of(events, explains)) {
                return std::to_string(last->value) + " was put and not erased, and nothing found";
            }
        }
        return {};
    }

    static std::string overlap(std::vector<Zone>& solid, const std::vector<Zone>& loose) {
        std::ranges::sort(solid, {}, &Zone::from);
        for (std::size_t i = 1; i < solid.size(); ++i) {
            if (solid[i].from < solid[i - 1].to) {
                return std::to_string(solid[i - 1].value) + " was read again after " +
                       std::to_string(solid[i].value);
            }
        }
        for (const Zone& one : loose) {
            // The last that begins before it; solid ones do not overlap.
            auto after = std::ranges::upper_bound(solid, one.from, {}, &Zone::from);
            if (after != solid.begin() && one.within(*--after)) {
                return std::to_string(after->value) + " was read before and after it was " +
                       (one.value == 0 ? "gone" : "replaced by " + std::to_string(one.value));
            }
        }
        return {};
    }

    std::atomic<std::uint64_t> clock_{1};
    std::vector<Event> events_;
};

}  // namespace tutti::testing
