#include "api-gateway/routes/channel_routes.hpp"

#include <string>
#include <utility>
#include <variant>

#include "api-gateway/routes/failures.hpp"
#include "api-gateway/routes/validation.hpp"
#include "common/domain/domain.hpp"
#include "common/http/errors.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

class ChannelRoutes {
public:
    ChannelRoutes(database::StoredChannels& channels, Principals principals)
        : channels_(channels), principals_(std::move(principals)) {}

    [[nodiscard]] http::Response activate(const http::Request& request) const {
        const auto body = json::read<domain::ActivateChannelRequest>(request.body);
        if (!body) return invalid_body(body.error());
        Validation fields;
        fields.text("channelId", body->channel_id, discord_id_length_max);
        fields.text("personalitySlug", body->personality_slug, slug_length_max);
        fields.text("guildId", body->guild_id, discord_id_length_max);
        if (!fields.ok()) return fields.response();
        const auto done = channels_.activate(*body, principals_.of(request));
        if (!done) return database_failed(done.error());
        if (std::holds_alternative<database::StoredChannels::UnknownPersonality>(*done)) {
            return http::error_response(http::ErrorCode::not_found,
                                        "Personality \"" + body->personality_slug + "\" not found");
        }
        if (std::holds_alternative<database::StoredChannels::NoAccess>(*done)) {
            return http::error_response(
                http::ErrorCode::unauthorized,
                "You do not have access to the personality \"" + body->personality_slug + '"');
        }
        return http::json_response(201,
                                   json::write(std::get<domain::ActivateChannelResponse>(*done)));
    }

    [[nodiscard]] http::Response deactivate(const http::Request& request) const {
        const auto body = json::read<domain::DeactivateChannelRequest>(request.body);
        if (!body) return invalid_body(body.error());
        Validation fields;
        fields.text("channelId", body->channel_id, discord_id_length_max);
        if (!fields.ok()) return fields.response();
        const auto name = channels_.deactivate(body->channel_id, principals_.of(request));
        if (!name) return database_failed(name.error());
        return http::json_response(
            200, json::write(domain::DeactivateChannelResponse{name->has_value(), *name}));
    }

    [[nodiscard]] http::Response list(const http::Request& request) const {
        auto guild_id = request.query_value("guildId");
        if (guild_id && guild_id->empty()) guild_id.reset();
        Validation fields;
        if (guild_id) fields.text("guildId", *guild_id, discord_id_length_max);
        if (!fields.ok()) return fields.response();
        auto found = channels_.list(guild_id);
        if (!found) return database_failed(found.error());
        return http::json_response(
            200, json::write(domain::ListChannelActivationsResponse{std::move(*found)}));
    }

    [[nodiscard]] http::Response update_guild(const http::Request& request) const {
        const auto body = json::read<domain::UpdateChannelGuildRequest>(request.body);
        if (!body) return invalid_body(body.error());
        Validation fields;
        fields.text("channelId", body->channel_id, discord_id_length_max);
        fields.text("guildId", body->guild_id, discord_id_length_max);
        if (!fields.ok()) return fields.response();
        const auto updated = channels_.set_guild(*body);
        if (!updated) return database_failed(updated.error());
        return http::json_response(200, json::write(domain::UpdateChannelGuildResponse{*updated}));
    }

    [[nodiscard]] http::Response read(const http::Request& request) const {
        Validation fields;
        fields.text("channelId", request.parameter("channelId"), discord_id_length_max);
        if (!fields.ok()) return fields.response();
        auto found = channels_.read(request.parameter("channelId"));
        if (!found) return database_failed(found.error());
        domain::GetChannelActivationResponse body{.is_activated = found->activation.has_value(),
                                                  .activation = std::move(found->activation)};
        body.has_settings = body.is_activated || found->switched_off;
        return http::json_response(200, json::write(body));
    }

    // An empty id does not match `:channelId`; the contract answers it with 400, not 404.
    [[nodiscard]] static http::Response read_nothing(const http::Request& /*request*/) {
        return http::error_response(http::ErrorCode::validation_error,
                                    "channelId: must not be empty");
    }

private:
    database::StoredChannels& channels_;
    Principals principals_;
};

}  // namespace

std::vector<GatewayRoute> channel_routes(database::StoredChannels& channels,
                                         Principals principals) {
    BoundRoutes table(ChannelRoutes(channels, std::move(principals)));
    table.add(Access::user, "POST", "/user/channel/activate", &ChannelRoutes::activate);
    table.add(Access::user, "DELETE", "/user/channel/deactivate", &ChannelRoutes::deactivate);
    table.add(Access::user, "GET", "/user/channel/list", &ChannelRoutes::list);
    table.add(Access::user, "PATCH", "/user/channel/update-guild", &ChannelRoutes::update_guild);
    // The message chain asks before it knows any user.
    table.add({Access::service, "GET", "/user/channel/", &ChannelRoutes::read_nothing});
    table.add(Access::service, "GET", "/user/channel/:channelId", &ChannelRoutes::read);
    return std::move(table).routes();
}

}  // namespace tutti::services::gateway::routes
