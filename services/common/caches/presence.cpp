#include "common/caches/presence.hpp"

#include <utility>

#include "common/domain/uuid.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::caches {
namespace {

using namespace std::chrono_literals;

constexpr Duration command_deadline = 1s;

// KEYS: the set. ARGV: member, milliseconds until it is forgotten. Answers how many there are.
constexpr const char* announce_script = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
)";

// Two instances may have been given one name.
std::string unique(const std::string& instance) { return instance + '#' + domain::random_uuid(); }

}  // namespace

Presence::Presence(redis::RedisClient& redis, Options options)
    : redis_(redis),
      options_(std::move(options)),
      key_(options_.app + ":instances:" + options_.service),
      member_(unique(options_.instance)) {
    tell();
    thread_ = std::thread([this] { run(); });
}

Presence::~Presence() { stop(); }

std::optional<std::size_t> Presence::count() const {
    const detail::Lock lock(mutex_);
    return count_;
}

void Presence::run() {
    detail::Lock lock(mutex_);
    const auto stopping = [this]() TUTTI_REQUIRES(mutex_) { return stopping_; };
    while (!changed_.wait_for(lock.waiting(), options_.announce_every, stopping)) {
        lock.unlock();
        process::contain("presence", [this] { tell(); });
        lock.lock();
    }
}

void Presence::tell() {
    const auto reply = redis_.command({"EVAL", announce_script, "1", key_, member_,
                                       std::to_string(options_.forgotten_after.count())},
                                      Boottime::now() + command_deadline);
    const bool known = reply && reply->integer > 0;
    const std::size_t count = known ? static_cast<std::size_t>(reply->integer) : 0;
    {
        const detail::Lock lock(mutex_);
        count_ = known ? std::optional(count) : std::nullopt;
    }
    if (!reply && !std::exchange(failing_, true)) {
        log::warn("how many instances run is unknown", reply.error().message());
    }
    if (!known) return;
    failing_ = false;
    if (std::exchange(reported_, count) != count && options_.on_change) options_.on_change(count);
}

void Presence::stop() {
    {
        const detail::Lock lock(mutex_);
        if (std::exchange(stopping_, true)) return;
    }
    changed_.notify_all();
    thread_.join();
    // What cannot be said now is forgotten by itself.
    (void)redis_.command({"ZREM", key_, member_}, Boottime::now() + command_deadline);
}

std::string presence_metrics_text(std::optional<std::size_t> count) {
    if (!count) return {};
    return MetricText()
        .metric("tutti_instances", MetricText::Type::gauge,
                "Instances of this service that run now.")
        .sample({}, *count)
        .text();
}

}  // namespace tutti::services::caches
