#include "bot-client/assignment/own_shards.hpp"

#include <algorithm>
#include <utility>

#include "bot-client/assignment/identify_budget_redis.hpp"
#include "common/domain/uuid.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;

constexpr Duration ask_within = 10s;
constexpr Duration ask_again = 5s;
constexpr std::int32_t at_once_beside_shards = 20;

// Each shard may begin at once, and some of them again.
shard::IdentifyBudget::Options budget_options(std::uint32_t count) {
    return {.at_once = static_cast<std::int32_t>(count) + at_once_beside_shards};
}

}  // namespace

OwnShards::OwnShards(Options options)
    : options_(std::move(options)), member_(options_.name + '#' + domain::random_uuid()) {}

Result<void> OwnShards::start() {
    if (leased()) {
        auto leases =
            redis::RedisClient::create({.url = *options_.redis_url, .connections_max = 1});
        if (!leases) return fail(std::move(leases).error());
        auto budget =
            redis::RedisClient::create({.url = *options_.redis_url, .connections_max = 2});
        if (!budget) return fail(std::move(budget).error());
        lease_redis_ = *std::move(leases);
        budget_redis_ = *std::move(budget);
    }
    if (options_.count) return begin(*options_.count);
    return process::as_result(Errc::unavailable, [this]() -> Result<void> {
        thread_ = std::thread([this] { process::contain("shards", [this] { find_count(); }); });
        return {};
    });
}

void OwnShards::find_count() {
    bool told = false;
    while (!is_stopping()) {
        const auto entrance = options_.set.ask(Boottime::now() + ask_within);
        if (entrance) {
            const auto most = std::int64_t{shard_count_max};
            const auto count = std::clamp<std::int64_t>(entrance->shards, 1, most);
            const auto begun = begin(static_cast<std::uint32_t>(count));
            if (!begun && options_.set.ended) options_.set.ended(begun.error());
            return;
        }
        if (entrance.error().code == Errc::refused) {
            if (options_.set.ended) options_.set.ended(entrance.error());
            return;
        }
        if (!is_stopping() && !std::exchange(told, true)) {
            log::warn("how many shards the bot has is not known yet", entrance.error().message());
        }
        pause(ask_again);
    }
}

Result<void> OwnShards::begin(std::uint32_t count) {
    auto begun = std::make_unique<Begun>(
        leased() ? std::unique_ptr<shard::IdentifyBudget>(std::make_unique<RedisIdentifyBudget>(
                       *budget_redis_, member_, budget_options(count)))
                 : std::make_unique<shard::InProcessIdentifyBudget>(budget_options(count)),
        options_.set);
    auto running = leased() ? lease_them(*begun, count) : run_fixed(*begun, count);
    if (!running) return running;
    const detail::Lock lock(mutex_);
    begun_ = std::move(begun);
    return {};
}

Result<void> OwnShards::lease_them(Begun& begun, std::uint32_t count) const {
    begun.shards = std::make_unique<RedisShardRegister>(*lease_redis_);
    auto keeper = ShardKeeper::start(
        {.leases = {.member = member_, .count = count, .lease = options_.lease},
         // What is given back is left to others for a fifth of a lease: they need two steps.
         .every = std::min<Duration>(1s, options_.lease / 10),
         .hosts = options_.hosts,
         .start = [&set = begun.set](const ShardTask& task) { return set.start(task); }},
        *begun.shards);
    if (!keeper) return fail(std::move(keeper).error());
    begun.keeper = *std::move(keeper);
    return {};
}

Result<void> OwnShards::run_fixed(Begun& begun, std::uint32_t count) const {
    const std::uint32_t first = options_.id.value_or(0);
    const std::uint32_t end = options_.id ? first + 1 : count;
    for (std::uint32_t id = first; id < end; ++id) {
        auto shard = begun.set.start({.shard_id = id, .shard_count = count});
        if (!shard) return fail(std::move(shard).error());
        begun.fixed.push_back(*std::move(shard));
    }
    return {};
}

void OwnShards::pause(Duration longest) {
    detail::Lock lock(mutex_);
    if (!stopping_) changed_.wait_for(lock.waiting(), longest);
}

bool OwnShards::is_stopping() const {
    const detail::Lock lock(mutex_);
    return stopping_;
}

OwnShards::Begun* OwnShards::begun() const {
    const detail::Lock lock(mutex_);
    return begun_.get();
}

void OwnShards::stop() {
    {
        const detail::Lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    Begun* const begun = this->begun();
    if (begun == nullptr) return;
    if (begun->keeper) begun->keeper->stop();
    begun->fixed.clear();
}

std::vector<std::string> OwnShards::reasons() const {
    const Begun* const begun = this->begun();
    if (begun == nullptr) return {"how many shards of Discord there are is not known yet"};
    if (begun->set.figures().shards > 0) return begun->set.not_live();
    if (begun->keeper) {
        const auto figures = begun->keeper->figures();
        // More instances than shards: this one stands by.
        if (figures.count > 0 && figures.leases.members > figures.count) return {};
    }
    return {"no shard of Discord runs here"};
}

ShardSet::Figures OwnShards::figures() const {
    const Begun* const begun = this->begun();
    return begun == nullptr ? ShardSet::Figures{} : begun->set.figures();
}

std::optional<ShardKeeper::Figures> OwnShards::leases() const {
    const Begun* const begun = this->begun();
    if (begun == nullptr || !begun->keeper) return std::nullopt;
    return begun->keeper->figures();
}

}  // namespace tutti::services::bot::assignment
