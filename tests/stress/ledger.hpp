// What readers on real threads may see. A key's versions only grow; a writer notes here what it was
// told, and each read is held to what had been noted before it began:
//
//   local         `invalidate` has returned on this node (docs/coherence.md: local)
//   acknowledged  some `invalidate` was answered `done`
//   bounded       it was `published` longer ago than the lease; the clocks here do not drift
//
// Thread-safety: every function may be called from any thread. What a reader loads (acquire) pairs
// with what a writer stores (release) once it was told; nothing else orders them, least of all a
// lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"

namespace tutti::stress {

using Version = std::uint64_t;

class Ledger {
public:
    struct Floor {
        Version local = 0;
        Version acknowledged = 0;
        Version bounded = 0;
    };

    // `versions_max`: of one key.
    Ledger(std::size_t nodes, std::size_t keys, std::size_t versions_max, Duration lease);

    [[nodiscard]] Version commit(std::size_t key);
    [[nodiscard]] Version source(std::size_t key) const;

    // What a writer is told.
    void invalidated(std::size_t node, std::size_t key, Version version);
    void published(std::size_t key, Version version, TimePoint when);
    void done(std::size_t key, Version version);

    // Of a read that begins now.
    [[nodiscard]] Floor floor(std::size_t node, std::size_t key) const;
    void judge(std::string_view read, const Floor& owed, std::size_t key, Version seen);

    void report(std::string what);
    [[nodiscard]] bool kept() const noexcept { return kept_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::vector<std::string> violations() const;  // the first few

private:
    struct Row {
        Row(std::size_t nodes, std::size_t versions_max)
            : local(nodes), published_at(versions_max + 1) {}

        std::atomic<Version> committed = 0;
        std::atomic<Version> done = 0;
        std::vector<std::atomic<Version>> local;               // by node
        std::vector<std::atomic<Duration::rep>> published_at;  // by version; zero: not known
    };

    [[nodiscard]] Version bounded(const Row& row) const;

    const Duration lease_;
    std::deque<Row> rows_;  // atomics do not move
    std::atomic<bool> kept_ = true;
    mutable std::mutex mutex_;  // guards violations_
    std::vector<std::string> violations_;
};

}  // namespace tutti::stress
