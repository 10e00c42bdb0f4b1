#include "common/jobs/job_queue_redis.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "common/jobs/finished_reader.hpp"
#include "common/jobs/scripts.hpp"
#include "tutti/json.hpp"

namespace tutti::services::jobs {
namespace {

// Of what a worker wrote, what may be shown.
std::string shown_status(const std::string& status) {
    constexpr std::size_t length_max = 32;
    const bool word =
        !status.empty() && status.size() <= length_max && std::ranges::all_of(status, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        });
    return word ? status : "unknown";
}

JobStatus too_large() {
    return {
        .status = "failed",
        .progress = 100,
        .result = {},
        .error = "Its result is over " + std::to_string(domain::job_result_bytes_max) + " bytes"};
}

// status, progress, result, error, requestId, channel, reference
JobStatus read_record(const std::vector<redis::RedisReply>& fields) {
    const auto text = [](const redis::RedisReply& field) -> std::optional<std::string> {
        if (field.kind != redis::RedisReply::Kind::text) return std::nullopt;
        return field.text;
    };
    JobStatus status;
    status.status = shown_status(fields[0].text);
    const std::string& progress = fields[1].text;
    std::from_chars(progress.data(), progress.data() + progress.size(), status.progress);
    status.progress = std::clamp(status.progress, 0, 100);
    status.result = text(fields[2]);
    status.error = text(fields[3]);
    status.request_id = fields[4].text;
    status.reply = {.channel = fields[5].text, .reference = fields[6].text};
    if (status.result && status.result->size() > domain::job_result_bytes_max) return too_large();
    return status;
}

std::uint64_t count_of(const redis::RedisReply& reply) {
    return reply.integer < 0 ? 0 : static_cast<std::uint64_t>(reply.integer);
}

}  // namespace

RedisJobQueue::RedisJobQueue(redis::RedisClient& redis, Options options)
    : redis_(redis), options_(std::move(options)) {}
RedisJobQueue::~RedisJobQueue() = default;

void RedisJobQueue::listen(redis::RedisClient& own) {
    reader_ = std::make_unique<FinishedReader>(
        own, FinishedReader::Options{.stream = finished_key()},
        [this](const std::string& job_id) { endings_.announce(job_id); });
}

JobSubscription RedisJobQueue::on_finished(JobFinished subscriber) {
    return endings_.add(std::move(subscriber));
}

Result<void> RedisJobQueue::enqueue(std::span<const Job> jobs, TimePoint deadline) {
    const auto parents = parents_of(jobs);
    if (!parents) return fail(parents.error());
    std::vector<std::string> words{"1", options_.queue, std::to_string(options_.waiting_max),
                                   std::to_string(options_.waiting_bytes_max),
                                   std::to_string(live_record_ttl.count())};
    for (const Job& job : jobs) {
        const auto parent = parents->find(job.job_id);
        const bool has_children = !job.children.empty();
        words.insert(words.end(),
                     {job.job_id, job.request_id, job.name, job.data,
                      parent == parents->end() ? std::string() : parent->second,
                      has_children ? json::write(job.children) : std::string(),
                      std::to_string(job.children.size()), job.reply.channel, job.reply.reference});
    }
    const auto reply = redis_.run(scripts::enqueue, words, deadline);
    if (!reply) return fail(reply.error());
    if (reply->is_text("FULL")) return too_many_wait();
    if (reply->is_text("MIXED")) return known_among_others();
    return {};
}

Result<std::optional<JobStatus>> RedisJobQueue::status(const std::string& job_id,
                                                       TimePoint deadline) {
    const auto reply =
        redis_.command({"HMGET", record_key(options_.queue, job_id), "status", "progress", "result",
                        "error", "requestId", "channel", "reference", "name"},
                       deadline);
    // Over what the client takes of any reply.
    if (!reply && reply.error().code == Errc::too_large) return too_large();
    if (!reply) return fail(reply.error());
    const auto& fields = reply->elements;
    if (fields.size() != 8) return fail(Errc::protocol, "read a job", "not eight fields");
    const bool exists = std::ranges::any_of(
        fields, [](const auto& field) { return field.kind != redis::RedisReply::Kind::nil; });
    if (!exists) return std::nullopt;
    return read_record(fields);
}

Result<QueueMetrics> RedisJobQueue::metrics(TimePoint deadline) {
    const auto reply = redis_.run(scripts::figures, {"1", options_.queue}, deadline);
    if (!reply) return fail(reply.error());
    const auto& numbers = reply->elements;
    if (numbers.size() != 7) return fail(Errc::protocol, "count jobs", "not seven numbers");
    return QueueMetrics{.waiting = count_of(numbers[0]),
                        .active = count_of(numbers[1]),
                        .completed = count_of(numbers[2]),
                        .failed = count_of(numbers[3]),
                        .dead = count_of(numbers[4]),
                        .unknown_paid = count_of(numbers[5]),
                        .oldest_age = std::chrono::milliseconds(count_of(numbers[6]))};
}

}  // namespace tutti::services::jobs
