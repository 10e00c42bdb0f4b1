#include "common/model_catalogue.hpp"

#include <utility>

#include "common/json.hpp"

namespace tutti::services {
namespace {

struct Answer {
    ModelCatalogue data;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (data))

}  // namespace

// Only this file reads and writes these types, so the provider's spelling is known nowhere else.
template <>
inline constexpr json::Naming json::naming<ModelArchitecture> = json::Naming::as_is;
template <>
inline constexpr json::Naming json::naming<ModelPricing> = json::Naming::as_is;
template <>
inline constexpr json::Naming json::naming<ModelProvider> = json::Naming::as_is;
template <>
inline constexpr json::Naming json::naming<CatalogueModel> = json::Naming::as_is;

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

}  // namespace tutti::services
