#include "common/domain/model_vision.hpp"

#include <algorithm>

#include "common/domain/model_catalogue.hpp"

namespace tutti::services::domain {
namespace {

constexpr std::string_view free_suffix = ":free";

Result<ModelVision> read_vision(std::string_view text) {
    const auto catalogue = read_catalogue(text);
    if (!catalogue) return fail(catalogue.error());
    if (catalogue->empty()) return fail(Errc::protocol, "read models", "the list is empty");
    ModelVision vision;
    vision.reserve(catalogue->size());
    for (const CatalogueModel& model : *catalogue) {
        const auto& inputs = model.architecture.input_modalities;
        vision[std::string(plain_model_id(model.id))] |=
            std::ranges::find(inputs, "image") != inputs.end();
    }
    return vision;
}

}  // namespace

std::string_view plain_model_id(std::string_view id) {
    if (id.ends_with(free_suffix)) id.remove_suffix(free_suffix.size());
    return id;
}

Codec<ModelVision> model_vision_codec() {
    return {.encode = [](const ModelVision&) -> Result<std::string> {
                return fail(Errc::unsupported, "write models", "the gateway writes the list");
            },
            .decode = read_vision,
            .name = "models"};
}

}  // namespace tutti::services::domain
