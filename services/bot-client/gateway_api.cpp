#include "bot-client/gateway_api.hpp"

#include <utility>

#include "common/domain/limits.hpp"
#include "common/http/errors.hpp"
#include "tutti/canonical.hpp"
#include "tutti/json.hpp"

namespace tutti::services::bot {
namespace {

using Kind = GatewayFailure::Kind;

http::Request request_for(std::string method, std::string path) {
    return {.method = std::move(method), .path = std::move(path)};
}

http::Request with_user(http::Request request, const std::string& user_id) {
    request.headers.set("X-User-Id", user_id);
    return request;
}

http::Request with_json(http::Request request, std::string body) {
    request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

template <class T>
GatewayResult<T> read_as(GatewayResult<std::string> body) {
    if (!body) return std::unexpected(std::move(body).error());
    auto value = json::read<T>(
        *body, {.bytes_max = domain::answer_bytes_max, .values_max = domain::answer_values_max});
    if (value) return *std::move(value);
    const Kind kind = value.error().code == Errc::too_large ? Kind::too_large : Kind::schema;
    return std::unexpected(GatewayFailure{kind, 200, value.error().cause});
}

Kind kind_of(Errc code) {
    switch (code) {
    case Errc::timeout: return Kind::timeout;
    case Errc::overloaded: return Kind::overloaded;
    case Errc::too_large: return Kind::too_large;
    default: return Kind::network;
    }
}

}  // namespace

std::string_view to_string(Kind kind) noexcept {
    switch (kind) {
    case Kind::network: return "network";
    case Kind::timeout: return "timeout";
    case Kind::overloaded: return "overloaded";
    case Kind::too_large: return "too_large";
    case Kind::http: return "http";
    case Kind::schema: return "schema";
    }
    return "unknown";
}

GatewayResult<std::string> HttpGateway::call(const SendHttp& send, http::Request request,
                                             TimePoint deadline) {
    request.headers.set("X-Service-Auth", secret_.reveal());
    auto response = send(base_url_, request, deadline);
    if (!response) {
        return std::unexpected(
            GatewayFailure{kind_of(response.error().code), 0, response.error().message()});
    }
    if (!response->ok()) {
        return std::unexpected(
            GatewayFailure{Kind::http, response->status, http::error_text(*response)});
    }
    return std::move(response->body);
}

GatewayResult<domain::GetChannelActivationResponse> HttpGateway::read_activation(
    const std::string& channel_id, TimePoint deadline) {
    return read_as<domain::GetChannelActivationResponse>(
        call(pools_.interactive, request_for("GET", "/user/channel/" + percent_encode(channel_id)),
             deadline));
}

GatewayResult<domain::ActivateChannelResponse> HttpGateway::activate(
    const domain::ActivateChannelRequest& request, const std::string& user_id, TimePoint deadline) {
    auto post = with_user(request_for("POST", "/user/channel/activate"), user_id);
    return read_as<domain::ActivateChannelResponse>(
        call(pools_.background, with_json(std::move(post), json::write(request)), deadline));
}

GatewayResult<domain::DeactivateChannelResponse> HttpGateway::deactivate(
    const domain::DeactivateChannelRequest& request, const std::string& user_id,
    TimePoint deadline) {
    auto post = with_user(request_for("DELETE", "/user/channel/deactivate"), user_id);
    return read_as<domain::DeactivateChannelResponse>(
        call(pools_.background, with_json(std::move(post), json::write(request)), deadline));
}

GatewayResult<std::vector<domain::Activation>> HttpGateway::list_activations(
    const std::optional<std::string>& guild_id, const std::string& user_id, TimePoint deadline) {
    auto get = with_user(request_for("GET", "/user/channel/list"), user_id);
    if (guild_id) get.query = "guildId=" + percent_encode(*guild_id);
    auto found = read_as<domain::ListChannelActivationsResponse>(
        call(pools_.background, std::move(get), deadline));
    if (!found) return std::unexpected(std::move(found).error());
    return std::move(found->activations);
}

GatewayResult<bool> HttpGateway::update_guild(const domain::UpdateChannelGuildRequest& request,
                                              const std::string& user_id, TimePoint deadline) {
    auto patch = with_user(request_for("PATCH", "/user/channel/update-guild"), user_id);
    auto done = read_as<domain::UpdateChannelGuildResponse>(
        call(pools_.background, with_json(std::move(patch), json::write(request)), deadline));
    if (!done) return std::unexpected(std::move(done).error());
    return done->updated;
}

GatewayResult<std::optional<domain::GetPersonalityResponse>> HttpGateway::read_personality(
    const std::string& id_or_slug, TimePoint deadline) {
    auto body =
        call(pools_.background,
             request_for("GET", "/internal/personality/" + percent_encode(id_or_slug)), deadline);
    if (!body && body.error().status == 404) return std::nullopt;
    return read_as<domain::GetPersonalityResponse>(std::move(body));
}

GatewayResult<std::vector<domain::PersonalitySummary>> HttpGateway::list_personalities(
    const std::string& user_id, TimePoint deadline) {
    auto found = read_as<domain::ListPersonalitiesResponse>(call(
        pools_.interactive, with_user(request_for("GET", "/user/personality"), user_id), deadline));
    if (!found) return std::unexpected(std::move(found).error());
    return std::move(found->personalities);
}

GatewayResult<std::vector<domain::PersonaSummary>> HttpGateway::list_personas(
    const std::string& user_id, TimePoint deadline) {
    auto found = read_as<domain::ListPersonaSummariesResponse>(call(
        pools_.interactive, with_user(request_for("GET", "/user/persona"), user_id), deadline));
    if (!found) return std::unexpected(std::move(found).error());
    return std::move(found->personas);
}

GatewayResult<std::vector<domain::LlmConfig>> HttpGateway::list_llm_configs(TimePoint deadline) {
    auto found = read_as<domain::ListLlmConfigsResponse>(
        call(pools_.interactive, request_for("GET", "/admin/llm-config"), deadline));
    if (!found) return std::unexpected(std::move(found).error());
    return std::move(found->configs);
}

GatewayResult<QueuedReply> HttpGateway::generate(const GenerateBody& body, const std::string& key,
                                                 TimePoint deadline) {
    auto post = with_json(request_for("POST", "/ai/generate"), json::write(body));
    post.headers.set("Idempotency-Key", key);
    return read_as<QueuedReply>(call(pools_.background, std::move(post), deadline));
}

GatewayResult<std::optional<ReplyJob>> HttpGateway::read_job(const std::string& job_id,
                                                             TimePoint deadline) {
    auto body =
        call(pools_.background, request_for("GET", "/ai/job/" + percent_encode(job_id)), deadline);
    if (!body && body.error().status == 404) return std::nullopt;
    return read_as<ReplyJob>(std::move(body));
}

GatewayResult<std::string> HttpGateway::transcribe(const TranscribeBody& body, TimePoint deadline) {
    auto post = with_json(request_for("POST", "/ai/transcribe"), json::write(body));
    post.query = "wait=true";
    auto answer = read_as<TranscribedAnswer>(call(pools_.transcription, std::move(post), deadline));
    if (!answer) return std::unexpected(std::move(answer).error());
    return std::move(answer->result.content);
}

GatewayResult<bool> HttpGateway::confirm_delivery(const std::string& job_id, TimePoint deadline) {
    const auto body = call(
        pools_.background,
        request_for("POST", "/ai/job/" + percent_encode(job_id) + "/confirm-delivery"), deadline);
    if (body) return true;
    if (body.error().status == 404) return false;
    return std::unexpected(body.error());
}

GatewayResult<void> HttpGateway::probe(TimePoint deadline) {
    auto body = call(pools_.background, request_for("GET", "/health"), deadline);
    if (!body) return std::unexpected(std::move(body).error());
    return {};
}

}  // namespace tutti::services::bot
