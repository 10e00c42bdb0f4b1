#include "discord-stand-in/world/refusal.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tutti::services::discord::world {
namespace {

struct RefusalRow {
    RefusalCode code;
    int status;
    std::string_view message;
};

constexpr std::array rows{
    RefusalRow{RefusalCode::none, 404, "404: Not Found"},
    RefusalRow{RefusalCode::unknown_application, 404, "Unknown Application"},
    RefusalRow{RefusalCode::unknown_channel, 404, "Unknown Channel"},
    RefusalRow{RefusalCode::unknown_guild, 404, "Unknown Guild"},
    RefusalRow{RefusalCode::unknown_member, 404, "Unknown Member"},
    RefusalRow{RefusalCode::unknown_message, 404, "Unknown Message"},
    RefusalRow{RefusalCode::unknown_user, 404, "Unknown User"},
    RefusalRow{RefusalCode::unknown_webhook, 404, "Unknown Webhook"},
    RefusalRow{RefusalCode::unknown_interaction, 404, "Unknown interaction"},
    RefusalRow{RefusalCode::unknown_command, 404, "Unknown application command"},
    RefusalRow{RefusalCode::webhooks_max, 400, "Maximum number of webhooks reached (15)"},
    RefusalRow{RefusalCode::unauthorized, 401, "401: Unauthorized"},
    RefusalRow{RefusalCode::user_agent, 403, "internal network error"},
    RefusalRow{RefusalCode::already_acknowledged, 400,
               "Interaction has already been acknowledged."},
    RefusalRow{RefusalCode::missing_access, 403, "Missing Access"},
    RefusalRow{RefusalCode::not_the_author, 403, "Cannot edit a message authored by another user"},
    RefusalRow{RefusalCode::empty_message, 400, "Cannot send an empty message"},
    RefusalRow{RefusalCode::missing_permissions, 403, "Missing Permissions"},
    RefusalRow{RefusalCode::invalid_webhook_token, 401, "Invalid Webhook Token"},
    RefusalRow{RefusalCode::archived_thread, 400, "Thread is archived"},
    RefusalRow{RefusalCode::no_read_history, 400,
               "Cannot reply without permission to read message history"},
    RefusalRow{RefusalCode::thread_exists, 400,
               "A thread has already been created for this message"},
};

}  // namespace

std::unexpected<Refusal> refuse(RefusalCode code) {
    const auto* const row = std::ranges::find(rows, code, &RefusalRow::code);
    return std::unexpected(Refusal{
        .status = row->status, .code = code, .message = std::string(row->message), .errors = {}});
}

std::unexpected<Refusal> refuse_form(std::string_view path, std::string_view code,
                                     std::string_view message) {
    JsonObject inner{{"_errors", JsonArray{JsonObject{{"code", code}, {"message", message}}}}};
    while (!path.empty()) {
        const std::size_t dot = path.rfind('.');
        const std::size_t begin = dot == std::string_view::npos ? 0 : dot + 1;
        inner = JsonObject{{path.substr(begin), std::move(inner)}};
        path = path.substr(0, begin == 0 ? 0 : dot);
    }
    return std::unexpected(Refusal{.status = 400,
                                   .code = RefusalCode::invalid_form,
                                   .message = "Invalid Form Body",
                                   .errors = std::move(inner)});
}

JsonObject body_of(const Refusal& refusal) {
    const bool plain = refusal.code == RefusalCode::unauthorized;
    JsonObject body{{"message", refusal.message},
                    {"code", plain ? 0 : std::to_underlying(refusal.code)}};
    if (!refusal.errors.empty()) body.emplace("errors", refusal.errors);
    return body;
}

}  // namespace tutti::services::discord::world
