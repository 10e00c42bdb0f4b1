#include "api-gateway/routes/ai_routes.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>

#include "api-gateway/jobs/generate_request.hpp"
#include "api-gateway/jobs/job_plan.hpp"
#include "api-gateway/jobs/result_keeper.hpp"
#include "common/domain/uuid.hpp"
#include "common/http/errors.hpp"
#include "common/process/logging.hpp"
#include "common/process/text.hpp"
#include "common/process/timestamps.hpp"
#include "common/process/trace_context.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

using boost::json::object;

constexpr std::size_t job_id_length_max = 200;
constexpr std::size_t failure_length_max = 500;
constexpr std::size_t client_key_length_max = 255;

object queued(const jobs::JobIds& ids) {
    return {{"jobId", ids.job_id}, {"requestId", ids.request_id}, {"status", "queued"}};
}

// Ids that the gateway hands out; anything else cannot be a job and is not looked up.
bool is_job_id(std::string_view id) {
    return !id.empty() && id.size() <= job_id_length_max && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

http::Response nobody_can_say(const std::string& request_id) {
    return http::error_response(http::ErrorCode::service_unavailable,
                                "Nobody can say whether this request runs already; try again",
                                request_id);
}

// A reservation alone is no job: its holder may still be on the way to the queue, or may have died
// before it. In both shapes at once: clients read the job's id at the top, and the contract has an
// envelope.
http::Response duplicate_of(const AiParts& parts, const jobs::JobIds& holder,
                            const std::string& request_id) {
    if (!is_job_id(holder.job_id)) return nobody_can_say(request_id);
    const auto known = parts.queue.status(holder.job_id, Boottime::now() + parts.queue_deadline);
    if (!known) log::error("jobs", known.error().message());
    if (!known || !*known) return nobody_can_say(request_id);
    object body = queued(holder);
    body["success"] = true;
    body["data"] = queued(holder);
    return http::json_response(200, json::serialize(body));
}

http::Response not_enqueued(const Error& error, const std::string& request_id) {
    log::error("jobs", error.message());
    if (error.code == Errc::overloaded) {
        return http::error_response(http::ErrorCode::service_unavailable,
                                    "Too many requests are waiting", request_id);
    }
    return http::error_response(http::ErrorCode::internal_error, "The request could not be queued",
                                request_id);
}

// What the client calls this request, if it does.
std::optional<std::string_view> client_key(const http::Request& http) {
    return http.headers.find("Idempotency-Key");
}

bool is_client_key(std::string_view key) {
    return !key.empty() && key.size() <= client_key_length_max &&
           std::ranges::all_of(key, [](char c) { return c > ' ' && c < '\x7f'; });
}

// What makes two requests the same: the client's key, else what is in them.
std::string identity_of(const jobs::GenerateRequest& request,
                        const std::optional<std::string_view>& own_key) {
    const std::string& personality = request.personality_name;
    const std::string& user = request.user_id;
    return own_key
               ? jobs::client_dedup_key(personality, user, request.channel_id, *own_key)
               : jobs::dedup_key(personality, user, request.channel_id, request.message_identity);
}

// A client's key has one job, so a request that comes when its reservation is over is no other
// one as long as the queue knows that job.
jobs::JobIds make_ids(const AiParts& parts, const std::string& identity, bool has_own_key) {
    jobs::JobIds ids{.request_id = has_own_key ? domain::name_uuid("request:" + identity)
                                               : parts.make_request_id(),
                     .job_id = {}};
    ids.job_id = std::string(jobs::reply_job_prefix) + ids.request_id;
    return ids;
}

bool is_known(const AiParts& parts, const std::string& job_id) {
    const auto known = parts.queue.status(job_id, Boottime::now() + parts.queue_deadline);
    return known && *known;
}

// After any other error they may be in the queue.
bool surely_not_enqueued(Errc code) {
    return code == Errc::overloaded || code == Errc::unavailable || code == Errc::refused;
}

http::Response generate(const AiParts& parts, const http::Request& http) {
    const auto own_key = client_key(http);
    if (own_key && !is_client_key(*own_key)) {
        return http::error_response(http::ErrorCode::validation_error,
                                    "Idempotency-Key: must be 1 to 255 visible ASCII characters");
    }
    auto request = jobs::GenerateRequest::parse(http.body, parts.attachments.hosts());
    if (!request)
        return http::error_response(http::ErrorCode::validation_error, request.error().cause);
    const std::string identity = identity_of(*request, own_key);
    const jobs::JobIds ids = make_ids(parts, identity, own_key.has_value());
    const auto reservation =
        (own_key ? parts.by_client_key : parts.deduplicator).reserve(identity, ids);
    if (reservation.outcome == jobs::Reserved::Outcome::duplicate) {
        return duplicate_of(parts, reservation.holder, ids.request_id);
    }
    if (reservation.outcome != jobs::Reserved::Outcome::granted)
        return nobody_can_say(ids.request_id);
    if (own_key && is_known(parts, ids.job_id)) return duplicate_of(parts, ids, ids.request_id);
    parts.attachments.fetch(ids.request_id, request->attachments);
    const auto give_up = [&] {
        reservation.release();
        parts.attachments.forget(ids.request_id);
    };
    const auto jobs = jobs::plan_jobs(*std::move(request), ids, process::present_traceparent());
    if (!jobs) {
        give_up();
        return http::error_response(http::ErrorCode::validation_error, jobs.error().cause,
                                    ids.request_id);
    }
    const auto enqueued = parts.queue.enqueue(*jobs, Boottime::now() + parts.queue_deadline);
    if (enqueued) return http::json_response(202, json::serialize(queued(ids)));
    if (surely_not_enqueued(enqueued.error().code)) give_up();
    return not_enqueued(enqueued.error(), ids.request_id);
}

boost::json::value result_of(const services::jobs::JobStatus& status) {
    if (!status.result) return nullptr;
    auto result = json::parse(*status.result, json::any_length);
    if (result) return *std::move(result);
    log::warn("the result of a job is left out", result.error().cause);
    return nullptr;
}

// A worker may have written anything.
std::string shown(std::string_view error) {
    if (error.empty()) return "The job failed";
    return std::string(process::cut_utf8(error, failure_length_max));
}

http::Response transcribed(const jobs::JobIds& ids,
                           const Result<services::jobs::JobStatus>& outcome) {
    if (!outcome) {
        return http::error_response(http::ErrorCode::job_failed, outcome.error().cause,
                                    ids.request_id);
    }
    if (outcome->status != "completed") {
        return http::error_response(http::ErrorCode::job_failed, shown(outcome->error.value_or("")),
                                    ids.request_id);
    }
    object body = queued(ids);
    body["status"] = outcome->status;
    body["result"] = result_of(*outcome);
    body["timestamp"] = process::iso_timestamp();
    return http::json_response(200, json::serialize(body));
}

http::Response transcribe(const AiParts& parts, const http::Request& http) {
    const auto request = jobs::TranscribeRequest::parse(http.body, parts.attachments.hosts());
    if (!request)
        return http::error_response(http::ErrorCode::validation_error, request.error().cause);
    const std::string request_id = parts.make_request_id();
    const services::jobs::Job job =
        jobs::plan_transcription(*request, request_id, process::present_traceparent());
    const jobs::JobIds ids{.request_id = request_id, .job_id = job.job_id};
    const auto enqueue = [parts, job] {
        return parts.queue.enqueue({&job, 1}, Boottime::now() + parts.queue_deadline);
    };
    if (http.query_value("wait") != "true") {
        const auto enqueued = enqueue();
        return enqueued ? http::json_response(200, json::serialize(queued(ids)))
                        : not_enqueued(enqueued.error(), request_id);
    }
    // Queued by the start: a request that may not wait is not queued either.
    return http::deferred_response([parts, ids, enqueue](const http::Answer& answer) {
        const auto enqueued = enqueue();
        if (enqueued) {
            return parts.waits.wait(
                ids.job_id, [answer, ids](const Result<services::jobs::JobStatus>& outcome) {
                    answer(transcribed(ids, outcome));
                });
        }
        answer(not_enqueued(enqueued.error(), ids.request_id));
        return std::function<void()>();
    });
}

http::Response no_such_job() {
    return http::error_response(http::ErrorCode::job_not_found, "Job not found");
}

// The queue has forgotten it, after its hour or because Redis lost it.
http::Response read_kept_job(const AiParts& parts, const std::string& job_id) {
    const auto kept = parts.results.find(job_id);
    if (!kept) {
        log::error("jobs", kept.error().message());
        return http::error_response(http::ErrorCode::internal_error, "The database did not answer");
    }
    if (!*kept) return no_such_job();
    auto result = result_of({.status = "completed", .result = (*kept)->result});
    const auto* success = result.is_object() ? result.get_object().if_contains("success") : nullptr;
    const bool failed = success != nullptr && success->is_bool() && !success->get_bool();
    object body{{"jobId", job_id}, {"status", failed ? "failed" : "completed"}, {"progress", 100}};
    body["result"] = std::move(result);
    body["delivery"] = (*kept)->status;
    body["timestamp"] = process::iso_timestamp();
    return http::json_response(200, json::serialize(body));
}

http::Response read_job(const AiParts& parts, const http::Request& http) {
    const std::string& job_id = http.parameter("jobId");
    if (!is_job_id(job_id)) return no_such_job();
    const auto found = parts.queue.status(job_id, Boottime::now() + parts.queue_deadline);
    if (!found) {
        log::error("jobs", found.error().message());
        return http::error_response(http::ErrorCode::internal_error, "The queue did not answer");
    }
    if (!*found) return read_kept_job(parts, job_id);
    object body{{"jobId", job_id}, {"status", (*found)->status}, {"progress", (*found)->progress}};
    body["result"] = result_of(**found);
    if ((*found)->ended() && !(*found)->reply.channel.empty()) {
        const auto kept = parts.results.find(job_id);
        if (kept && *kept) body["delivery"] = (*kept)->status;
    }
    body["timestamp"] = process::iso_timestamp();
    return http::json_response(200, json::serialize(body));
}

// A bot may be faster than the gateway that keeps the result, and one that was away has not heard
// of it.
Result<std::optional<jobs::Delivery>> confirm(const AiParts& parts, const std::string& job_id) {
    auto done = parts.results.confirm(job_id);
    if (!done || *done) return done;
    const auto left =
        jobs::result_for_a_channel(parts.queue, job_id, Boottime::now() + parts.queue_deadline);
    if (!left) return fail(left.error());
    if (!*left) return std::nullopt;
    if (auto stored = parts.results.store(**left); !stored) return fail(std::move(stored).error());
    return parts.results.confirm(job_id);
}

http::Response confirm_delivery(const AiParts& parts, const http::Request& http) {
    const std::string& job_id = http.parameter("jobId");
    if (!is_job_id(job_id)) return no_such_job();
    const auto done = confirm(parts, job_id);
    if (!done) {
        log::error("jobs", done.error().message());
        return http::error_response(http::ErrorCode::internal_error, "The database did not answer");
    }
    if (!*done) return no_such_job();
    const object body{
        {"jobId", job_id},
        {"status", (*done)->status},
        {"message", (*done)->repeated ? "Delivery was confirmed before" : "Delivery confirmed"}};
    return http::json_response(200, json::serialize(body));
}

}  // namespace

std::vector<GatewayRoute> ai_routes(AiParts parts) {
    if (!parts.make_request_id) parts.make_request_id = domain::random_uuid;
    const auto route = [&](const char* method, const char* pattern, auto handler) {
        return GatewayRoute{Access::service, method, pattern,
                            [parts, handler](const http::Request& r) { return handler(parts, r); }};
    };
    return {route("POST", "/ai/generate", generate), route("POST", "/ai/transcribe", transcribe),
            route("GET", "/ai/job/:jobId", read_job),
            route("POST", "/ai/job/:jobId/confirm-delivery", confirm_delivery)};
}

}  // namespace tutti::services::gateway::routes
