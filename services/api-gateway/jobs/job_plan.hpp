// Which jobs a request needs: one that writes the reply, and before it those that turn its
// attachments into text. The order is that of the queue; the last job names the others, and waits
// for them.
//
//     llm-<req>                        the reply; the jobs below are its children, and its
//     `dependencies` audio-<req>-audio-<i>            for each recording of the message
//     image-<req>-image                for all its images together
//     audio-<req>-ref<n>-audio-<i>     the same for referenced message n
//     image-<req>-ref<n>-image
//
// Bounded (common/domain/limits.hpp): a small request that says a long thing for every picture
// would fill the queue.
//
// Pure: no I/O, no clock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api-gateway/jobs/deduplicator.hpp"
#include "api-gateway/jobs/generate_request.hpp"
#include "common/jobs/job_queue.hpp"

namespace tutti::services::gateway::jobs {

inline constexpr std::string_view reply_job_prefix = "llm-";

// Errors: too_large, more jobs or bytes than one request may become; the cause can be shown.
// `traceparent`: of the trace that the request belongs to, for the workers; empty: of none.
[[nodiscard]] Result<std::vector<services::jobs::Job>> plan_jobs(
    GenerateRequest request, const JobIds& ids, const std::string& traceparent = {});

// `audio-<req>`.
[[nodiscard]] services::jobs::Job plan_transcription(const TranscribeRequest& request,
                                                     const std::string& request_id,
                                                     const std::string& traceparent = {});

}  // namespace tutti::services::gateway::jobs
