// The part of the catalogue that keeps what models have said about pictures and recordings: each
// answer has cost money, and is kept in Redis for all workers.
//
// Thread-safety: as catalogue.hpp.
#pragma once

#include <string>

#include "common/domain/media.hpp"
#include "tutti/node.hpp"

namespace tutti::services::caches {

// What pictures show, in Redis for an hour: one call of the provider for the whole fleet, however
// many users show the same picture, and a description of a paid model is never replaced by one of a
// free one.
//
// Failures are remembered by the attempt, not by the picture: a user's own key that is out of
// credit says nothing about what others can see. A reader whose attempt is not the one that failed
// asks with its own (`attempts`), and then offers what it got.
struct VisionDescriptions {
    Shared<domain::PictureQuestion, domain::VisionDescription> by_picture;
    Shared<domain::PictureAttempt, domain::VisionDescription> attempts;
};

// What the categories of failures are called, and how long each is remembered.
[[nodiscard]] NegativeTtls vision_failure_ttls();

// `ask` calls the provider once. It answers tutti::negative(<category>) for what is in
// vision_failure_ttls.
[[nodiscard]] VisionDescriptions declare_vision_descriptions(
    Node& node, Loader<domain::PictureAttempt, domain::VisionDescription> ask);

// What recordings say, in Redis as transcript:<recording>, where programs that know nothing of
// Tutti read and write them, too.
using VoiceTranscripts = Shared<domain::RecordingQuestion, std::string>;

// What `declare_voice_transcripts` declares, for tests that cannot wait as long.
[[nodiscard]] CacheOptions<domain::RecordingQuestion, std::string> voice_transcript_options(
    Loader<domain::RecordingQuestion, std::string> load);
[[nodiscard]] VoiceTranscripts declare_voice_transcripts(
    Node& node, Loader<domain::RecordingQuestion, std::string> load);

}  // namespace tutti::services::caches
