#include "common/jobs/finished_reader.hpp"

#include <cstddef>
#include <utility>

#include "common/process/edge.hpp"

namespace tutti::services::jobs {
namespace {

constexpr const char* entries_at_a_time = "100";
constexpr std::chrono::seconds answer_margin{1};  // beyond the block
constexpr std::size_t job_id_length_max = 200;

// The value of that field of an entry; empty: there is none, or it cannot be a job's id.
std::string job_id_of(const redis::RedisReply& entry) {
    if (entry.elements.size() != 2) return {};
    const auto& fields = entry.elements[1].elements;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const std::string& id = fields[i + 1].text;
        if (fields[i].text == "jobId") return id.size() > job_id_length_max ? std::string() : id;
    }
    return {};
}

}  // namespace

FinishedReader::FinishedReader(redis::RedisClient& redis, Options options,
                               std::function<void(const std::string&)> announce)
    : redis_(redis),
      options_(std::move(options)),
      announce_(std::move(announce)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void FinishedReader::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        bool heard = false;
        const bool whole = process::contain("the reader of ended jobs", [&] {
            const auto read = read_once();
            note(read);
            heard = read.has_value();
        });
        if (!whole) ++failed_attempts_;
        if (!heard) pause(stop);
    }
}

Result<void> FinishedReader::read_once() {
    const auto reply =
        redis_.command({"XREAD", "COUNT", entries_at_a_time, "BLOCK",
                        std::to_string(options_.block.count()), "STREAMS", options_.stream, last_},
                       Boottime::now() + options_.block + answer_margin);
    if (!reply) return fail(reply.error());
    // Nil, or one stream: its name and its entries.
    if (reply->elements.empty()) return {};
    const redis::RedisReply& stream = reply->elements.front();
    if (stream.elements.size() == 2) announce_all(stream.elements[1]);
    return {};
}

void FinishedReader::announce_all(const redis::RedisReply& entries) {
    for (const redis::RedisReply& entry : entries.elements) {
        if (!entry.elements.empty()) last_ = entry.elements.front().text;
        if (const auto id = job_id_of(entry); !id.empty()) announce_(id);
    }
}

void FinishedReader::pause(const std::stop_token& stop) {
    detail::Lock lock(mutex_);
    const Duration duration = net::retry_after(options_.retry, failed_attempts_ - 1);
    stopped_.wait_for(lock, stop, duration, [] { return false; });
}

void FinishedReader::note(const Result<void>& read) {
    failed_attempts_ = read ? 0 : failed_attempts_ + 1;
    read ? outage_.worked() : outage_.failed(read.error().message());
}

}  // namespace tutti::services::jobs
