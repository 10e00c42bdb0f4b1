// One route of Discord's REST API: who may call it, how often, and what it does.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/http/message.hpp"
#include "common/process/timestamps.hpp"
#include "discord-stand-in/rest/limits.hpp"
#include "discord-stand-in/world/interactions.hpp"
#include "discord-stand-in/world/members.hpp"
#include "discord-stand-in/world/refusal.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord::rest {

// What GET /gateway/bot says.
struct GatewayFacts {
    std::string url;
    std::uint32_t shards = 1;
    std::int64_t starts_total = 0;
    std::int64_t starts_remaining = 0;
    std::chrono::milliseconds starts_reset_after{};
    std::uint32_t max_concurrency = 1;
};

// A call on its way to its handler.
struct Call {
    const http::Request& request;
    world::World& world;
    world::Interactions& interactions;
    const GatewayFacts& gateway;
    process::UnixTime now;
    world::Json document{};  // the body; null when there is none

    // The body as an object; an empty one when it is none.
    [[nodiscard]] const world::JsonObject& body() const;
    // A parameter of the path; 0 when it is no id.
    [[nodiscard]] world::Snowflake id(std::string_view name) const;
    [[nodiscard]] std::optional<world::Snowflake> query_id(std::string_view name) const;
    [[nodiscard]] bool query_flag(std::string_view name) const;
    // The path has the application's id where a webhook's may be: it is about an interaction.
    [[nodiscard]] bool is_of_interaction() const;
};

struct Reply {
    int status = 200;
    world::Json body = nullptr;  // null: none
};
using Answer = world::Outcome<Reply>;
using Handler = Answer (*)(Call& call);

enum class Auth : std::uint8_t {
    bot,
    own_token,  // in the path
    none,
};

struct Route {
    std::string method;
    std::string pattern;  // as the router has it, without the version
    Handler handler;
    Auth auth = Auth::bot;
    Allowance allowance{};
    const char* major = nullptr;  // the parameter
    // A limit besides.
    std::optional<HiddenLimit> (*hidden)(const Call& call, const Limits::Options& limits) = nullptr;

    [[nodiscard]] std::string name() const { return method + ' ' + pattern; }
};
using Routes = std::vector<Route>;

[[nodiscard]] inline Reply no_content() { return {.status = 204, .body = nullptr}; }

}  // namespace tutti::services::discord::rest
