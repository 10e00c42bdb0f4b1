#include "api-gateway/routes/model_routes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <string_view>
#include <tuple>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/http/errors.hpp"
#include "common/process/logging.hpp"
#include "tutti/canonical.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

constexpr std::array<std::string_view, 5> modalities{"text", "image", "audio", "video", "file"};
constexpr std::size_t limit_default = 25;
constexpr std::size_t limit_max = 100;

struct ModelOption {
    std::string id;
    std::string name;
    std::int64_t context_length = 0;
    bool supports_vision = false;
    bool supports_image_generation = false;
    bool supports_audio_input = false;
    bool supports_audio_output = false;
    double prompt_price_per_million = 0.0;
    double completion_price_per_million = 0.0;
};
BOOST_DESCRIBE_STRUCT(ModelOption, (),
                      (id, name, context_length, supports_vision, supports_image_generation,
                       supports_audio_input, supports_audio_output, prompt_price_per_million,
                       completion_price_per_million))

struct ListModelsResponse {
    std::vector<ModelOption> models;
    std::size_t count = 0;
};
BOOST_DESCRIBE_STRUCT(ListModelsResponse, (), (models, count))

struct RefreshModelsResponse {
    bool success = false;
    std::size_t model_count = 0;
    std::string message;
};
BOOST_DESCRIBE_STRUCT(RefreshModelsResponse, (), (success, model_count, message))

struct Filter {
    std::string input{};   // empty: any
    std::string output{};  // empty: any
    std::string search{};  // lower case
    std::size_t limit = limit_default;
};

bool contains(const std::vector<std::string>& all, std::string_view one) {
    return std::ranges::find(all, one) != all.end();
}

double price_per_million(const std::optional<std::string>& per_token) {
    if (!per_token) return 0.0;
    double price = 0.0;
    const char* end = per_token->data() + per_token->size();
    const auto [stopped, error] = std::from_chars(per_token->data(), end, price);
    const bool number = error == std::errc{} && stopped == end && std::isfinite(price);
    return number ? price * 1'000'000 : 0.0;
}

ModelOption option_of(const domain::CatalogueModel& model) {
    const auto& in = model.architecture.input_modalities;
    const auto& out = model.architecture.output_modalities;
    const domain::ModelPricing pricing = model.pricing.value_or(domain::ModelPricing{});
    return {.id = model.id,
            .name = model.name,
            .context_length = model.context_length.value_or(0),
            .supports_vision = contains(in, "image"),
            .supports_image_generation = contains(out, "image"),
            .supports_audio_input = contains(in, "audio"),
            .supports_audio_output = contains(out, "audio"),
            .prompt_price_per_million = price_per_million(pricing.prompt),
            .completion_price_per_million = price_per_million(pricing.completion)};
}

bool matches(const domain::CatalogueModel& model, const Filter& filter) {
    const auto& [modality, in, out, tokenizer, instruct] = model.architecture;
    if (!filter.input.empty() && !contains(in, filter.input)) return false;
    if (!filter.output.empty() && !contains(out, filter.output)) return false;
    return filter.search.empty() || to_lower(model.id).contains(filter.search) ||
           to_lower(model.name).contains(filter.search);
}

// By name without case, and by id where names are equal: the same order on every instance.
std::vector<ModelOption> select(const domain::ModelCatalogue& catalogue, const Filter& filter) {
    struct Row {
        std::string name;
        const domain::CatalogueModel* model;
    };
    std::vector<Row> rows;
    for (const domain::CatalogueModel& model : catalogue) {
        if (matches(model, filter)) rows.push_back({to_lower(model.name), &model});
    }
    std::ranges::sort(rows, {}, [](const Row& row) { return std::tie(row.name, row.model->id); });
    std::vector<ModelOption> options;
    for (const Row& row : rows | std::views::take(filter.limit)) {
        options.push_back(option_of(*row.model));
    }
    return options;
}

std::size_t limit_of(const http::Request& request) {
    const auto text = request.query_value("limit");
    if (!text) return limit_default;
    std::size_t limit = 0;
    const char* end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, limit);
    if (error == std::errc::result_out_of_range) return limit_max;
    if (error != std::errc{} || stopped != end || limit < 1) return limit_default;
    return std::min(limit, limit_max);
}

