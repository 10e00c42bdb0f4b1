// The list of models that OpenRouter offers, as it is fetched, kept in Redis (`openrouter:models`)
// and served. On the wire it is a JSON array with the provider's own spelling: `context_length`.
//
// What the services do not use is not kept: `per_request_limits`, `default_parameters` and whatever
// the provider adds. Apart from `id`, `name` and the modalities any member may be missing or null.
//
// Bounded (common/domain/limits.hpp): what is read of the provider can be kept.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/codec.hpp"
#include "tutti/error.hpp"
#include "tutti/json/nullable.hpp"

namespace tutti::services::domain {

struct ModelArchitecture {
    json::Nullable<std::string> modality;       // "text+image->text"
    std::vector<std::string> input_modalities;  // text, image, audio, video, file
    std::vector<std::string> output_modalities;
    json::Nullable<std::string> tokenizer;
    json::Nullable<std::string> instruct_type;

    friend bool operator==(const ModelArchitecture&, const ModelArchitecture&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelArchitecture, (),
                      (modality, input_modalities, output_modalities, tokenizer, instruct_type))

// Dollars for one token, as decimal text.
struct ModelPricing {
    std::optional<std::string> prompt;
    std::optional<std::string> completion;
    std::optional<std::string> request;
    std::optional<std::string> image;
    std::optional<std::string> web_search;
    std::optional<std::string> internal_reasoning;

    friend bool operator==(const ModelPricing&, const ModelPricing&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelPricing, (),
                      (prompt, completion, request, image, web_search, internal_reasoning))

struct ModelProvider {
    json::Nullable<std::int64_t> context_length;
    json::Nullable<std::int64_t> max_completion_tokens;
    json::Nullable<bool> is_moderated;

    friend bool operator==(const ModelProvider&, const ModelProvider&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelProvider, (), (context_length, max_completion_tokens, is_moderated))

struct CatalogueModel {
    std::string id;  // "anthropic/claude-sonnet-4"
    std::optional<std::string> canonical_slug;
    json::Nullable<std::string> hugging_face_id;
    std::string name;
    std::optional<std::int64_t> created;
    std::optional<std::string> description;
    json::Nullable<std::int64_t> context_length;
    ModelArchitecture architecture;
    std::optional<ModelPricing> pricing;
    std::optional<ModelProvider> top_provider;
    std::optional<std::vector<std::string>> supported_parameters;

    friend bool operator==(const CatalogueModel&, const CatalogueModel&) = default;
};
BOOST_DESCRIBE_STRUCT(CatalogueModel, (),
                      (id, canonical_slug, hugging_face_id, name, created, description,
                       context_length, architecture, pricing, top_provider, supported_parameters))

using ModelCatalogue = std::vector<CatalogueModel>;

// The array. Errors: protocol, naming the members that are wrong by their paths; too_large.
[[nodiscard]] Result<ModelCatalogue> read_catalogue(std::string_view text);
[[nodiscard]] std::string write_catalogue(const ModelCatalogue& catalogue);
// The provider's answer: an object with the array as its member `data`.
[[nodiscard]] Result<ModelCatalogue> read_catalogue_answer(std::string_view text);
[[nodiscard]] std::string write_catalogue_answer(ModelCatalogue catalogue);

// Of the document in Redis: the array.
[[nodiscard]] Codec<ModelCatalogue> catalogue_codec();

}  // namespace tutti::services::domain
