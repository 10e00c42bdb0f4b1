// The budget of all processes of a bot together, on the Redis that they share: what one has begun
// the others wait for, and what Discord has not counted yet is counted here.
//
// While Redis does not answer no session begins. A grant that is never spent, because its process
// has died, lapses after 30 s. An empty Redis forgets the last seconds, no more: what remains of a
// day Discord says, before each session.
//
// Thread-safety: all functions may be called from any thread. Blocking: a second at most.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "bot-client/shard/identify_budget.hpp"
#include "common/redis/client.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::bot::assignment {

class RedisIdentifyBudget final : public shard::IdentifyBudget {
public:
    // Borrows the client. `member`: a word that no other process has.
    RedisIdentifyBudget(redis::RedisClient& redis, std::string member, Options options);
    RedisIdentifyBudget(redis::RedisClient& redis, std::string member)
        : RedisIdentifyBudget(redis, std::move(member), Options{}) {}

    [[nodiscard]] Duration take(const shard::SessionStarts& starts, std::uint32_t shard_id,
                                TimePoint now) override;
    [[nodiscard]] bool spend(std::uint32_t shard_id, TimePoint now) override;
    void give_back(std::uint32_t shard_id) override;

private:
    // What a shard has asked for last. The same question again has the same token: its answer may
    // have been lost.
    struct Asked {
        std::string token;
        std::string rest;
    };

    [[nodiscard]] Asked asked(std::uint32_t shard_id, const shard::SessionStarts& starts);
    [[nodiscard]] std::optional<Asked> end(std::uint32_t shard_id);

    redis::RedisClient& redis_;
    const std::string member_;
    const Options options_;
    detail::Mutex mutex_;
    std::uint64_t tokens_ TUTTI_GUARDED_BY(mutex_) = 0;
    std::map<std::uint32_t, Asked> asked_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti::services::bot::assignment
