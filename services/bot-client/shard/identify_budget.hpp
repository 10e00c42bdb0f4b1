// How many sessions may begin. Discord allows 1000 in 24 hours for all shards of a bot; the one
// that is over it ends all of them, and the token with them. And of shards whose numbers leave the
// same rest, divided by `max_concurrency`, one may begin in five seconds.
//
// What Discord says that remains counts for the whole fleet, so it is asked anew before each
// session; some of it is kept back for people who repair. Besides, a few sessions begin at once and
// then one in 90 s, so that a fault that repeats itself cannot spend a day's.
//
// A session: `take`, and then `spend` or `give_back`, exactly one of both.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>

#include "bot-client/shard/entrance.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::bot::shard {

class IdentifyBudget {
public:
    struct Options {
        std::int64_t kept_back = 50;  // of Discord's, or a tenth of them when they are few
        std::int32_t at_once = 20;
        OptionDuration every = std::chrono::seconds(90);  // one more, after those
    };

    virtual ~IdentifyBudget() = default;

    // Zero: the shard may identify. Otherwise nothing was taken, and so long it is in vain to ask
    // Discord again.
    [[nodiscard]] virtual Duration take(const SessionStarts& starts, std::uint32_t shard_id,
                                        TimePoint now) = 0;
    // The shard identifies now. False: what it took has lapsed, and it must not.
    [[nodiscard]] virtual bool spend(std::uint32_t shard_id, TimePoint now) = 0;
    // It has not identified.
    virtual void give_back(std::uint32_t shard_id) = 0;

protected:
    // Of two shards with one rest, the second one begins so long after the first.
    static constexpr Duration apart = std::chrono::seconds(5);
    static constexpr Duration ask_again = std::chrono::seconds(1);

    [[nodiscard]] static std::int64_t reserve(const Options& options, const SessionStarts& starts) {
        return std::min(options.kept_back, starts.total / 10);
    }
    // Shards with the same number here do not begin at the same time.
    [[nodiscard]] static std::int64_t rest_of(const SessionStarts& starts, std::uint32_t shard_id) {
        return shard_id % std::max<std::int64_t>(starts.max_concurrency, 1);
    }
};

// Of the shards of one process. Blocking: never.
class InProcessIdentifyBudget final : public IdentifyBudget {
public:
    explicit InProcessIdentifyBudget(Options options) : options_(options) {}
    InProcessIdentifyBudget() : InProcessIdentifyBudget(Options{}) {}

    [[nodiscard]] Duration take(const SessionStarts& starts, std::uint32_t shard_id,
                                TimePoint now) override;
    [[nodiscard]] bool spend(std::uint32_t shard_id, TimePoint now) override;
    void give_back(std::uint32_t shard_id) override;

private:
    struct Begin {
        std::int64_t rest;
        TimePoint free_at;  // max: taken, not yet identified
    };

    const Options options_;
    detail::Mutex mutex_;
    std::map<std::uint32_t, Begin> begun_ TUTTI_GUARDED_BY(mutex_);  // by shard, the last of each
    // The own pace: a session costs `every`, and everything up to here is spent.
    TimePoint spent_until_ TUTTI_GUARDED_BY(mutex_){};
};

}  // namespace tutti::services::bot::shard
