// The shards that run in this process: starts their drivers, and says how all of them are.
//
//     ShardSet set({.token = token, .intents = intents, .ask = ..., .dispatch = ...}, budget);
//     auto shard = set.start({.shard_id = 0, .shard_count = 1});   // runs until it is destroyed
//
// Thread-safety: all functions may be called from any thread. Shutdown: the shards before the set,
// and the set before what the functions of the options use.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bot-client/assignment/running_shard.hpp"
#include "bot-client/shard/decompression.hpp"
#include "bot-client/shard/entrance.hpp"
#include "bot-client/shard/identify_budget.hpp"
#include "bot-client/shard/shard_session.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::assignment {

class ShardSet {
public:
    struct Options {
        process::Secret token{};
        std::uint32_t intents = 0;
        shard::Compression compression = shard::Compression::zlib_stream;
        std::function<Result<shard::Entrance>(TimePoint deadline)> ask{};
        // On the shard's thread: see ShardDriver.
        std::function<void(const shard::ShardSession::Dispatch& event)> dispatch{};
        // A shard can only go on when an operator has done what the error says.
        std::function<void(const Error& error)> ended{};
    };
    struct Figures {
        std::uint64_t shards = 0;
        std::uint64_t live = 0;
        shard::ShardSession::Figures sums{};  // of all shards, those that went included
    };

    // `budget` outlives it.
    ShardSet(Options options, shard::IdentifyBudget& budget);
    ~ShardSet();
    ShardSet(const ShardSet&) = delete;
    ShardSet& operator=(const ShardSet&) = delete;

    // Errors: those of ShardDriver::start.
    [[nodiscard]] Result<std::unique_ptr<RunningShard>> start(const ShardTask& task);

    // A sentence for each shard that does not receive events.
    [[nodiscard]] std::vector<std::string> not_live() const;
    [[nodiscard]] Figures figures() const;

private:
    class Driven;

    void add(const Driven& shard);
    void remove(const Driven& shard);

    const Options options_;
    shard::IdentifyBudget& budget_;
    mutable detail::Mutex mutex_;
    std::vector<const Driven*> shards_ TUTTI_GUARDED_BY(mutex_);
    shard::ShardSession::Figures gone_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti::services::bot::assignment
