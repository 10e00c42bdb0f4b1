// GET /temp-attachments/:requestId/:file: what was attached to a request that runs, for every
// program that has its URL.
//
// Users decide what is in such a file, and it is served from the gateway's own origin. So no
// browser may take it for a page: images, sound, video and plain text have their type, by the
// extension of the file's name; all else is bytes, SVG and HTML included, and nothing is shown in
// place.
//
// Thread-safety: the handler may be called from any thread. Shutdown: the store outlives the
// routes.
#pragma once

#include <string_view>
#include <vector>

#include "api-gateway/attachments/store.hpp"
#include "api-gateway/routes/route.hpp"

namespace tutti::services::gateway::routes {

[[nodiscard]] std::vector<GatewayRoute> attachment_routes(
    const attachments::AttachmentStore& store);

// "image/png" for "a.PNG"; "application/octet-stream" for what is not known to be harmless.
[[nodiscard]] std::string_view attachment_media_type(std::string_view file_name);

}  // namespace tutti::services::gateway::routes
