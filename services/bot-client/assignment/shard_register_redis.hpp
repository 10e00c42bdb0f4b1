// The register on a Redis: one hash, and one script that is a step.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <string>
#include <utility>

#include "bot-client/assignment/shard_register.hpp"
#include "common/redis/client.hpp"

namespace tutti::services::bot::assignment {

class RedisShardRegister final : public ShardRegister {
public:
    // Borrows the client. `key`: of the hash.
    explicit RedisShardRegister(redis::RedisClient& redis, std::string key = "bot-client:shards")
        : redis_(redis), key_(std::move(key)) {}

    [[nodiscard]] Result<Register> exchange(const Exchange& exchange, TimePoint deadline) override;

private:
    redis::RedisClient& redis_;
    const std::string key_;
};

// What the script has answered. Errors: protocol.
[[nodiscard]] Result<Register> read_register(const redis::RedisReply& reply);

}  // namespace tutti::services::bot::assignment
