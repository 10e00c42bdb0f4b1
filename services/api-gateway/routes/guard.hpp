// The one gate in front of every route: who may call it is checked by the head of the request, and by the
// body where only that says who asks.
//
// Thread-safety: immutable after its construction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-gateway/routes/route.hpp"
#include "common/http/message.hpp"
#include "common/http/router.hpp"
#include "common/process/secret.hpp"

namespace tutti::services {

class Guard {
public:
    Guard(Secret secret, std::optional<std::string> bot_owner_id);

    // Why the request may not pass, by its head; or nothing.
    [[nodiscard]] std::optional<HttpResponse> refuse(Access access, const HttpRequest& head) const;
    // The same by what only the body says.
    [[nodiscard]] std::optional<HttpResponse> refuse_whole(Access access,
                                                           const HttpRequest& request) const;

private:
    [[nodiscard]] bool owner_is_in_body(const HttpRequest& head) const;
    [[nodiscard]] bool is_owner(const HttpRequest& request) const;

    Secret secret_;
    std::optional<std::string> bot_owner_id_;
};

[[nodiscard]] Router guarded_router(std::vector<GatewayRoute> routes, const Guard& guard);

}  // namespace tutti::services
