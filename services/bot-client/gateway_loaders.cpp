#include "bot-client/gateway_loaders.hpp"

#include <optional>
#include <utility>

namespace tutti::services::bot {

Errc errc_of(const GatewayFailure& failure) {
    using Kind = GatewayFailure::Kind;
    if (!failure.passing()) return Errc::refused;
    switch (failure.kind) {
    case Kind::timeout: return Errc::timeout;
    case Kind::overloaded: return Errc::overloaded;
    case Kind::too_large: return Errc::too_large;
    case Kind::schema: return Errc::protocol;
    case Kind::http: return Errc::load_failed;
    case Kind::network: return Errc::unavailable;
    }
    return Errc::unavailable;
}

Loader<std::string, domain::GetChannelActivationResponse> activation_loader(GatewayApi& gateway) {
    return loader_of<domain::GetChannelActivationResponse>(
        "read activation", [&gateway](const std::string& channel_id, TimePoint deadline) {
            return gateway.read_activation(channel_id, deadline);
        });
}

Loader<std::string, domain::GetPersonalityResponse> personality_loader(GatewayApi& gateway) {
    return loader_of<domain::GetPersonalityResponse>(
        "read personality", [&gateway](const std::string& id, TimePoint deadline) {
            return gateway.read_personality(id, deadline);
        });
}

Loader<std::string, std::string> personality_id_loader(GatewayApi& gateway) {
    return loader_of<std::string>(
        "find personality",
        [&gateway](const std::string& slug,
                   TimePoint deadline) -> GatewayResult<std::optional<std::string>> {
            auto found = gateway.read_personality(slug, deadline);
            if (!found) return std::unexpected(std::move(found).error());
            if (!*found) return std::nullopt;
            return std::move((*found)->personality.id);
        });
}

Loader<std::string, std::vector<domain::PersonalitySummary>> personality_list_loader(
    GatewayApi& gateway) {
    return loader_of<std::vector<domain::PersonalitySummary>>(
        "list personalities", [&gateway](const std::string& user_id, TimePoint deadline) {
            return gateway.list_personalities(user_id, deadline);
        });
}

Loader<std::string, std::vector<domain::PersonaSummary>> persona_list_loader(GatewayApi& gateway) {
    return loader_of<std::vector<domain::PersonaSummary>>(
        "list personas", [&gateway](const std::string& user_id, TimePoint deadline) {
            return gateway.list_personas(user_id, deadline);
        });
}

Loader<std::string, std::vector<domain::LlmConfig>> global_config_loader(GatewayApi& gateway) {
    return loader_of<std::vector<domain::LlmConfig>>(
        "list global configs", [&gateway](const std::string&, TimePoint deadline) {
            return gateway.list_llm_configs(deadline);
        });
}

}  // namespace tutti::services::bot
