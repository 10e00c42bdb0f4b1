// What a model is asked so that it answers as a personality: who it is, what was said before as far
// as there is room for it, and the message with what its pictures show and its recordings say.
//
// Pure: no I/O, no clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ai-worker/handlers/job_data.hpp"
#include "ai-worker/providers/models.hpp"
#include "common/jobs/job.hpp"

namespace tutti::services::worker::reply {

// What became of attachments, a line each, by the number of the referenced message that they belong
// to; 0 for those of the message itself.
using MediaLines = std::map<std::int64_t, std::vector<std::string>>;

// A child that failed, or whose result cannot be read, leaves a line that says that there is
// something.
[[nodiscard]] MediaLines media_lines(const std::vector<jobs::ChildEnd>& children,
                                     const std::string& request_id);

// `model` instead of the personality's, when there is one.
[[nodiscard]] providers::ReplyRequest make_request(const handlers::ReplyJob& job,
                                                   const MediaLines& media,
                                                   const std::optional<std::string>& model);

}  // namespace tutti::services::worker::reply
