// The routes /models: the catalogue as options for a user to choose from.
//
// They stand behind the service secret, refreshing also behind the bot owner's id in X-User-Id.
//
// A catalogue that is not at hand holds no worker: its answer is a deferred one.
//
// Thread-safety: the handlers may be called from any thread, and call the source from there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api-gateway/routes/route.hpp"
#include "common/domain/model_catalogue.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::routes {

struct ModelSource {
    using Found = Result<std::shared_ptr<const domain::ModelCatalogue>>;
    // Called once: inside of the call when the catalogue is at hand, otherwise later, from any
    // thread.
    using Answer = std::function<void(const Found& found)>;
    using Get = std::function<void(Answer answer)>;

    Get catalogue;  // from the cache, or loaded
    Get refresh;    // loaded anew; a failure leaves what is cached
};

[[nodiscard]] std::vector<GatewayRoute> model_routes(ModelSource source,
                                                     std::optional<std::string> bot_owner_id);

}  // namespace tutti::services::gateway::routes
