#include "bot-client/interactions/answers.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "bot-client/discord_wire.hpp"
#include "bot-client/rest/route.hpp"
#include "bot-client/sending/message_body.hpp"
#include "common/http/message.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot::interactions {
namespace {

constexpr std::int64_t unknown_interaction = 10062;
constexpr std::int64_t already_acknowledged = 40060;
constexpr std::int64_t deferred_message = 5;
constexpr std::int64_t deferred_update = 6;
constexpr std::int64_t autocomplete_result = 8;

struct SentChoice {
    using on_discords_wire = void;
    std::string name;
    std::string value;
};
struct CallbackData {
    using on_discords_wire = void;
    std::optional<std::int64_t> flags{};
    std::optional<std::vector<SentChoice>> choices{};
};
struct Callback {
    using on_discords_wire = void;
    std::int64_t type = 0;
    std::optional<CallbackData> data{};
};
BOOST_DESCRIBE_STRUCT(SentChoice, (), (name, value))
BOOST_DESCRIBE_STRUCT(CallbackData, (), (flags, choices))
BOOST_DESCRIBE_STRUCT(Callback, (), (type, data))

std::int64_t code_of(const http::Response& response) {
    const auto body = json::read<wire::ErrorAnswer>(response.body, JsonLimits{});
    return body ? body->code : 0;
}

Result<std::string> message_of(rest::CallResult<http::Response> answer,
                               const std::string& operation) {
    if (!answer) return fail(std::move(answer).error().error);
    if (!answer->ok()) {
        return fail(Errc::refused, operation,
                    "Discord answered " + std::to_string(answer->status) + ", code " +
                        std::to_string(code_of(*answer)));
    }
    auto message = json::read<wire::MessageId>(answer->body, json::any_length);
    if (!message) return fail(std::move(message).error());
    return std::move(message->id);
}

}  // namespace

FirstAnswer InteractionAnswers::answer_first(const Interaction& to, std::string body,
                                             TimePoint deadline) {
    if (to.respond) {
        return to.respond(std::move(body)) ? FirstAnswer::taken : FirstAnswer::too_late;
    }
    auto route =
        rest::Route::make("POST", "/interactions/{}/{}/callback", {to.id, to.token.reveal()});
    if (!route) return FirstAnswer::failed;
    const auto answer =
        discord_.call({.route = *std::move(route), .body = std::move(body)}, deadline);
    if (!answer) {
        log::warn("an interaction is not answered", answer.error().error.message());
        return FirstAnswer::failed;
    }
    if (answer->ok()) return FirstAnswer::taken;
    const std::int64_t code = code_of(*answer);
    if (code == already_acknowledged) return FirstAnswer::elsewhere;
    if (code == unknown_interaction) return FirstAnswer::too_late;
    log::warn(
        "an interaction is not answered",
        "Discord answered " + std::to_string(answer->status) + ", code " + std::to_string(code));
    return FirstAnswer::failed;
}

FirstAnswer InteractionAnswers::defer(const Interaction& to, Deferral how, TimePoint deadline) {
    Callback body{.type = how == Deferral::update ? deferred_update : deferred_message};
    if (how == Deferral::private_reply) body.data = CallbackData{.flags = wire::ephemeral_flag};
    return answer_first(to, json::write(body), deadline);
}

FirstAnswer InteractionAnswers::choose(const Interaction& to, std::span<const Choice> choices,
                                       TimePoint deadline) {
    Callback body{.type = autocomplete_result, .data = CallbackData{}};
    body.data->choices.emplace();
    for (const Choice& choice : choices) {
        body.data->choices->push_back({.name = choice.name, .value = choice.value});
    }
    return answer_first(to, json::write(body), deadline);
}

Result<std::string> InteractionAnswers::edit(const Interaction& to, const BotReply& reply,
                                             TimePoint deadline) {
    auto route = rest::Route::make("PATCH", "/webhooks/{}/{}/messages/@original",
                                   {to.application_id, to.token.reveal()});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    auto body = sending::answer_body(reply);
    body.flags.reset();  // as it was deferred
    return message_of(
        discord_.call({.route = *std::move(route), .body = json::write(body)}, deadline),
        operation);
}

Result<std::string> InteractionAnswers::follow_up(const Interaction& to, const BotReply& reply,
                                                  TimePoint deadline) {
    auto route =
        rest::Route::make("POST", "/webhooks/{}/{}", {to.application_id, to.token.reveal()});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    return message_of(discord_.call({.route = *std::move(route),
                                     .body = json::write(sending::answer_body(reply)),
                                     .query = "wait=true"},
                                    deadline),
                      operation);
}

}  // namespace tutti::services::bot::interactions
