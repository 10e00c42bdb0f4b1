#include "ai-worker/handlers/job_data.hpp"

#include <limits>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "common/domain/limits.hpp"
#include "tutti/json.hpp"

namespace tutti::services::worker::handlers {
namespace {

// As the gateway bounds what it makes of one request.
constexpr JsonLimits job_limits{.bytes_max = domain::plan_bytes_max,
                                .values_max = std::numeric_limits<std::size_t>::max()};

Result<std::string> read_message(std::string_view data) {
    const auto parsed = json::parse(data, job_limits);
    if (!parsed) return fail(parsed.error());
    const auto* message =
        parsed->is_object() ? parsed->get_object().if_contains("message") : nullptr;
    if (message == nullptr) return fail(Errc::protocol, "read json", "message: missing");
    if (message->is_string()) {
        return std::string(message->get_string().data(), message->get_string().size());
    }
    const auto* content =
        message->is_object() ? message->get_object().if_contains("content") : nullptr;
    if (content != nullptr && content->is_string()) {
        return std::string(content->get_string().data(), content->get_string().size());
    }
    return json::serialize(*message);
}

}  // namespace

Result<ImageJob> ImageJob::parse(std::string_view data) {
    return json::read<ImageJob>(data, job_limits);
}

Result<AudioJob> AudioJob::parse(std::string_view data) {
    return json::read<AudioJob>(data, job_limits);
}

Result<ReplyJob> ReplyJob::parse(std::string_view data) {
    auto job = json::read<ReplyJob>(data, job_limits);
    if (!job) return job;
    auto message = read_message(data);
    if (!message) return fail(std::move(message).error());
    job->message = *std::move(message);
    return job;
}

}  // namespace tutti::services::worker::handlers
