#include "common/domain/model_catalogue.hpp"

#include <utility>

#include "tutti/json.hpp"

namespace tutti::services::domain {
namespace {

struct Answer {
    ModelCatalogue data;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (data))

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
    return json::read<ModelCatalogue>(text);
}

std::string write_catalogue(const ModelCatalogue& catalogue) { return json::write(catalogue); }

Result<ModelCatalogue> read_catalogue_answer(std::string_view text) {
    auto answer = json::read<Answer>(text);
    if (!answer) return fail(std::move(answer).error());
    return std::move(answer->data);
}

std::string write_catalogue_answer(ModelCatalogue catalogue) {
    return json::write(Answer{std::move(catalogue)});
}

Codec<ModelCatalogue> catalogue_codec() {
    return json_codec<ModelCatalogue>({.bytes_max = catalogue_bytes_max});
}

}  // namespace tutti::services::domain
