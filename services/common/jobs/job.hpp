// What a job is, to the service that enqueues it and to the worker that carries it out.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tutti/error.hpp"

namespace tutti::services::jobs {

// The names of jobs.
inline constexpr const char* image_job = "image-description";
inline constexpr const char* audio_job = "audio-transcription";
inline constexpr const char* reply_job = "llm-generation";
inline constexpr const char* delivery_job = "reply-delivery";

// Where the result of a job goes: to any bot, which says it in that channel, as an answer to that
// reference (a message's id, say). Both mean nothing to the queue. A job without a channel has no
// reader of its own: its result stays in its record. That of any other is also a job of the bots:
// see deliveries.hpp.
struct ReplyTo {
    std::string channel;
    std::string reference;

    friend bool operator==(const ReplyTo&, const ReplyTo&) = default;
};

struct Job {
    std::string job_id;
    std::string request_id;
    std::string name;  // one of the names above
    std::string data;  // JSON
    // Ids of jobs that stand before it in the same call of `enqueue`. It is handed to a worker when
    // all of them have ended, in whatever way.
    std::vector<std::string> children{};
    ReplyTo reply{};

    friend bool operator==(const Job&, const Job&) = default;
};

struct JobStatus {
    std::string status;  // waiting, waiting-children, active, completed, failed, or another word
    int progress = 0;    // percent
    std::optional<std::string> result;   // JSON
    std::optional<std::string> error{};  // of a failed one; a worker's text, of any length
    std::string request_id{};
    ReplyTo reply{};

    [[nodiscard]] bool ended() const { return status == "completed" || status == "failed"; }
};

// How the work on a job went.
struct Completed {
    std::string result;  // JSON, at most domain::job_result_bytes_max

    friend bool operator==(const Completed&, const Completed&) = default;
};
struct Failed {
    std::string cause;  // is shown to users and operators: no secrets
    // Later, while attempts are left; the attempt is spent. After the last one the job has failed,
    // and has an entry in the stream of dead letters.
    bool retry = false;

    friend bool operator==(const Failed&, const Failed&) = default;
};
using JobOutcome = std::variant<Completed, Failed>;

// What can be kept of an outcome: a result that is too large is a failure without retry, and a
// cause is short text without control characters.
[[nodiscard]] JobOutcome storable(JobOutcome outcome);

// What the bots get of an outcome, as JSON: of a failed one {"requestId","success":false,"error"}.
[[nodiscard]] std::string result_text(const std::string& request_id, const JobOutcome& outcome);

// How a child ended, for its parent.
struct ChildEnd {
    std::string job_id;
    std::string name;
    JobOutcome outcome;  // `retry` is false
};

// Child to parent. Errors: invalid_option.
[[nodiscard]] Result<std::map<std::string, std::string>> parents_of(std::span<const Job> jobs);

// Why jobs are not enqueued.
[[nodiscard]] std::unexpected<Error> too_many_wait();
[[nodiscard]] std::unexpected<Error> known_among_others();

}  // namespace tutti::services::jobs
