#include "ai-worker/transcripts/recordings.hpp"

namespace tutti::services::worker::transcripts {
namespace {

using domain::RecordingQuestion;

}  // namespace

Loader<RecordingQuestion, std::string> recording_loader(attachments::AttachmentSource& files,
                                                        providers::SpeechModel& model) {
    return [&files, &model](const RecordingQuestion& question,
                            LoadContext& context) -> Result<std::string> {
        auto bytes = files.fetch(question.place, context.deadline());
        if (!bytes) return fail(std::move(bytes).error().error);
        const providers::File recording{.name = question.name,
                                        .content_type = question.content_type,
                                        .bytes = *std::move(bytes)};
        const auto ask = [&]() -> Result<std::string> {
            auto text = model.transcribe(recording, context.deadline());
            if (text) return *std::move(text);
            return fail(std::move(text).error().error);
        };
        return question.pay ? question.pay("transcription", ask) : ask();
    };
}

Result<std::string> Recordings::transcribe(const RecordingQuestion& question,
                                           TimePoint deadline) const {
    const auto found = cache_.get(question, {.deadline = time_left(deadline, Boottime::now())});
    if (!found) return fail(found.error());
    return found->value_or("");
}

}  // namespace tutti::services::worker::transcripts
