#include "ai-worker/handlers/job_handlers.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>
#include <variant>

#include "ai-worker/reply/prompt.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"
#include "common/process/span.hpp"
#include "common/process/trace_context.hpp"
#include "tutti/json.hpp"

namespace tutti::services::worker::handlers {
namespace {

using namespace std::chrono_literals;
using jobs::Completed;
using jobs::Failed;
using jobs::JobOutcome;
using providers::Answered;

constexpr std::size_t pictures_at_a_time = 4;
constexpr Duration reply_deadline = 480s;  // of all attempts

// Another attempt may help, and nothing is billed twice by it.
bool may_retry(Errc code) {
    return code == Errc::unavailable || code == Errc::overloaded || code == Errc::stopped ||
           code == Errc::suspect || code == Errc::cancelled;
}

Failed failed(const Error& error) {
    return {.cause = error.message(), .retry = may_retry(error.code)};
}

// The queue knows that it is not ours any more, or gives it back.
JobOutcome given_up() { return Failed{.cause = "the worker stops", .retry = true}; }

template <class Job, class Work>
JobOutcome parsed(const jobs::Job& from, const Work& work) {
    const auto job = Job::parse(from.data);
    if (!job) {
        return Failed{.cause = "the job cannot be read: " + job.error().cause, .retry = false};
    }
    process::Span span(from.name, process::SpanKind::consumer,
                       process::TraceContext::parse(job->traceparent.value_or("")));
    span.note("messaging.message.id", from.job_id);
    JobOutcome outcome = work(*job);
    if (std::holds_alternative<Failed>(outcome)) span.fail();
    return outcome;
}

// Each index once, by a few threads, this one included.
template <class Each>
void for_each_index(std::size_t count, const Each& each) {
    std::atomic<std::size_t> next{0};
    const auto work = [&, trace = process::present_trace()] {
        const process::TraceScope scope(trace);
        for (std::size_t i = next++; i < count; i = next++) each(i);
    };
    std::vector<std::jthread> others;
    process::contain("pictures wait for each other", [&] {
        for (std::size_t i = 1; i < std::min(count, pictures_at_a_time); ++i) {
            others.emplace_back([&work] { process::contain("a picture", work); });
        }
    });
    work();
}

}  // namespace

JobOutcome JobHandlers::handle(const jobs::Job& job, const WorkContext& context) const {
    if (context.stop.stop_requested()) return given_up();
    if (job.name == jobs::image_job) {
        return parsed<ImageJob>(job, [&](const ImageJob& of) { return describe(of, context); });
    }
    if (job.name == jobs::audio_job) {
        return parsed<AudioJob>(job, [&](const AudioJob& of) { return transcribe(of, context); });
    }
    if (job.name == jobs::reply_job) {
        return parsed<ReplyJob>(job, [&](const ReplyJob& of) { return reply(of, context); });
    }
    return Failed{.cause = "the job is of no kind that this worker knows", .retry = false};
}

domain::PictureQuestion JobHandlers::question(const ImageJob& job, const JobAttachment& attachment,
                                              const std::string& model,
                                              const WorkContext& context) const {
    domain::PictureQuestion asked{.picture = attachment.media_key(),
                                  .place = attachment.place(),
                                  .content_type = attachment.content_type,
                                  .model = model,
                                  .tier = vision::tier_of(model),
                                  .key = {},
                                  .pay = context.pay};
    if (options_.users_keys_for_vision) asked.key = process::Secret(job.user_api_key.value_or(""));
    return asked;
}

JobOutcome JobHandlers::describe(const ImageJob& job, const WorkContext& context) const {
    const bool has_key = options_.users_keys_for_vision && !job.user_api_key.value_or("").empty();
    const std::string model = vision::vision_model_for(
        {.vision_model = job.personality.vision_model.value_or(""),
         .model = options_.model.value_or(job.personality.model_or_default()),
         .payer = has_key ? vision::Payer::user : vision::Payer::guest},
        options_.vision, parts_.capability);
    std::vector<std::optional<Answered<domain::VisionDescription>>> answers(job.attachments.size());
    for_each_index(answers.size(), [&](std::size_t i) {
        if (context.stop.stop_requested()) return;
        answers[i] = parts_.pictures.describe(question(job, job.attachments[i], model, context),
                                              context.deadline);
    });
    if (context.stop.stop_requested()) return given_up();

    ImageResult result{.request_id = job.request_id,
                       .descriptions = {},
                       .source_reference_number = job.source_reference_number,
                       .error = {}};
    std::optional<Failed> last;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i] && *answers[i]) {
            result.descriptions.push_back(
                {.url = job.attachments[i].url, .description = (*answers[i])->description});
            continue;
        }
        const Error why =
            answers[i] ? answers[i]->error().error : Error{Errc::stopped, "describe a picture", {}};
        log::warn("a picture is not described", "request " + job.request_id + ": " + why.message());
        const bool remembered = answers[i] && answers[i]->error().category;
        const bool retry = (last && last->retry) || (!remembered && may_retry(why.code));
        last = Failed{.cause = why.message(), .retry = retry};
    }
    if (result.descriptions.empty()) {
        return last.value_or(Failed{.cause = "the job has no pictures", .retry = false});
    }
    if (last) result.error = last->cause;
    return Completed{json::write(result)};
}

JobOutcome JobHandlers::transcribe(const AudioJob& job, const WorkContext& context) const {
    const JobAttachment& attachment = job.attachment;
    auto text = parts_.recordings.transcribe({.recording = attachment.media_key(),
                                              .place = attachment.place(),
                                              .content_type = attachment.content_type,
                                              .name = attachment.name.value_or(""),
                                              .pay = context.pay},
                                             context.deadline);
    if (!text) return failed(text.error());
    return Completed{
        json::write(AudioResult{.request_id = job.request_id,
                                .content = *std::move(text),
                                .attachment_url = attachment.url,
                                .attachment_name = attachment.name,
                                .source_reference_number = job.source_reference_number})};
}

namespace {

ReplySpeaker speaker_of(const JobPersonality& personality) {
    const bool shown = personality.display_name && !personality.display_name->empty();
    return {.name = shown ? *personality.display_name : personality.name,
            .slug = personality.slug,
            .avatar_url = personality.avatar_url};
}

}  // namespace

JobOutcome JobHandlers::reply(const ReplyJob& job, const WorkContext& context) const {
    const auto media = reply::media_lines(context.children, job.request_id);
    const auto request = reply::make_request(job, media, options_.model);
    const TimePoint deadline = std::min(context.deadline, Boottime::now() + reply_deadline);
    const auto ask = [&]() -> Result<std::string> {
        auto answer =
            parts_.chat.reply(request, process::Secret(job.user_api_key.value_or("")), deadline);
        if (answer) return *std::move(answer);
        return fail(std::move(answer).error().error);
    };
    auto text = context.pay ? context.pay("reply", ask) : ask();
    if (!text) return failed(text.error());
    return Completed{json::write(ReplyResult{.request_id = job.request_id,
                                             .content = *std::move(text),
                                             .personality = speaker_of(job.personality),
                                             .metadata = {.model = request.model}})};
}

}  // namespace tutti::services::worker::handlers
