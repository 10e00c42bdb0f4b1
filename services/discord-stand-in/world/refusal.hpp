// Why Discord does not do what it was asked for, as its REST API puts it.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "discord-stand-in/world/members.hpp"

namespace tutti::services::discord::world {

enum class RefusalCode : std::int32_t {
    none = 0,
    unknown_application = 10002,
    unknown_channel = 10003,
    unknown_guild = 10004,
    unknown_member = 10007,
    unknown_message = 10008,
    unknown_user = 10013,
    unknown_webhook = 10015,
    unknown_interaction = 10062,
    unknown_command = 10063,
    webhooks_max = 30007,
    unauthorized = 40001,
    user_agent = 40333,
    already_acknowledged = 40060,
    missing_access = 50001,
    not_the_author = 50005,
    empty_message = 50006,
    missing_permissions = 50013,
    invalid_webhook_token = 50027,
    invalid_form = 50035,
    archived_thread = 50083,
    no_read_history = 160002,
    thread_exists = 160004,
};

struct Refusal {
    int status = 400;
    RefusalCode code = RefusalCode::none;
    std::string message{};
    JsonObject errors{};  // of a form, by the path of the field
};

template <class T>
using Outcome = std::expected<T, Refusal>;

[[nodiscard]] std::unexpected<Refusal> refuse(RefusalCode code);
// "Invalid Form Body"; the path has dots between its parts.
[[nodiscard]] std::unexpected<Refusal> refuse_form(std::string_view path, std::string_view code,
                                                   std::string_view message);
[[nodiscard]] JsonObject body_of(const Refusal& refusal);

}  // namespace tutti::services::discord::world
