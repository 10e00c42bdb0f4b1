#include "api-gateway/routes/llm_config_routes.hpp"

#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/routes/failures.hpp"
#include "api-gateway/routes/validation.hpp"
#include "common/domain/llm_config.hpp"
#include "common/http/errors.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

constexpr std::int64_t tokens_max = 10'000'000;

struct DeleteLlmConfigResponse {
    bool deleted = false;
};
BOOST_DESCRIBE_STRUCT(DeleteLlmConfigResponse, (), (deleted))

void check(Validation& fields, const domain::LlmConfigEdit& edit) {
    fields.if_there("name", edit.name, name_length_max);
    fields.clearable("description", edit.description, long_text_length_max);
    fields.if_there("provider", edit.provider, provider_length_max);
    fields.if_there("model", edit.model, name_length_max);
    fields.clearable("visionModel", edit.vision_model, name_length_max);
    fields.range("temperature", edit.temperature, 0.0, 2.0);
    fields.range("topP", edit.top_p, 0.0, 1.0);
    fields.range<std::int64_t>("topK", edit.top_k, 0, 1000);
    fields.range("frequencyPenalty", edit.frequency_penalty, -2.0, 2.0);
    fields.range("presencePenalty", edit.presence_penalty, -2.0, 2.0);
    fields.range("repetitionPenalty", edit.repetition_penalty, 0.0, 2.0);
    fields.range("memoryScoreThreshold", edit.memory_score_threshold, 0.0, 1.0);
    fields.range<std::int64_t>("memoryLimit", edit.memory_limit, 0, 1000);
    fields.range<std::int64_t>("maxTokens", edit.max_tokens, 1, tokens_max);
    fields.range<std::int64_t>("contextWindowTokens", edit.context_window_tokens, 1, tokens_max);
}

class LlmConfigRoutes {
public:
    LlmConfigRoutes(database::StoredLlmConfigs& configs, std::string bot_owner_id)
        : configs_(configs), bot_owner_id_(std::move(bot_owner_id)) {}

    [[nodiscard]] http::Response list(const http::Request& /*request*/) const {
        auto found = configs_.list();
        if (!found) return database_failed(found.error());
        return http::json_response(200,
                                   json::write(domain::ListLlmConfigsResponse{std::move(*found)}));
    }

    [[nodiscard]] http::Response read(const http::Request& request) const {
        return shown(configs_.find(request.parameter("id")));
    }

    [[nodiscard]] http::Response create(const http::Request& request) const {
        const auto edit = json::read<domain::LlmConfigEdit>(request.body);
        if (!edit) return invalid_body(edit.error());
        Validation fields;
        if (!edit->name) fields.add("name", "is missing");
        if (!edit->model) fields.add("model", "is missing");
        check(fields, *edit);
        if (!fields.ok()) return fields.response();
        auto made = configs_.create(*edit, bot_owner_id_);
        if (!made) return database_failed(made.error());
        return http::json_response(201,
                                   json::write(domain::GetLlmConfigResponse{std::move(*made)}));
    }

    [[nodiscard]] http::Response update(const http::Request& request) const {
        const auto edit = json::read<domain::LlmConfigEdit>(request.body);
        if (!edit) return invalid_body(edit.error());
        Validation fields;
        check(fields, *edit);
        if (!fields.ok()) return fields.response();
        return changed(configs_.update(request.parameter("id"), *edit));
    }

    [[nodiscard]] http::Response make_default(const http::Request& request) const {
        return changed(configs_.make_default(request.parameter("id"),
                                             database::StoredLlmConfigs::Default::for_all));
    }
    [[nodiscard]] http::Response make_free_default(const http::Request& request) const {
        return changed(configs_.make_default(request.parameter("id"),
                                             database::StoredLlmConfigs::Default::for_free));
    }

    [[nodiscard]] http::Response remove(const http::Request& request) const {
        const auto gone = configs_.remove(request.parameter("id"));
        if (!gone) return database_failed(gone.error());
        if (!*gone && gone->error() == database::Refusal::conflict) {
            return http::error_response(http::ErrorCode::conflict,
                                        "It is a default; make another one that");
        }
        if (!*gone) return refused(gone->error(), "Configuration");
        return http::json_response(200, json::write(DeleteLlmConfigResponse{true}));
    }

private:
    static http::Response shown(Result<database::Outcome<domain::LlmConfig>> outcome) {
        if (!outcome) return database_failed(outcome.error());
        if (!*outcome && outcome->error() == database::Refusal::conflict) {
            return http::error_response(http::ErrorCode::conflict,
                                        "Only a global one can be a default");
        }
        if (!*outcome) return refused(outcome->error(), "Configuration");
        return http::json_response(200,
                                   json::write(domain::GetLlmConfigResponse{std::move(**outcome)}));
    }
    [[nodiscard]] http::Response changed(
        Result<database::Outcome<domain::LlmConfig>> outcome) const {
        return shown(std::move(outcome));
    }

    database::StoredLlmConfigs& configs_;
    std::string bot_owner_id_;  // empty: there is none
};

}  // namespace

std::vector<GatewayRoute> llm_config_routes(database::StoredLlmConfigs& configs,
                                            const std::optional<std::string>& bot_owner_id) {
    BoundRoutes table(LlmConfigRoutes(configs, bot_owner_id.value_or("")));
    table.add(Access::service, "GET", "/admin/llm-config", &LlmConfigRoutes::list);
    table.add(Access::service, "GET", "/admin/llm-config/:id", &LlmConfigRoutes::read);
    table.add(Access::owner, "POST", "/admin/llm-config", &LlmConfigRoutes::create);
    table.add(Access::owner, "PUT", "/admin/llm-config/:id", &LlmConfigRoutes::update);
    table.add(Access::owner, "PUT", "/admin/llm-config/:id/set-default",
              &LlmConfigRoutes::make_default);
    table.add(Access::owner, "PUT", "/admin/llm-config/:id/set-free-default",
              &LlmConfigRoutes::make_free_default);
    table.add(Access::owner, "DELETE", "/admin/llm-config/:id", &LlmConfigRoutes::remove);
    return std::move(table).routes();
}

}  // namespace tutti::services::gateway::routes
