// `pump` looks at all buckets after every event: they are few, because one that is not used and
// whose numbers have lapsed is dropped.
#include "bot-client/rest/call_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::bot::rest {
namespace {

using namespace std::chrono_literals;

constexpr Duration second = 1s;
constexpr Duration invalid_window = 10min;
// Discord's clock ends a window a little later than ours.
constexpr Duration slack = 50ms;
constexpr int limited_max = 3;
constexpr int hidden_max = 3;
constexpr std::size_t lost_webhooks_max = 1'000;

}  // namespace

std::string CallScheduler::bucket_key(const std::string& route, const std::string& major) const {
    const auto hash = hashes_.find(route);
    if (hash == hashes_.end()) return route + ' ' + major;
    return route.substr(0, route.find(' ')) + ' ' + hash->second + ' ' + major;
}

void CallScheduler::submit(Call call, const Route& route, TimePoint deadline, TimePoint now,
                           TimePoint not_before) {
    Waiting waiting{.call = call,
                    .route = route.method + ' ' + route.pattern,
                    .major = route.major,
                    .own_token = route.own_token,
                    .is_webhook = route.own_token && route.pattern.starts_with("/webhooks/"),
                    .deadline = deadline,
                    .since = now,
                    .not_before = not_before};
    if (waiting_ >= options_.waiting_max) {
        return refuse(waiting, {Errc::overloaded, {}, "too many calls wait for Discord's limits"});
    }
    ++waiting_;
    Bucket& bucket = buckets_[bucket_key(waiting.route, waiting.major)];
    bucket.waiting.push_back(std::move(waiting));
    pump(now);
}

void CallScheduler::refuse(const Waiting& call, Error error) {
    ++figures_.refused;
    effects_.refuse(call.call, std::move(error));
}

std::optional<Error> CallScheduler::refusal(const Waiting& call, TimePoint now) const {
    if (now >= call.deadline) {
        return Error{Errc::timeout, {}, "not sent: its turn did not come before its deadline"};
    }
    if (token_refused_ && !call.own_token) {
        return Error{Errc::refused, {}, "Discord does not know this token: set DISCORD_TOKEN"};
    }
    if (call.is_webhook && std::ranges::find(lost_webhooks_, call.major) != lost_webhooks_.end()) {
        return Error{Errc::refused, {}, "not sent: this webhook was deleted"};
    }
    if (invalid_.size() >= options_.invalid_max) {
        return Error{Errc::overloaded,
                     {},
                     "not sent: Discord refused so many calls (401, 403, 429) "
                     "in ten minutes that more would mean a ban"};
    }
    return std::nullopt;
}

TimePoint CallScheduler::pace_free_at() const {
    return sent_.size() < options_.per_second ? TimePoint::min() : sent_.front() + second;
}

TimePoint CallScheduler::ready_at(const Bucket& bucket, const Waiting& call) const {
    TimePoint when = std::max(call.not_before, bucket.blocked_until);
    if (bucket.numbers && bucket.numbers->remaining <= 0) {
        when = std::max(when, bucket.numbers->reset_at);
    }
    return call.own_token ? when : std::max({when, all_until_, pace_free_at()});
}

// With unknown numbers one call finds them out.
bool CallScheduler::has_turn(const Bucket& bucket) const {
    return bucket.numbers ? bucket.numbers->remaining > 0 : bucket.in_flight == 0;
}

void CallScheduler::lapse(Bucket& bucket, TimePoint now) const {
    if (bucket.numbers && now >= bucket.numbers->reset_at) bucket.numbers.reset();
}

void CallScheduler::send(const std::string& key, Bucket& bucket, Waiting call, TimePoint now) {
    ++bucket.in_flight;
    if (bucket.numbers) --bucket.numbers->remaining;
    if (!call.own_token) sent_.push_back(now);
    --waiting_;
    figures_.waited += now - call.since;
    const Call number = call.call;
    under_way_.insert_or_assign(number, UnderWay{.call = std::move(call), .bucket = key});
    effects_.go(number);
}

void CallScheduler::serve(const std::string& key, Bucket& bucket, TimePoint now) {
    lapse(bucket, now);
    auto at = bucket.waiting.begin();
    while (at != bucket.waiting.end()) {
        auto wrong = refusal(*at, now);
        const TimePoint ready = ready_at(bucket, *at);
        if (!wrong && ready > now && ready >= at->deadline) {
            wrong = Error{Errc::overloaded,
                          {},
                          "not sent: Discord's limit allows it only after its deadline"};
        }
        if (wrong) {
            const Waiting call = std::move(*at);
            at = bucket.waiting.erase(at);
            --waiting_;
            refuse(call, *std::move(wrong));
        } else if (ready <= now && has_turn(bucket)) {
            Waiting call = std::move(*at);
            at = bucket.waiting.erase(at);
            send(key, bucket, std::move(call), now);
        } else {
            wake_ = std::min({wake_, at->deadline, ready > now ? ready : TimePoint::max()});
            ++at;
        }
    }
}