http::Response not_loaded(const Error& error) {
    log::error("models", error.message());
    const bool busy = error.code == Errc::overloaded;
    return http::error_response(
        busy ? http::ErrorCode::service_unavailable : http::ErrorCode::internal_error, error.cause);
}

// A response that is there at once, or comes later; whichever of `give` and `wait` is second
// answers.
class PendingModels {
public:
    void give(http::Response response) {
        http::Answer answer;
        {
            const detail::Lock lock(mutex_);
            if (!answer_) {
                response_ = std::move(response);
                return;
            }
            answer = std::exchange(answer_, nullptr);
        }
        answer(std::move(response));
    }
    void wait(http::Answer answer) {
        std::optional<http::Response> response;
        {
            const detail::Lock lock(mutex_);
            response.swap(response_);
            if (!response) {
                answer_ = std::move(answer);
                return;
            }
        }
        answer(*std::move(response));
    }
    [[nodiscard]] std::optional<http::Response> take() {
        const detail::Lock lock(mutex_);
        return std::exchange(response_, std::nullopt);
    }

private:
    detail::Mutex mutex_;
    std::optional<http::Response> response_ TUTTI_GUARDED_BY(mutex_);
    http::Answer answer_ TUTTI_GUARDED_BY(mutex_);
};

template <class Render>
http::Response when_found(const ModelSource::Get& get, Render render) {
    auto pending = std::make_shared<PendingModels>();
    get([pending, render = std::move(render)](const ModelSource::Found& found) {
        pending->give(found ? render(**found) : not_loaded(found.error()));
    });
    if (auto response = pending->take()) return *std::move(response);
    return http::deferred_response([pending](http::Answer answer) {
        pending->wait(std::move(answer));
        return std::function<void()>();
    });
}

http::Response list(const ModelSource& source, const http::Request& request, Filter filter) {
    filter.search = to_lower(request.query_value("search").value_or(""));
    filter.limit = limit_of(request);
    return when_found(source.catalogue, [filter](const domain::ModelCatalogue& catalogue) {
        ListModelsResponse body{.models = select(catalogue, filter)};
        body.count = body.models.size();
        return http::json_response(200, json::write(body));
    });
}

http::Response list_filtered(const ModelSource& source, const http::Request& request) {
    Filter filter;
    for (const auto& [name, modality] :
         {std::pair{"inputModality", &filter.input}, std::pair{"outputModality", &filter.output}}) {
        *modality = request.query_value(name).value_or("");
        if (modality->empty() || std::ranges::find(modalities, *modality) != modalities.end()) {
            continue;
        }
        return http::error_response(
            http::ErrorCode::validation_error,
            std::string(name) + " must be one of text, image, audio, video, file");
    }
    return list(source, request, std::move(filter));
}

http::Response refresh(const ModelSource& source, const std::optional<std::string>& owner,
                       const http::Request& request) {
    if (!owner || request.headers.find("X-User-Id") != *owner) {
        return http::error_response(http::ErrorCode::unauthorized,
                                    "Only the owner of the bot may refresh the models");
    }
    return when_found(source.refresh, [](const domain::ModelCatalogue& catalogue) {
        const std::size_t count = catalogue.size();
        return http::json_response(
            200, json::write(RefreshModelsResponse{
                     .success = true,
                     .model_count = count,
                     .message = "Refreshed " + std::to_string(count) + " models"}));
    });
}

}  // namespace

std::vector<GatewayRoute> model_routes(ModelSource source,
                                       std::optional<std::string> bot_owner_id) {
    std::vector<GatewayRoute> routes;
    const auto add_list = [&](const char* pattern, const Filter& filter) {
        routes.push_back(
            {Access::service, "GET", pattern,
             [source, filter](const http::Request& r) { return list(source, r, filter); }});
    };
    routes.push_back({Access::service, "GET", "/models",
                      [source](const http::Request& r) { return list_filtered(source, r); }});
    add_list("/models/text", {.output = "text"});
    add_list("/models/vision", {.input = "image"});
    add_list("/models/image-generation", {.output = "image"});
    routes.push_back({Access::service, "POST", "/models/refresh",
                      [source, owner = std::move(bot_owner_id)](const http::Request& r) {
                          return refresh(source, owner, r);
                      }});
    return routes;
}

}  // namespace tutti::services::gateway::routes
