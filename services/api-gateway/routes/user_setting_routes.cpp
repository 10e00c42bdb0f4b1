#include "api-gateway/routes/user_setting_routes.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/routes/failures.hpp"
#include "api-gateway/routes/validation.hpp"
#include "common/domain/llm_config.hpp"
#include "common/http/errors.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

constexpr std::size_t uuid_length = 36;
constexpr std::size_t key_length_max = 4096;

struct SetOverrideResponse {
    domain::ModelOverride override;
};
BOOST_DESCRIBE_STRUCT(SetOverrideResponse, (), (override))

struct Deleted {
    bool deleted = false;
};
BOOST_DESCRIBE_STRUCT(Deleted, (), (deleted))

struct DefaultModelResponse {
    json::Nullable<std::string> default_config_id;
};
BOOST_DESCRIBE_STRUCT(DefaultModelResponse, (), (default_config_id))

struct SetKeyRequest {
    std::string provider;
    std::string api_key;
};
BOOST_DESCRIBE_STRUCT(SetKeyRequest, (), (provider, api_key))

struct SetKeyResponse {
    bool success = false;
    std::string provider;
    bool stored = false;  // never
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(SetKeyResponse, (), (success, provider, stored, timestamp))

struct ListKeysResponse {
    std::vector<std::string> providers;
};
BOOST_DESCRIBE_STRUCT(ListKeysResponse, (), (providers))

class UserSettingRoutes {
public:
    UserSettingRoutes(database::StoredUserSettings& settings, Principals principals)
        : settings_(settings), principals_(std::move(principals)) {}

    [[nodiscard]] http::Response list_overrides(const http::Request& request) const {
        auto found = settings_.list_overrides(user(request));
        if (!found) return database_failed(found.error());
        return http::json_response(200, json::write(*found));
    }

    [[nodiscard]] http::Response set_override(const http::Request& request) const {
        const auto body = json::read<domain::SetModelOverrideRequest>(request.body);
        if (!body) return invalid_body(body.error());
        Validation fields;
        fields.text("personalityId", body->personality_id, uuid_length);
        fields.text("configId", body->config_id, uuid_length);
        if (!fields.ok()) return fields.response();
        auto chosen = settings_.set_override(*body, principals_.of(request));
        if (auto failure = not_done(chosen, "Personality or configuration"))
            return *std::move(failure);
        return http::json_response(200, json::write(SetOverrideResponse{std::move(**chosen)}));
    }

    [[nodiscard]] http::Response remove_override(const http::Request& request) const {
        const auto removed =
            settings_.remove_override(request.parameter("personalityId"), user(request));
        if (!removed) return database_failed(removed.error());
        return http::json_response(200, json::write(Deleted{*removed}));
    }

    [[nodiscard]] http::Response set_default(const http::Request& request) const {
        const auto body = json::read<domain::SetDefaultModelRequest>(request.body);
        if (!body) return invalid_body(body.error());
        Validation fields;
        fields.text("configId", body->config_id, uuid_length);
        if (!fields.ok()) return fields.response();
        return change_default(request, body->config_id);
    }
    [[nodiscard]] http::Response remove_default(const http::Request& request) const {
        return change_default(request, std::nullopt);
    }

    [[nodiscard]] http::Response list_keys(const http::Request& request) const {
        auto found = settings_.list_key_providers(user(request));
        if (!found) return database_failed(found.error());
        return http::json_response(200, json::write(ListKeysResponse{std::move(*found)}));
    }

    [[nodiscard]] http::Response set_key(const http::Request& request) const {
        const auto body = json::read<SetKeyRequest>(request.body);
        if (!body) return invalid_body(body.error());
        Validation fields;
        check_provider(fields, body->provider);
        fields.text("apiKey", body->api_key, key_length_max);
        if (!fields.ok()) return fields.response();
        const auto noted = settings_.note_key(user(request), body->provider);
        if (!noted) return database_failed(noted.error());
        return http::json_response(
            200, json::write(SetKeyResponse{.success = true,
                                            .provider = body->provider,
                                            .stored = false,
                                            .timestamp = process::iso_timestamp()}));
    }

    [[nodiscard]] http::Response remove_key(const http::Request& request) const {
        const std::string& provider = request.parameter("provider");
        Validation fields;
        check_provider(fields, provider);
        if (!fields.ok()) return fields.response();
        const auto removed = settings_.forget_key(user(request), provider);
        if (!removed) return database_failed(removed.error());
        if (!*removed)
            return http::error_response(http::ErrorCode::not_found, "No key for " + provider);
        return http::json_response(200, json::write(Deleted{true}));
    }

private:
    [[nodiscard]] std::string user(const http::Request& request) const {
        return principals_.of(request).discord_id;
    }
    static void check_provider(Validation& fields, const std::string& provider) {
        fields.text("provider", provider, provider_length_max);
        const bool plain = std::ranges::all_of(provider, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
        if (!plain) fields.add("provider", "must be lower-case letters, digits and dashes");
    }
    [[nodiscard]] http::Response change_default(const http::Request& request,
                                                const std::optional<std::string>& config_id) const {
        const auto changed = settings_.set_default_override(config_id, principals_.of(request));
        if (auto failure = not_done(changed, "Configuration")) return *std::move(failure);
        DefaultModelResponse answer;
        if (config_id) answer.default_config_id.emplace(*config_id);
        return http::json_response(200, json::write(answer));
    }

    database::StoredUserSettings& settings_;
    Principals principals_;
};

}  // namespace

std::vector<GatewayRoute> user_setting_routes(database::StoredUserSettings& settings,
                                              Principals principals) {
    BoundRoutes table(UserSettingRoutes(settings, std::move(principals)));
    table.add(Access::user, "GET", "/user/model-override", &UserSettingRoutes::list_overrides);
    table.add(Access::user, "PUT", "/user/model-override", &UserSettingRoutes::set_override);
    table.add(Access::user, "PUT", "/user/model-override/default", &UserSettingRoutes::set_default);
    table.add(Access::user, "DELETE", "/user/model-override/default",
              &UserSettingRoutes::remove_default);
    table.add(Access::user, "DELETE", "/user/model-override/:personalityId",
              &UserSettingRoutes::remove_override);
    table.add(Access::user, "GET", "/wallet/list", &UserSettingRoutes::list_keys);
    table.add(Access::user, "POST", "/wallet/set", &UserSettingRoutes::set_key);
    table.add(Access::user, "DELETE", "/wallet/:provider", &UserSettingRoutes::remove_key);
    return std::move(table).routes();
}

}  // namespace tutti::services::gateway::routes
