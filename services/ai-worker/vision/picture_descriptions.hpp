// What pictures show: from Redis, or by one call of the provider for the whole fleet.
//
//     auto found = pictures.describe(question, deadline);
//     if (!found) ... found.error().category ...      // remembered, per model and key
//
// Thread-safety: all functions may be called from any thread, but not from a loader or a
// completion.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "ai-worker/attachments/attachment_source.hpp"
#include "ai-worker/capability/model_capability.hpp"
#include "ai-worker/providers/models.hpp"
#include "common/caches/media_caches.hpp"
#include "common/process/settings.hpp"

namespace tutti::services::worker::vision {

// Fetches the picture and asks the model. They outlive the node.
[[nodiscard]] Loader<domain::PictureAttempt, domain::VisionDescription> picture_loader(
    attachments::AttachmentSource& files, providers::VisionModel& model);

class PictureDescriptions {
public:
    explicit PictureDescriptions(caches::VisionDescriptions caches) : caches_(std::move(caches)) {}

    // Blocking: until `deadline` at most.
    [[nodiscard]] providers::Answered<domain::VisionDescription> describe(
        const domain::PictureQuestion& question, TimePoint deadline) const;

private:
    [[nodiscard]] providers::Answered<domain::VisionDescription> describe_alone(
        const domain::PictureQuestion& question, TimePoint deadline) const;

    caches::VisionDescriptions caches_;
};

// Which model looks at a picture: the one that is configured for it; else the personality's own, if
// it can; else a free one for guests, and the fallback for those who bring a key.
enum class Payer : std::uint8_t { guest, user };
struct VisionWish {
    std::string vision_model;  // empty: none is configured
    std::string model;         // that replies
    Payer payer = Payer::guest;
};
struct VisionChoice {
    std::string fallback = process::Settings{}.vision_fallback_model;
    std::string guest = "google/gemma-3-27b-it:free";
};
[[nodiscard]] std::string vision_model_for(const VisionWish& wish, const VisionChoice& choice,
                                           const capability::ModelCapability& capability);

[[nodiscard]] domain::ModelTier tier_of(std::string_view model);

}  // namespace tutti::services::worker::vision
