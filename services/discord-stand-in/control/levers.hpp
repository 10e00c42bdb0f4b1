// How this Discord is made to misbehave, and what it has counted: the control routes about the
// gateway, limits and faults.
//
// Thread-safety: none.
#pragma once

#include "discord-stand-in/control/told.hpp"
#include "discord-stand-in/gateway/gateway.hpp"
#include "discord-stand-in/rest/api.hpp"

namespace tutti::services::discord::control {

class Levers {
public:
    Levers(gateway::Gateway& gateway, rest::Api& api) : gateway_(gateway), api_(api) {}

    [[nodiscard]] ControlRoutes routes();

private:
    [[nodiscard]] Told figures(process::UnixTime now) const;
    Told force(const http::Request& request, process::UnixTime now);
    Told add_mischief(const http::Request& request);
    Told add_fault(const http::Request& request);
    Told set_limits(const http::Request& request);

    gateway::Gateway& gateway_;
    rest::Api& api_;
};

}  // namespace tutti::services::discord::control
