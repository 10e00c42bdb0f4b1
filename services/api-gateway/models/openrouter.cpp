#include "api-gateway/models/openrouter.hpp"

#include "common/domain/limits.hpp"

namespace tutti::services::gateway::models {

OpenRouter::Options OpenRouter::Options::from(const process::Settings& settings) {
    return {.base_url = settings.openrouter_base_url, .pool = settings.openrouter};
}

OpenRouter::OpenRouter(const Options& options)
    : base_url_(options.base_url),
      http_({.name = "openrouter",
             .concurrent_max = options.pool.concurrent_max,
             .queued_max = options.pool.queued_max,
             .call_timeout = options.pool.deadline,
             .idle_max = options.pool.concurrent_max,
             .response_bytes_max = domain::provider_answer_bytes_max}) {}

Result<domain::ModelCatalogue> OpenRouter::fetch(TimePoint deadline) {
    const auto response = http_.send(
        base_url_, {.path = "/api/v1/models", .headers = {{"Accept", "application/json"}}},
        deadline);
    if (!response) return fail(response.error());
    constexpr const char* operation = "fetch the models of OpenRouter";
    if (!response->ok()) {
        return fail(Errc::load_failed, operation,
                    "it answered with status " + std::to_string(response->status));
    }
    auto models = domain::read_catalogue_answer(response->body);
    if (!models) return fail(models.error().code, operation, models.error().cause);
    if (models->empty()) return fail(Errc::load_failed, operation, "the list is empty");
    return models;
}

}  // namespace tutti::services::gateway::models
