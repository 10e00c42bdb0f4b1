#include "api-gateway/ai_routes.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "api-gateway/generate_request.hpp"
#include "api-gateway/job_plan.hpp"
#include "common/errors.hpp"
#include "common/logging.hpp"
#include "tutti/json.hpp"

namespace tutti::services {
namespace {

using boost::json::object;

constexpr std::size_t job_id_length_max = 200;

std::string random_uuid() {
    boost::uuids::random_generator generator;
    return boost::uuids::to_string(generator());
}

object queued(const JobIds& ids) {
    return {{"jobId", ids.job_id}, {"requestId", ids.request_id}, {"status", "queued"}};
}

// Both shapes at once: clients read the job's id at the top, and the contract has an envelope.
HttpResponse duplicate(const JobIds& holder) {
    object body = queued(holder);
    body["success"] = true;
    body["data"] = queued(holder);
    return json_response(200, json::serialize(body));
}

HttpResponse not_enqueued(const Error& error, const std::string& request_id) {
    log::error(error.message());
    if (error.code == Errc::overloaded) {
        return error_response(ErrorCode::service_unavailable, "Too many requests are waiting",
                              request_id);
    }
    return error_response(ErrorCode::internal_error, "The request could not be queued", request_id);
}

HttpResponse generate(const AiParts& parts, const HttpRequest& http) {
    auto request = GenerateRequest::parse(http.body);
    if (!request) return error_response(ErrorCode::validation_error, request.error().cause);
    JobIds ids{.request_id = parts.make_request_id(), .job_id = {}};
    ids.job_id = "llm-" + ids.request_id;
    const std::string key = dedup_key(request->personality_name, request->user_id,
                                      request->channel_id, request->message_identity);

    const auto reservation = parts.deduplicator.reserve(key, ids);
    if (reservation.outcome == Reserved::Outcome::duplicate) return duplicate(reservation.holder);
    if (reservation.outcome != Reserved::Outcome::granted) {
        return error_response(ErrorCode::service_unavailable,
                              "Nobody can say whether this request runs already; try again",
                              ids.request_id);
    }
    parts.attachments.fetch(ids.request_id, request->attachments);
    const auto jobs = plan_jobs(*request, ids);
    const auto enqueued = parts.queue.enqueue(jobs, Boottime::now() + parts.queue_deadline);
    if (enqueued) return json_response(202, json::serialize(queued(ids)));
    if (enqueued.error().code != Errc::timeout) {
        reservation.release();
        parts.attachments.forget(ids.request_id);
    }
    return not_enqueued(enqueued.error(), ids.request_id);
}

// Answered at once, also with `wait=true`: whoever waits asks for the job, and holds none of our workers.
HttpResponse transcribe(const AiParts& parts, const HttpRequest& http) {
    const auto request = TranscribeRequest::parse(http.body);
    if (!request) return error_response(ErrorCode::validation_error, request.error().cause);
    const std::string request_id = parts.make_request_id();
    const Job job = plan_transcription(*request, request_id);
    const auto enqueued = parts.queue.enqueue({&job, 1}, Boottime::now() + parts.queue_deadline);
    if (!enqueued) return not_enqueued(enqueued.error(), request_id);
    return json_response(202,
                         json::serialize(queued({.request_id = request_id, .job_id = job.job_id})));
}

// Ids that the gateway hands out; anything else cannot be a job and is not looked up.
bool is_job_id(std::string_view id) {
    return !id.empty() && id.size() <= job_id_length_max && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

HttpResponse no_such_job() { return error_response(ErrorCode::job_not_found, "Job not found"); }

HttpResponse read_job(const AiParts& parts, const HttpRequest& http) {
    const std::string& job_id = http.parameter("jobId");
    if (!is_job_id(job_id)) return no_such_job();
    const auto found = parts.queue.status(job_id, Boottime::now() + parts.queue_deadline);
    if (!found) {
        log::error(found.error().message());
        return error_response(ErrorCode::internal_error, "The queue did not answer");
    }
    if (!*found) return no_such_job();
    object body{{"jobId", job_id}, {"status", (*found)->status}, {"progress", (*found)->progress}};
    body["result"] = nullptr;
    if ((*found)->result) {
        auto result = json::parse(*(*found)->result, json::depth_only);
        if (result) body["result"] = *std::move(result);
    }
    body["timestamp"] = iso_timestamp();
    return json_response(200, json::serialize(body));
}

HttpResponse confirm_delivery(const AiParts& parts, const HttpRequest& http) {
    const std::string& job_id = http.parameter("jobId");
    if (!is_job_id(job_id)) return no_such_job();
    const auto done = parts.results.confirm(job_id);
    if (!done) {
        log::error(done.error().message());
        return error_response(ErrorCode::internal_error, "The database did not answer");
    }
    if (!*done) return no_such_job();
    const object body{
        {"jobId", job_id},
        {"status", (*done)->status},
        {"message", (*done)->repeated ? "Delivery was confirmed before" : "Delivery confirmed"}};
    return json_response(200, json::serialize(body));
}

}  // namespace

std::vector<GatewayRoute> ai_routes(AiParts parts) {
    if (!parts.make_request_id) parts.make_request_id = random_uuid;
    const auto route = [&](const char* method, const char* pattern, auto handler) {
        return GatewayRoute{Access::service, method, pattern,
                            [parts, handler](const HttpRequest& r) { return handler(parts, r); }};
    };
    return {route("POST", "/ai/generate", generate), route("POST", "/ai/transcribe", transcribe),
            route("GET", "/ai/job/:jobId", read_job),
            route("POST", "/ai/job/:jobId/confirm-delivery", confirm_delivery)};
}

}  // namespace tutti::services
