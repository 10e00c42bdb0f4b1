// A reader that joined the load of another one gets that one's failure, which says nothing about
// its own model and key. So after a failure each reader looks at what its own attempt has come to:
// remembered, for the one that has just failed, and a first call for all others.
#include "ai-worker/vision/picture_descriptions.hpp"

#include <optional>
#include <utility>

#include <boost/describe/enum_from_string.hpp>

#include "common/domain/model_vision.hpp"

namespace tutti::services::worker::vision {
namespace {

using domain::PictureAttempt;
using domain::PictureQuestion;
using domain::VisionDescription;
using providers::Answered;
using providers::FailureCategory;
using providers::ProviderFailure;

using Found = Result<Lookup<VisionDescription>>;

Result<Loaded<VisionDescription>> remembered(const ProviderFailure& failure) {
    if (failure.category) return negative(std::string(to_string(*failure.category)));
    return fail(failure.error);
}

ProviderFailure not_described(const std::string& category) {
    FailureCategory known = FailureCategory::unknown;
    boost::describe::enum_from_string(category.c_str(), known);
    return {.error = {Errc::load_failed, "describe a picture", "the provider failed: " + category},
            .category = known};
}

ProviderFailure of_reading(const Error& error) { return {.error = error, .category = {}}; }

GetOptions until(TimePoint deadline) { return {.deadline = time_left(deadline, Boottime::now())}; }

}  // namespace

Loader<PictureAttempt, VisionDescription> picture_loader(attachments::AttachmentSource& files,
                                                         providers::VisionModel& model) {
    return [&files, &model](const PictureAttempt& attempt,
                            LoadContext& context) -> Result<Loaded<VisionDescription>> {
        const PictureQuestion& question = attempt.question;
        auto bytes = files.fetch(question.place, context.deadline());
        if (!bytes) return remembered(bytes.error());
        const providers::File picture{
            .name = {}, .content_type = question.content_type, .bytes = *std::move(bytes)};
        std::optional<ProviderFailure> failure;
        const auto ask = [&]() -> Result<std::string> {
            auto text = model.describe(question.model, picture, question.key, context.deadline());
            if (text) return *std::move(text);
            failure = std::move(text).error();
            return fail(failure->error);
        };
        auto text = question.pay ? question.pay("vision " + question.picture, ask) : ask();
        if (failure) return remembered(*failure);
        if (!text) return fail(std::move(text).error());
        // Kept by the picture: this cache has the failures.
        Loaded<VisionDescription> described(VisionDescription{
            .description = *std::move(text), .model = question.model, .tier = question.tier});
        return described.do_not_cache();
    };
}

Answered<VisionDescription> PictureDescriptions::describe(const PictureQuestion& question,
                                                          TimePoint deadline) const {
    const Found found = caches_.by_picture.get(question, until(deadline));
    if (const auto* description = found.get_if()) return *description;
    if (!found) return std::unexpected(of_reading(found.error()));
    return describe_alone(question, deadline);
}

Answered<VisionDescription> PictureDescriptions::describe_alone(const PictureQuestion& question,
                                                                TimePoint deadline) const {
    const Found found = caches_.attempts.get(PictureAttempt{question}, until(deadline));
    if (!found) return std::unexpected(of_reading(found.error()));
    if (!found->found()) return std::unexpected(not_described(found->category()));
    const VisionDescription& description = found->value();
    // Whether it was stored matters to others, not to this reader.
    (void)caches_.by_picture.offer(question, description, until(deadline));
    return description;
}

std::string vision_model_for(const VisionWish& wish, const VisionChoice& choice,
                             const capability::ModelCapability& capability) {
    if (!wish.vision_model.empty()) return wish.vision_model;
    if (capability.supports_vision(wish.model)) return wish.model;
    return wish.payer == Payer::guest ? choice.guest : choice.fallback;
}

domain::ModelTier tier_of(std::string_view model) {
    const bool free = model.empty() || domain::plain_model_id(model) != model;
    return free ? domain::ModelTier::free : domain::ModelTier::paid;
}

}  // namespace tutti::services::worker::vision
