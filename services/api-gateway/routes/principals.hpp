// Who a request says it is for.
#pragma once

#include <optional>
#include <string>

#include "common/domain/principal.hpp"
#include "common/http/message.hpp"

namespace tutti::services::gateway::routes {

class Principals {
public:
    explicit Principals(std::optional<std::string> bot_owner_id);

    // Requires: the route asks for Access::user.
    [[nodiscard]] domain::Principal of(const http::Request& request) const;

private:
    std::optional<std::string> bot_owner_id_;
};

}  // namespace tutti::services::gateway::routes
