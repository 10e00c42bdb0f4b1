#include "common/jobs/job_source_redis.hpp"

#include <algorithm>
#include <utility>

#include "common/jobs/job_queue_redis.hpp"
#include "common/jobs/scripts.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/json.hpp"

namespace tutti::services::jobs {
namespace {

using redis::RedisReply;

constexpr std::chrono::seconds answer_margin{1};  // beyond a wait

std::string decimal(std::chrono::milliseconds duration) { return std::to_string(duration.count()); }
std::string decimal(std::chrono::seconds duration) { return std::to_string(duration.count()); }

std::unexpected<Error> unreadable(const char* operation) {
    return fail(Errc::protocol, operation, "the script answered something else than it can");
}

// What claiming.lua says of a job.
Result<LeasedJob> read_job(const RedisReply& reply, const NextClaim& claim) {
    const auto& parts = reply.elements;
    if (parts.size() != 9) return unreadable("claim a job");
    return LeasedJob{
        .job = {.job_id = parts[0].text,
                .request_id = parts[3].text,
                .name = parts[4].text,
                .data = parts[5].text,
                .children = json::read<std::vector<std::string>>(parts[6].text)
                                .value_or(std::vector<std::string>()),
                .reply = {.channel = parts[7].text, .reference = parts[8].text}},
        .lease = {.job_id = parts[0].text, .token = claim.token, .ticket = parts[1].text},
        .attempt = static_cast<int>(std::clamp<std::int64_t>(parts[2].integer, 1, 1'000'000)),
        .asked_at = claim.asked_at};
}

}  // namespace

RedisJobSource::RedisJobSource(redis::RedisClient& redis, redis::RedisClient& waiting,
                               Options options)
    : redis_(redis),
      waiting_(waiting),
      options_(std::move(options)),
      token_(options_.leases.make_token()) {}

Result<RedisReply> RedisJobSource::run(const redis::Script& script,
                                       std::vector<std::string> arguments, TimePoint deadline) {
    std::vector<std::string> words{"1", options_.queue};
    std::ranges::move(arguments, std::back_inserter(words));
    return redis_.run(script, words, deadline);
}

Result<Hold> RedisJobSource::hold(const redis::Script& script, std::vector<std::string> arguments,
                                  TimePoint deadline) {
    const auto reply = run(script, std::move(arguments), deadline);
    if (!reply) return fail(reply.error());
    return reply->is_text("LOST") ? Hold::lost : Hold::held;
}

Result<std::optional<LeasedJob>> RedisJobSource::claim(const std::string& worker,
                                                       TimePoint deadline) {
    while (true) {
        auto claimed = claim_once(worker, deadline);
        if (!claimed) return fail(std::move(claimed).error());
        if (claimed->job) return std::move(claimed->job);
        if (woken_.exchange(false, std::memory_order_acq_rel) || Boottime::now() >= deadline) {
            return std::nullopt;
        }
        if (claimed->again) continue;
        if (auto waited = wait(*claimed, deadline); !waited) {
            return fail(std::move(waited).error());
        }
    }
}

void RedisJobSource::wake() { woken_.store(true, std::memory_order_release); }

Result<RedisJobSource::Claimed> RedisJobSource::claim_once(const std::string& worker,
                                                           TimePoint deadline) {
    // The lease of a claim that is repeated began with the first one.
    if (!answer_lost_) asked_at_ = Boottime::now();
    const NextClaim claim{
        .worker = worker, .token = token_, .asked_at = asked_at_, .repeats = answer_lost_};
    const auto reply = run(scripts::claim, claim_words(claim, cursor_),
                           std::max(deadline, Boottime::now() + answer_margin));
    if (!reply) {
        const Errc code = reply.error().code;
        answer_lost_ = answer_lost_ || (code != Errc::unavailable && code != Errc::refused);
        cursor_ = "0-0";
        return fail(reply.error());
    }
    answer_lost_ = false;
    auto claimed = read_claimed(*reply, claim);
    // One token, one lease.
    if (!claimed || claimed->job) token_ = options_.leases.make_token();
    return claimed;
}

std::vector<std::string> RedisJobSource::claim_words(const NextClaim& claim,
                                                     const std::string& cursor) const {
    return {claim.worker,
            claim.token,
            decimal(options_.leases.lease),
            std::to_string(options_.leases.attempts_max),
            process::iso_timestamp(),
            decimal(options_.record_ttl),
            decimal(live_record_ttl),
            cursor,
            claim.repeats ? "again" : "first",
            std::to_string(options_.job_bytes_max)};
}

void RedisJobSource::note_group(const RedisReply& made) {
    if (had_group_.exchange(true, std::memory_order_relaxed) && made.integer == 1) {
        log::warn("the group of workers was gone, as after FLUSHALL, and is made again");
    }
}

Result<RedisJobSource::Claimed> RedisJobSource::read_claimed(const RedisReply& reply,
                                                             const NextClaim& claim) {
    const auto& parts = reply.elements;
    if (parts.size() < 3) return unreadable("claim a job");
    cursor_ = parts[1].text;
    note_group(parts[2]);
    if (parts[0].is_text("MORE")) return Claimed{.again = true};
    if (parts[0].is_text("NONE") && parts.size() == 5) {
        return Claimed{.after = parts[3].text,
                       .free_in = std::chrono::milliseconds(parts[4].integer)};
    }
    if (!parts[0].is_text("JOB") || parts.size() != 4) return unreadable("claim a job");
    auto job = read_job(parts[3], claim);
    if (!job) return fail(std::move(job).error());
    return Claimed{.job = *std::move(job)};
}

Result<void> RedisJobSource::wait(const Claimed& nothing, TimePoint deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(time_left(deadline, Boottime::now()));
    const auto block =
        std::max(std::min({left, options_.block, nothing.free_in}), std::chrono::milliseconds{1});
    const auto read = waiting_.command(
        {"XREAD", "COUNT", "1", "BLOCK", decimal(block), "STREAMS", options_.queue, nothing.after},
        Boottime::now() + block + answer_margin);
    if (!read) return fail(read.error());
    return {};
}

Result<Hold> RedisJobSource::renew(const Lease& lease, TimePoint deadline) {
    return hold(scripts::renew, {lease.job_id, lease.token}, deadline);
}

Result<Hold> RedisJobSource::give_back(const Lease& lease, TimePoint deadline) {
    return hold(scripts::give_back, {lease.job_id, lease.token, decimal(options_.leases.lease)},
                deadline);
}

Result<Ended> RedisJobSource::end_and_claim(const Lease& lease, const JobOutcome& outcome,
                                            const NextClaim& next, TimePoint deadline) {
    const JobOutcome stored = storable(outcome);
    const auto* completed = std::get_if<Completed>(&stored);
    const auto* failed = std::get_if<Failed>(&stored);
    const char* status = completed != nullptr ? "completed" : failed->retry ? "retry" : "failed";
    auto words = claim_words(next, "0-0");
    words.insert(words.end(), {lease.job_id, lease.token, status,
                               completed != nullptr ? completed->result : failed->cause,
                               decimal(options_.leases.retry_after)});
    const auto reply = run(scripts::end_job, std::move(words), deadline);
    if (!reply) return fail(reply.error());
    const auto& parts = reply->elements;
    if (parts.size() < 2) return unreadable("end a job");
    if (!next.worker.empty()) note_group(parts[1]);
    Ended ended{.hold = parts[0].is_text("LOST") ? Hold::lost : Hold::held};
    if (parts.size() < 3) return ended;
    auto job = read_job(parts[2], next);
    // The end stands. What nobody can read lapses, and is a dead letter in the end.
    if (job) ended.next = *std::move(job);
    return ended;
}

Result<std::vector<ChildEnd>> RedisJobSource::children(const Job& job, TimePoint deadline) {
    std::vector<ChildEnd> ends;
    for (const std::string& child : job.children) {
        const auto reply = redis_.command(
            {"HMGET", record_key(options_.queue, child), "status", "name", "result", "error"},
            deadline);
        if (!reply) return fail(reply.error());
        if (reply->elements.size() != 4) return unreadable("read the end of a child");
        const auto& fields = reply->elements;
        ends.push_back({.job_id = child, .name = fields[1].text, .outcome = Failed{}});
        if (fields[0].is_text("completed")) {
            ends.back().outcome = Completed{fields[2].text};
        } else if (fields[0].is_text("failed")) {
            ends.back().outcome = Failed{fields[3].text};
        } else {
            ends.back().outcome = Failed{"its record is gone"};
        }
    }
    return ends;
}

Result<PaidCall> RedisJobSource::begin_paid(const Lease& lease, const std::string& call,
                                            TimePoint deadline) {
    const auto reply = run(scripts::begin_paid, {lease.job_id, lease.token, call}, deadline);
    if (!reply) return fail(reply.error());
    if (reply->elements.empty()) return unreadable("begin a paid call");
    const RedisReply& state = reply->elements[0];
    if (state.is_text("BEGUN")) return PaidCall{.state = PaidCall::State::begun};
    if (state.is_text("UNKNOWN")) return PaidCall{.state = PaidCall::State::unknown};
    if (state.is_text("LOST")) return PaidCall{.state = PaidCall::State::lost};
    if (!state.is_text("STORED") || reply->elements.size() != 2) {
        return unreadable("begin a paid call");
    }
    return PaidCall{.state = PaidCall::State::stored, .answer = reply->elements[1].text};
}

Result<Hold> RedisJobSource::store_paid(const Lease& lease, const std::string& call,
                                        const std::string& answer, TimePoint deadline) {
    return hold(scripts::store_paid, {lease.job_id, lease.token, call, answer}, deadline);
}

Result<Hold> RedisJobSource::cancel_paid(const Lease& lease, const std::string& call,
                                         TimePoint deadline) {
    return hold(scripts::cancel_paid, {lease.job_id, lease.token, call}, deadline);
}

Result<std::size_t> RedisJobSource::reap(const std::string& leaving, TimePoint deadline) {
    const auto reply = run(scripts::reap, {leaving, decimal(options_.forget_after)}, deadline);
    if (!reply) return fail(reply.error());
    return static_cast<std::size_t>(std::max<std::int64_t>(reply->integer, 0));
}

}  // namespace tutti::services::jobs
