// How the caches of the catalogue are loaded in a bot-client: by asking the gateway.
//
// What the gateway cannot answer now is a passing failure, what it refuses is Errc::refused, and
// neither is kept. Only "there is none" is an answer.
//
// Thread-safety: functions of their argument, which must outlive the loader.
#pragma once

#include <string>
#include <vector>

#include "bot-client/gateway_api.hpp"
#include "common/domain/domain.hpp"
#include "tutti/error.hpp"
#include "tutti/loader.hpp"

namespace tutti::services::bot {

[[nodiscard]] Errc errc_of(const GatewayFailure& failure);

// The loader that `read(key, deadline)` is, with its failures translated; an empty optional is
// absent.
template <class V, class Read>
[[nodiscard]] Loader<std::string, V> loader_of(std::string operation, Read read) {
    return [operation = std::move(operation), read = std::move(read)](
               const std::string& key, LoadContext& context) -> Result<Loaded<V>> {
        auto answer = read(key, context.deadline());
        if (answer) return Loaded<V>(*std::move(answer));
        return fail(errc_of(answer.error()), operation, answer.error().text);
    };
}

[[nodiscard]] Loader<std::string, domain::GetChannelActivationResponse> activation_loader(
    GatewayApi& gateway);
[[nodiscard]] Loader<std::string, domain::GetPersonalityResponse> personality_loader(
    GatewayApi& gateway);
[[nodiscard]] Loader<std::string, std::string> personality_id_loader(GatewayApi& gateway);
[[nodiscard]] Loader<std::string, std::vector<domain::PersonalitySummary>> personality_list_loader(
    GatewayApi& gateway);
[[nodiscard]] Loader<std::string, std::vector<domain::PersonaSummary>> persona_list_loader(
    GatewayApi& gateway);
[[nodiscard]] Loader<std::string, std::vector<domain::LlmConfig>> global_config_loader(
    GatewayApi& gateway);

}  // namespace tutti::services::bot
