#include "common/domain/model_catalogue.hpp"

#include <utility>

#include "common/domain/limits.hpp"
#include "tutti/json.hpp"

namespace tutti::services::domain {
namespace {

struct CatalogueAnswer {
    ModelCatalogue data;
};
BOOST_DESCRIBE_STRUCT(CatalogueAnswer, (), (data))

constexpr JsonLimits document{.bytes_max = catalogue_bytes_max, .values_max = catalogue_values_max};
constexpr JsonLimits provider_answer{.bytes_max = provider_answer_bytes_max,
                                     .values_max = provider_answer_values_max};

}  // namespace
}  // namespace tutti::services::domain

// Only this file reads and writes these types, so the provider's spelling is known nowhere else.
namespace tutti::json {
template <>
inline constexpr auto naming<services::domain::ModelArchitecture> = Naming::as_is;
template <>
inline constexpr auto naming<services::domain::ModelPricing> = Naming::as_is;
template <>
inline constexpr auto naming<services::domain::ModelProvider> = Naming::as_is;
template <>
inline constexpr auto naming<services::domain::CatalogueModel> = Naming::as_is;
}  // namespace tutti::json

namespace tutti::services::domain {

Result<ModelCatalogue> read_catalogue(std::string_view text) {
    return json::read<ModelCatalogue>(text, document);
}

std::string write_catalogue(const ModelCatalogue& catalogue) { return json::write(catalogue); }

Result<ModelCatalogue> read_catalogue_answer(std::string_view text) {
    auto answer = json::read<CatalogueAnswer>(text, provider_answer);
    if (!answer) return fail(std::move(answer).error());
    return std::move(answer->data);
}

std::string write_catalogue_answer(ModelCatalogue catalogue) {
    return json::write(CatalogueAnswer{std::move(catalogue)});
}

Codec<ModelCatalogue> catalogue_codec() { return json_codec<ModelCatalogue>(document); }

}  // namespace tutti::services::domain
