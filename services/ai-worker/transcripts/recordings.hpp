// What recordings say: from Redis, where bots and other workers leave it, too, or by one call of
// the provider for the whole fleet.
//
// Thread-safety: all functions may be called from any thread, but not from a loader or a
// completion.
#pragma once

#include <string>
#include <utility>

#include "ai-worker/attachments/attachment_source.hpp"
#include "ai-worker/providers/models.hpp"
#include "common/caches/media_caches.hpp"

namespace tutti::services::worker::transcripts {

// Fetches the recording and asks the model. They outlive the node.
[[nodiscard]] Loader<domain::RecordingQuestion, std::string> recording_loader(
    attachments::AttachmentSource& files, providers::SpeechModel& model);

class Recordings {
public:
    explicit Recordings(caches::VoiceTranscripts cache) : cache_(std::move(cache)) {}

    // Blocking: until `deadline` at most. Errors: those of the cache, of the provider and of the
    // fetch.
    [[nodiscard]] Result<std::string> transcribe(const domain::RecordingQuestion& question,
                                                 TimePoint deadline) const;

private:
    caches::VoiceTranscripts cache_;
};

}  // namespace tutti::services::worker::transcripts
