#include "discord-stand-in/control/levers.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "tutti/json.hpp"

namespace tutti::services::discord::control {
namespace {

using std::chrono::milliseconds;
using world::JsonObject;

constexpr JsonLimits lever_limits{.bytes_max = 64U << 10U, .depth_max = 8, .values_max = 1'000};
constexpr std::int64_t delay_ms_max = 600'000;

struct Push {
    gateway::ForceKind does{};
    std::optional<std::uint32_t> shard;
    std::optional<std::uint16_t> code;
    std::optional<bool> resumable;
};
struct NewMischief {
    gateway::MischiefKind does{};
    std::optional<std::string> event;
    std::optional<std::int64_t> delay_ms;
    std::optional<std::uint32_t> times;
};
struct NewFault {
    rest::FaultKind does{};
    std::optional<std::string> route;
    std::optional<bool> after_effect;
    std::optional<int> status;
    std::optional<std::int64_t> delay_ms;
    std::optional<rest::LimitScope> scope;
    std::optional<std::uint32_t> times;
};
struct OtherAllowance {
    std::int64_t calls = 0;
    std::int64_t window_ms = 0;
};
struct NewLimits {
    std::optional<bool> on;
    std::optional<std::int64_t> per_second;
    std::optional<std::int64_t> webhook_per_minute;
    std::optional<std::map<std::string, OtherAllowance>> of;
    std::optional<bool> rename_buckets;
};
BOOST_DESCRIBE_STRUCT(Push, (), (does, shard, code, resumable))
BOOST_DESCRIBE_STRUCT(NewMischief, (), (does, event, delay_ms, times))
BOOST_DESCRIBE_STRUCT(NewFault, (), (does, route, after_effect, status, delay_ms, scope, times))
BOOST_DESCRIBE_STRUCT(OtherAllowance, (), (calls, window_ms))
BOOST_DESCRIBE_STRUCT(NewLimits, (), (on, per_second, webhook_per_minute, of, rename_buckets))

bool is_delay(std::int64_t ms) { return ms >= 0 && ms <= delay_ms_max; }

JsonObject gateway_view(const gateway::Gateway& gateway, process::UnixTime now) {
    const auto figures = gateway.figures();
    JsonObject closed;
    for (const auto& [code, count] : figures.closed) closed.emplace(std::to_string(code), count);
    return {{"connections", figures.connections},
            {"identifies", figures.identifies},
            {"resumes", figures.resumes},
            {"resumesRefused", figures.resumes_refused},
            {"dispatched", figures.dispatched},
            {"heartbeats", figures.heartbeats},
            {"closed", std::move(closed)},
            {"sessions", figures.sessions},
            {"links", figures.links},
            {"ready", figures.ready},
            {"startsRemaining", gateway.starts().remaining(now)}};
}

}  // namespace

Told Levers::figures(process::UnixTime now) const {
    JsonObject calls;
    for (const auto& [name, count] : api_.counts()) calls.emplace(name, count);
    return tell(JsonObject{{"gateway", gateway_view(gateway_, now)},
                           {"rest", std::move(calls)},
                           {"invalid", api_.invalid()}});
}

Told Levers::force(const http::Request& request, process::UnixTime now) {
    const auto wanted = json::read<Push>(request.body, lever_limits);
    if (!wanted) return wrong(wanted.error().cause);
    const auto code = wanted->code.value_or(4000);
    if (code < 1000 || code > 4999) return wrong("code: 1000 to 4999");
    const auto met = gateway_.force({.does = wanted->does,
                                     .shard = wanted->shard,
                                     .code = code,
                                     .resumable = wanted->resumable.value_or(false)},
                                    now);
    return tell(JsonObject{{"met", met}});
}

Told Levers::add_mischief(const http::Request& request) {
    const auto wanted = json::read<NewMischief>(request.body, lever_limits);
    if (!wanted) return wrong(wanted.error().cause);
    const auto delay = wanted->delay_ms.value_or(100);
    if (!is_delay(delay)) return wrong("delayMs: 0 to 600000");
    const bool added = gateway_.mischiefs().add({.does = wanted->does,
                                                 .event = wanted->event.value_or(""),
                                                 .delay = milliseconds(delay),
                                                 .times = wanted->times.value_or(1)});
    return added ? nothing_to_tell() : wrong("times: at least 1; or there is too much mischief");
}

Told Levers::add_fault(const http::Request& request) {
    const auto wanted = json::read<NewFault>(request.body, lever_limits);
    if (!wanted) return wrong(wanted.error().cause);
    const auto route = wanted->route.value_or("");
    const bool known = route.empty() || std::ranges::any_of(api_.routes(), [&](const auto& one) {
                           return one.name() == route;
                       });
    if (!known) {
        return wrong(
            "route: there is none of that name; such as \"POST "
            "/channels/:channel/messages\"");
    }
    const auto delay = wanted->delay_ms.value_or(1'000);
    if (!is_delay(delay)) return wrong("delayMs: 0 to 600000");
    const int status = wanted->status.value_or(503);
    if (status < 400 || status > 599) return wrong("status: 400 to 599");
    const bool added = api_.faults().add({.does = wanted->does,
                                          .route = route,
                                          .after_effect = wanted->after_effect.value_or(false),
                                          .status = status,
                                          .delay = milliseconds(delay),
                                          .scope = wanted->scope.value_or(rest::LimitScope::user),
                                          .times = wanted->times.value_or(1)});
    return added ? nothing_to_tell() : wrong("times: at least 1; or there are too many faults");
}

Told Levers::set_limits(const http::Request& request) {
    const auto wanted = json::read<NewLimits>(request.body, lever_limits);
    if (!wanted) return wrong(wanted.error().cause);
    rest::Limits::Options limits = api_.limits().options();
    limits.on = wanted->on.value_or(limits.on);
    limits.per_second = wanted->per_second.value_or(limits.per_second);
    limits.webhook_per_minute = wanted->webhook_per_minute.value_or(limits.webhook_per_minute);
    if (limits.per_second < 1 || limits.webhook_per_minute < 1) {
        return wrong("perSecond, webhookPerMinute: at least 1");
    }
    if (wanted->of) {
        limits.of.clear();
        for (const auto& [route, allowance] : *wanted->of) {
            if (allowance.calls < 1 || !is_delay(allowance.window_ms) || allowance.window_ms == 0) {
                return wrong("of: calls at least 1, windowMs 1 to 600000");
            }
            limits.of[route] = {.calls = allowance.calls,
                                .window = milliseconds(allowance.window_ms)};
        }
    }
    api_.limits().set(std::move(limits));
    if (wanted->rename_buckets.value_or(false)) api_.limits().rename_buckets();
    return nothing_to_tell();
}

ControlRoutes Levers::routes() {
    using Request = http::Request;
    using Time = process::UnixTime;
    return {
        {"GET", "/figures", [this](const Request&, Time now) { return figures(now); }},
        {"POST", "/gateway",
         [this](const Request& request, Time now) { return force(request, now); }},
        {"POST", "/mischief",
         [this](const Request& request, Time) { return add_mischief(request); }},
        {"POST", "/faults", [this](const Request& request, Time) { return add_fault(request); }},
        {"PUT", "/limits", [this](const Request& request, Time) { return set_limits(request); }},
    };
}

}  // namespace tutti::services::discord::control
