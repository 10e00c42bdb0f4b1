// The shards of this process: those that it leases over Redis, the one that the settings name, or,
// without Redis, all of them.
//
//     OwnShards shards({.set = {...}, .redis_url = url, .name = name, .hosts = {"discord.gg"}});
//     shards.start();
//     shards.stop();          // leased ones are given back, with their sessions
//
// How many shards the bot has is a setting, or what Discord recommends; until it answers none runs.
//
// Thread-safety: all functions may be called from any thread; `start` and `stop` from one, which is
// none of the shards'. Shutdown: what `ask` waits for must be stopped before `stop`.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bot-client/assignment/running_shard.hpp"
#include "bot-client/assignment/shard_keeper.hpp"
#include "bot-client/assignment/shard_register_redis.hpp"
#include "bot-client/assignment/shard_set.hpp"
#include "bot-client/shard/identify_budget.hpp"
#include "common/redis/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::assignment {

class OwnShards {
public:
    struct Options {
        ShardSet::Options set{};
        std::optional<std::uint32_t> id{};       // this one alone; needs `count`
        std::optional<std::uint32_t> count{};    // unset: as Discord recommends
        std::optional<std::string> redis_url{};  // without an `id` they are leased there
        std::string name{};                      // of this instance
        OptionDuration lease = std::chrono::seconds(10);
        std::vector<std::string> hosts{};  // see ShardKeeper
    };

    explicit OwnShards(Options options);
    ~OwnShards() { stop(); }
    OwnShards(const OwnShards&) = delete;
    OwnShards& operator=(const OwnShards&) = delete;

    // Once. Errors: invalid_option; unavailable (no thread).
    [[nodiscard]] Result<void> start();
    // Blocking: two seconds at most when they are leased, otherwise a second for each. Idempotent.
    void stop();

    // Why this process is not ready: none runs that should, or one does not receive events.
    [[nodiscard]] std::vector<std::string> reasons() const;
    [[nodiscard]] ShardSet::Figures figures() const;
    // Nothing: they are not leased, or it is not known yet how many there are.
    [[nodiscard]] std::optional<ShardKeeper::Figures> leases() const;

private:
    // All that is there once the number of shards is known.
    struct Begun {
        Begun(std::unique_ptr<shard::IdentifyBudget> of_all, const ShardSet::Options& options)
            : budget(std::move(of_all)), set(options, *budget) {}

        std::unique_ptr<shard::IdentifyBudget> budget;
        ShardSet set;
        std::vector<std::unique_ptr<RunningShard>> fixed;
        std::unique_ptr<RedisShardRegister> shards;  // none: not leased
        std::unique_ptr<ShardKeeper> keeper;         // likewise
    };

    [[nodiscard]] bool leased() const { return options_.redis_url && !options_.id; }
    void find_count();
    [[nodiscard]] Result<void> begin(std::uint32_t count);
    [[nodiscard]] Result<void> lease_them(Begun& begun, std::uint32_t count) const;
    [[nodiscard]] Result<void> run_fixed(Begun& begun, std::uint32_t count) const;
    void pause(Duration longest);
    [[nodiscard]] bool is_stopping() const;
    [[nodiscard]] Begun* begun() const;

    const Options options_;
    const std::string member_;                          // a word that no other process has
    std::unique_ptr<redis::RedisClient> lease_redis_;   // a renewal waits for no budget
    std::unique_ptr<redis::RedisClient> budget_redis_;  // both: none when not leased

    mutable detail::Mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ TUTTI_GUARDED_BY(mutex_) = false;
    std::unique_ptr<Begun> begun_ TUTTI_GUARDED_BY(mutex_);  // set once
    std::thread thread_;                                     // last: it uses all of them
};

}  // namespace tutti::services::bot::assignment
