#include "api-gateway/jobs/job_plan.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <boost/json/array.hpp>

#include "common/domain/limits.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::jobs {
namespace {

using boost::json::array;
using boost::json::object;
using services::jobs::audio_job;
using services::jobs::image_job;
using services::jobs::reply_job;

constexpr const char* direct_message = "dm";  // in place of a channel

// Where attachments belong: the message itself, or a referenced one.
struct Origin {
    std::string prefix;                  // "<req>" or "<req>-ref<n>"
    std::optional<std::int64_t> number;  // of the referenced message
};

void say_trace(object& data, const std::string& traceparent) {
    if (!traceparent.empty()) data["traceparent"] = traceparent;
}

class Planner {
public:
    Planner(GenerateRequest request, const JobIds& ids, const std::string& traceparent)
        : request_(std::move(request)),
          ids_(ids),
          traceparent_(traceparent),
          reply_{.channel = request_.channel_id.value_or(direct_message),
                 .reference = request_.message_id.value_or("")} {}

    Result<std::vector<services::jobs::Job>> plan() {
        add(request_.attachments, {.prefix = ids_.request_id, .number = {}});
        for (const ReferencedMessage& reference : request_.references) {
            add(reference.attachments,
                {.prefix = ids_.request_id + "-ref" + std::to_string(reference.number),
                 .number = reference.number});
        }
        object data = std::move(request_.all);
        data.erase("traceparent");  // the header says it, not the body
        say_trace(data, traceparent_);
        if (!request_.attachments.empty())
            data["context"].as_object()["attachments"] = attachments();
        data["requestId"] = ids_.request_id;
        data["jobType"] = reply_job;
        data["dependencies"] = std::move(dependencies_);
        queue(ids_.job_id, reply_job, data);
        if (fits()) {
            jobs_.back().children = std::move(children_);
            jobs_.back().reply = reply_;
            return std::move(jobs_);
        }
        return fail(
            Errc::too_large, "plan jobs",
            "the request has too many attachments, or too much to say to each: it may become " +
                std::to_string(domain::plan_jobs_max) + " jobs of " +
                std::to_string(domain::plan_bytes_max) + " bytes together");
    }

private:
    // Those of the message, with where each came from.
    [[nodiscard]] array attachments() const {
        array all;
        for (const Attachment& attachment : request_.attachments) all.push_back(attachment.all);
        return all;
    }
    void add(const std::vector<Attachment>& attachments, const Origin& origin) {
        array images;
        std::size_t recordings = 0;
        for (const Attachment& attachment : attachments) {
            if (attachment.kind() == Attachment::Kind::image) images.push_back(attachment.all);
            if (attachment.kind() != Attachment::Kind::audio) continue;
            object data = common_data(audio_job, origin);
            data["attachment"] = attachment.all;
            push("audio-" + origin.prefix + "-audio-" + std::to_string(recordings++), audio_job,
                 data);
        }
        if (images.empty()) return;
        object data = common_data(image_job, origin);
        data["attachments"] = std::move(images);
        data["personality"] = request_.all.at("personality");
        push("image-" + origin.prefix + "-image", image_job, data);
    }
    [[nodiscard]] object common_data(const char* type, const Origin& origin) const {
        object context{{"userId", request_.user_id}};
        if (request_.channel_id) context["channelId"] = *request_.channel_id;
        object data{{"requestId", ids_.request_id}, {"jobType", type}};
        say_trace(data, traceparent_);
        data["context"] = std::move(context);
        if (origin.number) data["sourceReferenceNumber"] = *origin.number;
        if (const auto* key = request_.all.if_contains("userApiKey")) data["userApiKey"] = *key;
        return data;
    }
    void push(const std::string& job_id, const char* type, const object& data) {
        children_.push_back(job_id);
        dependencies_.push_back(object{{"jobId", job_id}, {"type", type}, {"status", "queued"}});
        queue(job_id, type, data);
    }
    // What is over the limit is not made.
    void queue(const std::string& job_id, const char* type, const object& data) {
        ++count_;
        if (!fits()) return;
        jobs_.push_back({.job_id = job_id,
                         .request_id = ids_.request_id,
                         .name = type,
                         .data = json::serialize(data)});
        bytes_ += jobs_.back().data.size();
    }
    [[nodiscard]] bool fits() const {
        return count_ <= domain::plan_jobs_max && bytes_ <= domain::plan_bytes_max;
    }

    GenerateRequest request_;
    const JobIds& ids_;
    const std::string& traceparent_;
    services::jobs::ReplyTo reply_;
    std::vector<services::jobs::Job> jobs_;
    array dependencies_;
    std::vector<std::string> children_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace

services::jobs::Job plan_transcription(const TranscribeRequest& request,
                                       const std::string& request_id,
                                       const std::string& traceparent) {
    object data{{"requestId", request_id},
                {"jobType", audio_job},
                {"context", object{{"userId", request.user_id}}},
                {"attachment", request.attachment.all}};
    say_trace(data, traceparent);
    return {.job_id = "audio-" + request_id,
            .request_id = request_id,
            .name = audio_job,
            .data = json::serialize(data)};
}

Result<std::vector<services::jobs::Job>> plan_jobs(GenerateRequest request, const JobIds& ids,
                                                   const std::string& traceparent) {
    return Planner(std::move(request), ids, traceparent).plan();
}

}  // namespace tutti::services::gateway::jobs