void CallScheduler::pump(TimePoint now) {
    while (!sent_.empty() && sent_.front() + second <= now) sent_.pop_front();
    while (!invalid_.empty() && invalid_.front() + invalid_window <= now) invalid_.pop_front();
    wake_ = TimePoint::max();
    for (auto at = buckets_.begin(); at != buckets_.end();) {
        Bucket& bucket = at->second;
        serve(at->first, bucket, now);
        const bool used = !bucket.waiting.empty() || bucket.in_flight > 0 || bucket.numbers ||
                          bucket.blocked_until > now;
        at = used ? std::next(at) : buckets_.erase(at);
    }
    effects_.wake_at(wake_);
}

void CallScheduler::tick(TimePoint now) { pump(now); }

CallScheduler::Then CallScheduler::answered(Call call, const AnswerFacts& facts, TimePoint now) {
    auto found = under_way_.extract(call);
    if (found.empty()) return Then::done;
    UnderWay done = std::move(found.mapped());
    --buckets_[done.bucket].in_flight;
    if (facts.bucket) learn(done, *facts.bucket, now);
    Then then = Then::done;
    if (facts.status == 429) {
        then = limited(std::move(done), facts, now);
    } else {
        buckets_[done.bucket].hidden_in_a_row = 0;
        if (facts.status == 401 || facts.status == 403) count_invalid(now);
        if (facts.status == 401 && !done.call.own_token) token_refused_ = true;
        if (facts.status == 404 && facts.code == unknown_webhook && done.call.is_webhook) {
            if (lost_webhooks_.size() >= lost_webhooks_max) lost_webhooks_.pop_front();
            lost_webhooks_.push_back(done.call.major);
        }
    }
    pump(now);
    return then;
}

void CallScheduler::failed(Call call, TimePoint now) {
    const auto found = under_way_.extract(call);
    if (!found.empty()) --buckets_[found.mapped().bucket].in_flight;
    pump(now);
}

void CallScheduler::forget(Call call, TimePoint now) {
    for (auto& [key, bucket] : buckets_) {
        waiting_ -=
            std::erase_if(bucket.waiting, [call](const Waiting& one) { return one.call == call; });
    }
    pump(now);
}

void CallScheduler::count_invalid(TimePoint now) { invalid_.push_back(now); }

// What is under way in the bucket is unknown to the answer, and taken off.
void CallScheduler::learn(UnderWay& done, const BucketFacts& facts, TimePoint now) {
    const auto known = hashes_.find(done.call.route);
    if (known == hashes_.end() || known->second != facts.hash) {
        hashes_.insert_or_assign(done.call.route, facts.hash);
        move_waiting(done.call.route);
        done.bucket = bucket_key(done.call.route, done.call.major);
    }
    Bucket& bucket = buckets_[done.bucket];
    lapse(bucket, now);
    const std::int64_t left = std::max<std::int64_t>(facts.remaining - bucket.in_flight, 0);
    const TimePoint reset_at = now + facts.reset_after + slack;
    if (!bucket.numbers) {
        bucket.numbers = {.limit = facts.limit, .remaining = left, .reset_at = reset_at};
        return;
    }
    bucket.numbers->limit = facts.limit;
    bucket.numbers->remaining = std::min(bucket.numbers->remaining, left);
    bucket.numbers->reset_at = std::max(bucket.numbers->reset_at, reset_at);
}

// To the buckets that the hash says. What is under way is counted off where it was counted.
void CallScheduler::move_waiting(const std::string& route) {
    std::deque<Waiting> moved;
    for (auto& [key, bucket] : buckets_) {
        std::erase_if(bucket.waiting, [&](Waiting& call) {
            if (call.route != route) return false;
            moved.push_back(std::move(call));
            return true;
        });
    }
    for (Waiting& call : moved) {
        buckets_[bucket_key(call.route, call.major)].waiting.push_back(std::move(call));
    }
}

CallScheduler::Then CallScheduler::limited(UnderWay done, const AnswerFacts& facts, TimePoint now) {
    Bucket& bucket = buckets_[done.bucket];
    const TimePoint until = now + facts.retry_after + slack;
    const bool nothing_known = facts.scope == LimitScope::none && !facts.bucket;
    if (facts.scope != LimitScope::shared) count_invalid(now);
    if (facts.scope == LimitScope::shared) {
        ++figures_.limited_shared;
        bucket.blocked_until = std::max(bucket.blocked_until, until);
    } else if (facts.scope == LimitScope::global || nothing_known) {
        ++figures_.limited_global;
        all_until_ = std::max(all_until_, until);
        if (done.call.own_token) done.call.not_before = until;
    } else if (!facts.bucket || facts.bucket->remaining == 0) {
        ++figures_.limited_user;
        bucket.blocked_until = std::max(bucket.blocked_until, until);
    } else {
        ++figures_.limited_hidden;
        done.call.not_before = until;
        if (++bucket.hidden_in_a_row >= hidden_max) {
            bucket.blocked_until = std::max(bucket.blocked_until, until);
        }
    }
    if (++done.call.limited > limited_max) return Then::done;
    ++waiting_;
    bucket.waiting.push_front(std::move(done.call));
    return Then::goes_again;
}

CallScheduler::Figures CallScheduler::figures() const {
    Figures figures = figures_;
    figures.waiting = waiting_;
    figures.in_flight = under_way_.size();
    figures.buckets = buckets_.size();
    figures.invalid = invalid_.size();
    return figures;
}

}  // namespace tutti::services::bot::rest
