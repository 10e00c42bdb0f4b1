#include "discord-stand-in/rest/api.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include <boost/json/serialize.hpp>

#include "common/http/message.hpp"
#include "discord-stand-in/rest/application_routes.hpp"
#include "discord-stand-in/rest/channel_routes.hpp"
#include "discord-stand-in/rest/interaction_routes.hpp"
#include "discord-stand-in/rest/message_routes.hpp"
#include "discord-stand-in/rest/webhook_routes.hpp"
#include "tutti/json.hpp"

namespace tutti::services::discord::rest {
namespace {

constexpr JsonLimits body_limits{.bytes_max = 8UL << 20U, .depth_max = 32, .values_max = 50'000};
constexpr std::string_view bot_word = "Bot ";
constexpr std::string_view agent_word = "DiscordBot (";
constexpr int too_many_requests = 429;

Routes all_routes() {
    Routes all;
    for (auto* const some :
         {application_routes, channel_routes, message_routes, webhook_routes, interaction_routes}) {
        std::ranges::move(some(), std::back_inserter(all));
    }
    return all;
}

http::Response refused(const world::Refusal& refusal) {
    return http::json_response(refusal.status, boost::json::serialize(world::body_of(refusal)));
}

http::Response response_of(const Answer& answer) {
    if (!answer) return refused(answer.error());
    if (answer->body.is_null()) return http::Response{.status = answer->status};
    return http::json_response(answer->status, boost::json::serialize(answer->body));
}

}  // namespace

Api::Api(world::World& world, world::Interactions& interactions,
         std::function<GatewayFacts(process::UnixTime now)> gateway)
    : world_(world),
      interactions_(interactions),
      gateway_(std::move(gateway)),
      routes_(all_routes()) {}

std::optional<world::Refusal> Api::refusal(const Route& route, const http::Request& request) const {
    const auto agent = request.headers.find("User-Agent");
    if (!agent || !agent->starts_with(agent_word)) {
        return world::refuse(world::RefusalCode::user_agent).error();
    }
    if (route.auth != Auth::bot) return std::nullopt;
    const auto token = request.headers.find("Authorization");
    const bool known = token && token->starts_with(bot_word) && !world_.token().empty() &&
                       world_.token().matches(token->substr(bot_word.size()));
    if (known) return std::nullopt;
    return world::refuse(world::RefusalCode::unauthorized).error();
}

Limits::Verdict Api::limit(const Route& route, const Call& call) {
    std::string major = route.major == nullptr ? "" : call.request.parameter(route.major);
    const auto token = call.request.parameters.find("token");
    if (token != call.request.parameters.end()) major += '/' + token->second;
    return limits_.take(
        {.route = route.name(),
         .major = std::move(major),
         .allowance = route.allowance,
         .counts_globally = route.auth == Auth::bot,
         .hidden = route.hidden == nullptr ? std::nullopt : route.hidden(call, limits_.options())},
        call.now);
}

http::Response Api::answer(const Route& route, const http::Request& request,
                           process::UnixTime now) {
    if (const auto refusal = this->refusal(route, request)) return refused(*refusal);
    const GatewayFacts facts = gateway_(now);
    Call call{.request = request,
              .world = world_,
              .interactions = interactions_,
              .gateway = facts,
              .now = now};
    if (!request.body.empty()) {
        auto document = json::parse(request.body, body_limits);
        if (!document) {
            return http::json_response(
                400, R"({"message":"The request body contains invalid JSON.","code":50109})");
        }
        call.document = *std::move(document);
    }
    Limits::Verdict verdict = limit(route, call);
    http::Response response =
        verdict.limited ? Limits::answer(*verdict.limited) : response_of(route.handler(call));
    for (const auto& [name, value] : verdict.headers) response.headers.set(name, value);
    return response;
}

http::Response Api::answer(const Fault& fault) {
    if (fault.does == FaultKind::limited) {
        return Limits::answer({.scope = fault.scope, .retry_after = fault.delay});
    }
    return http::json_response(fault.status, R"({"message":"as told","code":0})");
}

void Api::count(const Route& route, const http::Response& response) {
    const int status = response.status;
    ++counts_[route.name() + ' ' + std::to_string(status)];
    const bool invalid = status == 401 || status == 403 || status == too_many_requests;
    if (invalid && response.headers.find("X-RateLimit-Scope") != "shared") ++invalid_;
}

}  // namespace tutti::services::discord::rest
