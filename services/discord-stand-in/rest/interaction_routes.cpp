#include "discord-stand-in/rest/interaction_routes.hpp"

#include <utility>

#include "discord-stand-in/world/objects.hpp"

namespace tutti::services::discord::rest {
namespace {

using world::id_text;
using world::JsonObject;

JsonObject described(Call& call, world::Interaction& interaction) {
    JsonObject about{{"id", id_text(interaction.id)},
                     {"type", std::to_underlying(interaction.kind)}};
    JsonObject resource{{"type", std::to_underlying(interaction.callback)}};
    if (const auto message = call.interactions.message(interaction, "@original")) {
        about.emplace("response_message_id", id_text((*message)->id));
        about.emplace("response_message_loading", interaction.is_deferred());
        about.emplace("response_message_ephemeral", interaction.ephemeral);
        resource.emplace("message", world::message_object(call.world, **message));
    }
    return {{"interaction", std::move(about)}, {"resource", std::move(resource)}};
}

Answer answer(Call& call) {
    const auto answered = call.interactions.answer(
        call.id("interaction"), call.request.parameter("token"), call.body(), call.now);
    if (!answered) return std::unexpected(answered.error());
    if (!call.query_flag("with_response")) return no_content();
    return Reply{.body = described(call, **answered)};
}

}  // namespace

Routes interaction_routes() {
    return {{.method = "POST",
             .pattern = "/interactions/:interaction/:token/callback",
             .handler = answer,
             .auth = Auth::own_token,
             .major = "interaction"}};
}

}  // namespace tutti::services::discord::rest
