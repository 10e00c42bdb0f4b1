// A fleet on real threads and one embedded hub, used through the public API: threads read while
// others change the source and invalidate, with and without an acknowledgement. What only real
// threads can get wrong is here (R2 and R3 of docs/coherence.md: what a reader does while a lease
// moves, what a load does while its key is invalidated); what time and the network can get wrong is
// the simulator's.
//
// The work is fixed, nothing sleeps, and no outcome depends on how fast the machine is. A seed
// decides what is done, and the scheduler in which order: a finding is replayed by trying again,
// mostly.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <vector>

#include "simulation/random.hpp"
#include "stress/ledger.hpp"
#include "tutti/cache.hpp"
#include "tutti/node.hpp"

namespace tutti::stress {

using simulation::Random;

struct Plan {
    std::uint64_t seed = 1;
    std::size_t nodes = 3;
    std::size_t keys = 6;
    std::size_t writers = 2;
    std::size_t writes = 600;    // of each writer
    std::size_t accidents = 12;  // one after the other, beside the writers
    Duration lease = std::chrono::milliseconds{100};
};

struct Findings {
    std::uint64_t reads = 0;
    std::uint64_t memory_hits = 0;
    std::uint64_t loads = 0;
    std::uint64_t done = 0;
    std::vector<std::string> violations;

    [[nodiscard]] bool kept() const noexcept { return violations.empty(); }
};

class Stress {
public:
    explicit Stress(const Plan& plan);

    [[nodiscard]] Findings run();

private:
    // All on one channel: what one of them invalidates concerns the others, too. The keys of
    // `numbered` are integers, whose text the others have as their keys.
    enum CacheIndex : std::size_t { plain, stored, numbered, cache_count };
    using Cache = Coherent<std::string, Version>;
    using NumberedCache = Coherent<std::uint64_t, Version>;

    struct Member {
        std::unique_ptr<Node> node;
        std::array<std::unique_ptr<Cache>, 2> caches;  // plain and stored
        std::unique_ptr<NumberedCache> numbers;
    };

    // Stands in the way of one thread: what comes to it waits until it is opened.
    class Gate {
    public:
        void pass() {
            reached_.release();
            opened_.acquire();
        }
        void wait_until_reached() { reached_.acquire(); }
        void open() { opened_.release(); }

    private:
        std::binary_semaphore reached_{0};
        std::binary_semaphore opened_{0};
    };

    // A read that has begun; it is judged when it is answered.
    class Reading {
    public:
        void wait() { answered_.acquire(); }
        void answered() { answered_.release(); }

    private:
        std::binary_semaphore answered_{0};
    };

    void declare(std::size_t member);
    template <class K>
    [[nodiscard]] std::unique_ptr<Coherent<K, Version>> declared(std::size_t member,
                                                                 CacheIndex cache);
    [[nodiscard]] Version load(std::size_t member, CacheIndex cache, std::size_t key);
    // What `use(cache, key)` returns.
    template <class Use>
    auto with(std::size_t member, CacheIndex cache, std::size_t key, Use use) {
        Member& its = members_[member];
        if (cache == numbered) return use(*its.numbers, std::uint64_t{key});
        return use(*its.caches.at(cache), std::to_string(key));
    }

    // What threads do.
    void keep_reading(std::size_t member, std::uint64_t seed);
    void keep_writing(std::uint64_t seed);
    void have_accidents(std::uint64_t seed);

    void read(std::size_t member, CacheIndex cache, std::size_t key);
    [[nodiscard]] std::shared_ptr<Reading> begin_to_read(std::size_t member, std::size_t key);
    void judge(std::size_t member, std::size_t key, const Ledger::Floor& owed,
               const Result<Lookup<Version>>& answer);
    void write(std::size_t member, CacheIndex cache, std::size_t key, Ack ack);
    void begin_to_write(std::size_t member, CacheIndex cache, std::size_t key);
    void invalidate_all(std::size_t member, CacheIndex cache);
    void told(std::size_t key, Version version, Ack ack, const Invalidation& outcome);

    // Accidents, of the plain cache: accidents.cpp.
    void hold_up(std::size_t held, std::size_t other);
    void load_across_a_change(std::size_t reading, std::size_t writing, Ack ack);
    void load_across_a_flush(std::size_t member);
    void join_while_held_up(std::size_t held, std::size_t other);
    void warm(std::size_t member, std::size_t key);
    void cool(std::size_t member, std::size_t key);
    [[nodiscard]] std::shared_ptr<Gate> stop_thread_of(std::size_t member);
    [[nodiscard]] std::shared_ptr<Gate> stop_next_load(std::size_t member, std::size_t key);

    const Plan plan_;
    // Of the accidents alone, behind those that all threads use.
    const std::size_t own_key_;
    const std::size_t spare_key_;
    Ledger ledger_;
    std::vector<Member> members_;

    std::atomic<bool> finished_ = false;  // readers stop
    std::atomic<std::size_t> unanswered_ = 0;
    std::atomic<std::uint64_t> reads_ = 0;
    std::atomic<std::uint64_t> memory_hits_ = 0;
    std::atomic<std::uint64_t> loads_ = 0;
    std::atomic<std::uint64_t> done_ = 0;

    std::mutex gate_mutex_;  // guards those below
    std::shared_ptr<Gate> next_load_;
    std::size_t next_load_member_ = 0;
    std::size_t next_load_key_ = 0;
};

[[nodiscard]] inline Findings stress(const Plan& plan) { return Stress(plan).run(); }

}  // namespace tutti::stress
