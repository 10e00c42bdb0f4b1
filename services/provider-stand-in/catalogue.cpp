#include "provider-stand-in/catalogue.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tutti::services::stand_in {
namespace {

using Modalities = std::vector<std::string>;

std::string joined(const Modalities& all) {
    std::string text;
    for (const auto& one : all) text += (text.empty() ? "" : "+") + one;
    return text;
}

domain::CatalogueModel model(std::string id, std::string name, Modalities in, Modalities out) {
    std::string modality = joined(in) + "->" + joined(out);
    return {.id = id,
            .canonical_slug = std::move(id),
            .hugging_face_id = {},
            .name = std::move(name),
            .created = 1'750'000'000,
            .description = "A stand-in.",
            .context_length = 128'000,
            .architecture = {.modality = std::move(modality),
                             .input_modalities = std::move(in),
                             .output_modalities = std::move(out),
                             .tokenizer = "Other",
                             .instruct_type = {}},
            .pricing = domain::ModelPricing{.prompt = "0.0000025",
                                            .completion = "0.00001",
                                            .request = "0",
                                            .image = "0",
                                            .web_search = "0",
                                            .internal_reasoning = "0"},
            .top_provider = domain::ModelProvider{.context_length = 128'000,
                                                  .max_completion_tokens = 16'384,
                                                  .is_moderated = false},
            .supported_parameters = Modalities{"max_tokens", "temperature", "top_p"}};
}

domain::ModelCatalogue known() {
    domain::ModelCatalogue models{
        model("anthropic/claude-sonnet-4", "Anthropic: Claude Sonnet 4", {"text"}, {"text"}),
        model("openai/gpt-4o", "OpenAI: GPT-4o", {"text", "image"}, {"text"}),
        model("dall-e/dall-e-3", "DALL-E 3", {"text"}, {"image"}),
    };
    models[0].context_length = 200'000;
    models[0].pricing->prompt = "0.000003";
    models[0].pricing->completion = "0.000015";
    return models;
}

domain::CatalogueModel made_up(std::size_t index) {
    constexpr std::array<std::string_view, 8> makers{"acme",  "borealis", "cobalt", "delta",
                                                     "ember", "fjord",    "garnet", "harbor"};
    const std::string maker(makers[index % makers.size()]);
    const std::string number = std::to_string(index);
    Modalities in{"text"};
    if (index % 3 == 0) in.emplace_back("image");
    if (index % 7 == 0) in.emplace_back("audio");
    Modalities out{index % 11 == 0 ? "image" : "text"};
    auto made = model(maker + "/model-" + number + (index % 5 == 0 ? ":free" : ""),
                      maker + ": Model " + number, std::move(in), std::move(out));
    made.context_length = static_cast<std::int64_t>(8192) << (index % 6);
    if (index % 5 == 0) made.pricing->prompt = made.pricing->completion = "0";
    return made;
}

}  // namespace

domain::ModelCatalogue stand_in_catalogue(std::size_t count) {
    domain::ModelCatalogue models = known();
    for (std::size_t i = models.size(); i < count; ++i) models.push_back(made_up(i));
    models.resize(count);
    return models;
}

}  // namespace tutti::services::stand_in
