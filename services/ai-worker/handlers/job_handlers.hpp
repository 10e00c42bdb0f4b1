// What the worker does with each kind of job: data in, outcome out. Everything else (leases,
// attempts, ends) is the queue's.
//
//     JobHandlers handlers({...});
//     jobs::JobOutcome outcome = handlers.handle(job, {.deadline = ..., .children = ...});
//
// A failure is retried when another attempt can help and costs nothing twice: what never reached a
// provider, what a busy one refused, what this process was too busy for, and a call of an earlier
// attempt of which nothing is known yet. Causes name no value of the job and no secret.
//
// Thread-safety: `handle` may be called from any thread, but not from a loader or a completion of
// the node.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ai-worker/handlers/job_data.hpp"
#include "ai-worker/providers/models.hpp"
#include "ai-worker/transcripts/recordings.hpp"
#include "ai-worker/vision/picture_descriptions.hpp"
#include "common/domain/media.hpp"
#include "common/jobs/job.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::worker::handlers {

struct WorkContext {
    TimePoint deadline;
    std::vector<jobs::ChildEnd> children{};
    domain::PayOnce pay{};  // outlives the call: caches keep it as long as their loads run
    std::stop_token stop{};
};

class JobHandlers {
public:
    // They outlive it.
    struct Parts {
        providers::ChatModel& chat;
        const vision::PictureDescriptions& pictures;
        const transcripts::Recordings& recordings;
        const capability::ModelCapability& capability;
    };
    struct Options {
        std::optional<std::string> model{};  // LLM_MODEL: instead of the personality's
        vision::VisionChoice vision{};
        bool users_keys_for_vision = true;  // the endpoint for pictures is that for replies
    };

    JobHandlers(Parts parts, Options options) : parts_(parts), options_(std::move(options)) {}

    // A name that is none of these is a failure, as is data that cannot be read.
    [[nodiscard]] jobs::JobOutcome handle(const jobs::Job& job, const WorkContext& context) const;

private:
    [[nodiscard]] jobs::JobOutcome describe(const ImageJob& job, const WorkContext& context) const;
    [[nodiscard]] domain::PictureQuestion question(const ImageJob& job,
                                                   const JobAttachment& attachment,
                                                   const std::string& model,
                                                   const WorkContext& context) const;
    [[nodiscard]] jobs::JobOutcome transcribe(const AudioJob& job,
                                              const WorkContext& context) const;
    [[nodiscard]] jobs::JobOutcome reply(const ReplyJob& job, const WorkContext& context) const;

    Parts parts_;
    Options options_;
};

}  // namespace tutti::services::worker::handlers
