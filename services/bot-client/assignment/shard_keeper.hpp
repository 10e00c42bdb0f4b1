// Runs the shards of this instance: those that a ShardLeases holds, on a thread that asks the
// register every second.
//
//     RedisShardRegister shards(*redis);
//     auto keeper = ShardKeeper::start({.leases = {.member = member, .count = count},
//                                       .start = ... /* ShardSet::start */},
//                                      shards);
//
// A shard that is given back is stopped first, and its session goes with it: the instance that
// takes it resumes. A session from the register is resumed only where `hosts` says, because the
// token is sent there; otherwise the shard begins one of its own.
//
// Thread-safety: all functions may be called from any thread, but `stop` from none that the shards
// run on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bot-client/assignment/running_shard.hpp"
#include "bot-client/assignment/shard_leases.hpp"
#include "bot-client/assignment/shard_register.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::assignment {

class ShardKeeper {
public:
    struct Options {
        ShardLeases::Options leases{};
        OptionDuration every = std::chrono::seconds(1);  // a step
        std::vector<std::string> hosts{"discord.gg"};    // and all below
        StartShard start{};
    };
    struct Figures {
        ShardLeases::Figures leases{};
        std::uint32_t count = 0;  // of shards, of the whole fleet; zero: not known yet
        std::size_t running = 0;  // here
        std::uint64_t steps = 0;
        std::uint64_t steps_failed = 0;
    };

    // `shards` outlives it. Errors: invalid_option; unavailable (no thread).
    [[nodiscard]] static Result<std::unique_ptr<ShardKeeper>> start(Options options,
                                                                    ShardRegister& shards);
    // Stops.
    ~ShardKeeper();
    ShardKeeper(const ShardKeeper&) = delete;
    ShardKeeper& operator=(const ShardKeeper&) = delete;

    [[nodiscard]] Figures figures() const;
    // The numbers of those that run here.
    [[nodiscard]] std::vector<std::uint32_t> running() const;

    // Stops all shards and gives them back. Blocking: two seconds at most, and as long as a shard's
    // functions take to return. Idempotent.
    void stop();

private:
    struct Running {
        std::uint64_t tenure = 0;
        std::unique_ptr<RunningShard> shard;
        bool asked_to_leave = false;
    };

    ShardKeeper(Options options, ShardRegister& shards);
    void run();
    void round();
    void step(TimePoint deadline);
    void note_session();
    [[nodiscard]] bool take_noted_session();
    void follow();
    void follow_running(TimePoint now);
    bool goes_on(std::uint32_t shard, Running& running, TimePoint now);
    void start_held(TimePoint now);
    void start_one(std::uint32_t shard, const ShardLeases::Tenure& tenure);
    void give_all_back();
    void publish();
    void pause(Duration longest);
    [[nodiscard]] ShardLeases::Sessions sessions(TimePoint now) const;
    [[nodiscard]] bool is_stopping() const;
    void wait_for_next();

    const Options options_;
    ShardRegister& shards_;

    // Of the thread.
    ShardLeases leases_;
    std::map<std::uint32_t, Running> running_;
    TimePoint next_step_{};
    bool failing_ = false;  // and the log knows

    mutable detail::Mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ TUTTI_GUARDED_BY(mutex_) = false;
    // The register does not know it yet: what comes before it does is lost with this process.
    bool session_begun_ TUTTI_GUARDED_BY(mutex_) = false;
    Figures figures_ TUTTI_GUARDED_BY(mutex_);
    std::vector<std::uint32_t> shown_ TUTTI_GUARDED_BY(mutex_);
    std::thread thread_;  // last: it uses all of them
};

// Prometheus text.
[[nodiscard]] std::string shard_metrics_text(const ShardKeeper::Figures& figures);

}  // namespace tutti::services::bot::assignment
