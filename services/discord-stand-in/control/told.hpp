// What the control routes have in common: how they answer, and how they read ids.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.hpp"
#include "common/process/timestamps.hpp"
#include "discord-stand-in/world/members.hpp"
#include "discord-stand-in/world/refusal.hpp"
#include "tutti/error.hpp"

namespace tutti::services::discord::control {

struct Told {
    http::Response response{};
    bool is_enough = true;  // what was asked to be waited for is there
};

struct ControlRoute {
    const char* method;
    const char* pattern;  // below control_prefix
    std::function<Told(const http::Request& request, process::UnixTime now)> handler;
};
using ControlRoutes = std::vector<ControlRoute>;

inline constexpr const char* control_prefix = "/control";

[[nodiscard]] Told tell(const world::Json& body, int status = 200);
[[nodiscard]] Told nothing_to_tell();
[[nodiscard]] Told wrong(std::string_view cause);
[[nodiscard]] Told wrong(const world::Refusal& refusal);

// The id in `text`, else what is usual. Errors: protocol, naming `member`.
[[nodiscard]] Result<world::Snowflake> id_or(const std::optional<std::string>& text,
                                             std::optional<world::Snowflake> usual,
                                             std::string_view member);

}  // namespace tutti::services::discord::control
