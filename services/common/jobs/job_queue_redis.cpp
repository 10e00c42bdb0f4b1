// One script for each operation that must not be torn apart: two gateways and any number of workers use
// the same stream. What counts as waiting is what no group has read yet; the length of the stream says
// less, because it also holds what is read and not trimmed.
#include "common/jobs/job_queue_redis.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "common/jobs/finished_reader.hpp"

namespace tutti::services::jobs {
namespace {

// Answers {waiting, active}. A group's lag is nil when entries were deleted before it read them; then
// the whole stream counts.
const std::string load_function = R"(
local function load(stream)
  local length = redis.call('XLEN', stream)
  if length == 0 then return {0, 0} end
  local waiting, active = 0, 0
  local groups = redis.call('XINFO', 'GROUPS', stream)
  for _, group in ipairs(groups) do
    local lag = length
    for i = 1, #group, 2 do
      if group[i] == 'lag' and group[i + 1] then lag = group[i + 1] end
      if group[i] == 'pending' then active = active + group[i + 1] end
    end
    waiting = math.max(waiting, lag)
  end
  if #groups == 0 then waiting = length end
  return {waiting, active}
end
)";

// KEYS: the stream, and that of what has ended. Answers {waiting, active, completed, failed}; the newest 2000
// are looked at even if a worker does not trim.
const std::string metrics_script = load_function + R"(
local numbers = load(KEYS[1])
local ended = {completed = 0, failed = 0}
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 2000)) do
  local fields = entry[2]
  for i = 1, #fields, 2 do
    local status = fields[i + 1]
    if fields[i] == 'status' and ended[status] then ended[status] = ended[status] + 1 end
  end
end
return {numbers[1], numbers[2], ended.completed, ended.failed}
)";

// KEYS: the stream, then a record for each job. ARGV: waiting_max, waiting_bytes_max, the bytes of
// these jobs, stream_max, ttl (s), then jobId, requestId, name and data of each job. What the
// stream takes in memory counts as far as it waits.
const std::string enqueue_script = load_function + R"(
if redis.call('EXISTS', KEYS[2]) == 1 then return 'KNOWN' end
local jobs = #KEYS - 1
local length = redis.call('XLEN', KEYS[1])
if length + jobs > tonumber(ARGV[1]) and load(KEYS[1])[1] + jobs > tonumber(ARGV[1]) then
  return 'FULL'
end
local bytes = redis.pcall('MEMORY', 'USAGE', KEYS[1])
if type(bytes) == 'number' and bytes + ARGV[3] > tonumber(ARGV[2])
    and bytes * load(KEYS[1])[1] / length + ARGV[3] > tonumber(ARGV[2]) then
  return 'FULL'
end
local time = redis.call('TIME')
local now = time[1] .. string.format('%03d', math.floor(time[2] / 1000))
for i = 1, jobs do
  local job = 4 * i + 2
  redis.call('HSET', KEYS[i + 1], 'requestId', ARGV[job + 1], 'name', ARGV[job + 2],
      'status', 'waiting', 'progress', '0', 'timestamp', now)
  redis.call('EXPIRE', KEYS[i + 1], ARGV[5])
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'jobId', ARGV[job],
      'requestId', ARGV[job + 1], 'name', ARGV[job + 2], 'data', ARGV[job + 3])
end
return 'ADDED'
)";

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

JobStatus read_record(const std::vector<redis::RedisReply>& fields) {
    JobStatus status;
    status.status = shown_status({});
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const std::string& value = fields[i + 1].text;
        if (fields[i].text == "status") status.status = shown_status(value);
        if (fields[i].text == "result") status.result = value;
        if (fields[i].text == "error") status.error = value;
        if (fields[i].text == "progress") {
            std::from_chars(value.data(), value.data() + value.size(), status.progress);
        }
    }
    status.progress = std::clamp(status.progress, 0, 100);
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
        [this](const std::string& job_id) { endings_.tell(job_id); });
}

JobSubscription RedisJobQueue::on_finished(JobFinished subscriber) {
    return endings_.add(std::move(subscriber));
}

std::string RedisJobQueue::record_key(const std::string& job_id) const {
    return options_.queue + ":job:" + job_id;
}

Result<void> RedisJobQueue::enqueue(std::span<const Job> jobs, TimePoint deadline) {
    std::vector<std::string> words{"EVAL", enqueue_script, std::to_string(jobs.size() + 1),
                                   options_.queue};
    for (const Job& job : jobs) words.push_back(record_key(job.job_id));
    std::size_t bytes = 0;
    for (const Job& job : jobs) bytes += job.data.size();
    words.push_back(std::to_string(options_.waiting_max));
    words.push_back(std::to_string(options_.waiting_bytes_max));
    words.push_back(std::to_string(bytes));
    // Twice what may wait, so that what is trimmed has been read.
    words.push_back(std::to_string(2 * options_.waiting_max));
    words.push_back(std::to_string(options_.record_ttl.count()));
    for (const Job& job : jobs) {
        words.insert(words.end(), {job.job_id, job.request_id, job.name, job.data});
    }
    const auto reply = redis_.command(words, deadline);
    if (!reply) return fail(reply.error());
    if (!reply->is_text("FULL")) return {};
    return fail(Errc::overloaded, "enqueue", "too many jobs wait for a worker");
}

Result<std::optional<JobStatus>> RedisJobQueue::status(const std::string& job_id,
                                                       TimePoint deadline) {
    const auto reply = redis_.command({"HGETALL", record_key(job_id)}, deadline);
    // Over what the client takes of any reply.
    if (!reply && reply.error().code == Errc::too_large) return too_large();
    if (!reply) return fail(reply.error());
    if (reply->elements.empty()) return std::nullopt;
    return read_record(reply->elements);
}

Result<QueueMetrics> RedisJobQueue::metrics(TimePoint deadline) {
    const auto reply =
        redis_.command({"EVAL", metrics_script, "2", options_.queue, finished_key()}, deadline);
    if (!reply) return fail(reply.error());
    if (reply->elements.size() != 4) return fail(Errc::protocol, "count jobs", "not four numbers");
    return QueueMetrics{.waiting = count_of(reply->elements[0]),
                        .active = count_of(reply->elements[1]),
                        .completed = count_of(reply->elements[2]),
                        .failed = count_of(reply->elements[3])};
}

}  // namespace tutti::services::jobs
