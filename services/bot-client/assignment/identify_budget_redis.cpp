#include "bot-client/assignment/identify_budget_redis.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "bot-client/assignment/scripts.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;
using shard::SessionStarts;

constexpr Duration answer_max = 1s;
// Longer than a shard may take from its grant to its identify.
constexpr std::chrono::milliseconds grant_holds = 30s;
// Between the answer of GET /gateway/bot and the identify; then the next answer has it.
constexpr std::chrono::milliseconds counted_after = 30s;
constexpr const char* prefix = "bot-client:identify";

std::string decimal(Duration duration) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

std::string key_of(const std::string& rest) { return std::string(prefix) + ':' + rest; }
std::string pace_key() { return key_of("pace"); }
std::string uncounted_key() { return key_of("uncounted"); }

}  // namespace

RedisIdentifyBudget::RedisIdentifyBudget(redis::RedisClient& redis, std::string member,
                                         Options options)
    : redis_(redis), member_(std::move(member)), options_(options) {}

RedisIdentifyBudget::Asked RedisIdentifyBudget::asked(std::uint32_t shard_id,
                                                      const SessionStarts& starts) {
    const detail::Lock lock(mutex_);
    Asked& asked = asked_[shard_id];
    if (asked.token.empty()) {
        asked.token = member_ + ':' + std::to_string(shard_id) + ':' + std::to_string(++tokens_);
    }
    asked.rest = std::to_string(rest_of(starts, shard_id));
    return asked;
}

std::optional<RedisIdentifyBudget::Asked> RedisIdentifyBudget::end(std::uint32_t shard_id) {
    const detail::Lock lock(mutex_);
    auto found = asked_.extract(shard_id);
    return found.empty() ? std::nullopt : std::optional(std::move(found.mapped()));
}

Duration RedisIdentifyBudget::take(const SessionStarts& starts, std::uint32_t shard_id,
                                   TimePoint /*now*/) {
    if (starts.remaining <= reserve(options_, starts)) {
        return std::max<Duration>(starts.reset_after, ask_again);
    }
    const Asked question = asked(shard_id, starts);
    const auto reply =
        redis_.run(scripts::take_identify,
                   {"3", key_of(question.rest), pace_key(), uncounted_key(), question.token,
                    decimal(grant_holds), std::to_string(starts.remaining),
                    std::to_string(reserve(options_, starts)), std::to_string(options_.at_once),
                    decimal(options_.every), decimal(counted_after)},
                   Boottime::now() + answer_max);
    if (!reply || reply->kind != redis::RedisReply::Kind::integer) {
        log::warn("no session of Discord is begun: Redis does not say whether one may");
        return ask_again;
    }
    return std::chrono::milliseconds(std::clamp<std::int64_t>(reply->integer, 0, 3'600'000));
}

bool RedisIdentifyBudget::spend(std::uint32_t shard_id, TimePoint /*now*/) {
    const auto grant = end(shard_id);
    if (!grant) return false;
    const auto reply = redis_.run(scripts::spend_identify,
                                  {"1", key_of(grant->rest), grant->token, decimal(apart)},
                                  Boottime::now() + answer_max);
    return reply && reply->integer == 1;
}

void RedisIdentifyBudget::give_back(std::uint32_t shard_id) {
    const auto grant = end(shard_id);
    if (!grant) return;
    // What cannot be given back lapses.
    (void)redis_.run(scripts::give_back_identify,
                     {"3", key_of(grant->rest), pace_key(), uncounted_key(), grant->token,
                      decimal(options_.every)},
                     Boottime::now() + answer_max);
}

}  // namespace tutti::services::bot::assignment
