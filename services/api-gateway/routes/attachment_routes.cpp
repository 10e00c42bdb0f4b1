#include "api-gateway/routes/attachment_routes.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "common/http/errors.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::gateway::routes {
namespace {

struct MediaType {
    std::string_view extension;
    std::string_view type;
};
constexpr std::array<MediaType, 25> media_types{{
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"heic", "image/heic"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"oga", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"wav", "audio/wav"},
    {"m4a", "audio/mp4"},
    {"aac", "audio/aac"},
    {"flac", "audio/flac"},
    {"weba", "audio/webm"},
    {"mp4", "video/mp4"},
    {"m4v", "video/mp4"},
    {"mov", "video/quicktime"},
    {"webm", "video/webm"},
    {"mpeg", "video/mpeg"},
    {"txt", "text/plain; charset=utf-8"},
}};

http::Response read_attachment(const attachments::AttachmentStore& store,
                               const http::Request& request) {
    const std::string& name = request.parameter("file");
    auto bytes = store.read(request.parameter("requestId"), name);
    if (!bytes) return http::error_response(http::ErrorCode::not_found, "Attachment not found");
    auto response = http::text_response(200, *std::move(bytes), attachment_media_type(name));
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Content-Disposition", "attachment");
    response.headers.set("Cache-Control", "private, max-age=3600");
    return response;
}

}  // namespace

std::string_view attachment_media_type(std::string_view file_name) {
    const std::size_t dot = file_name.rfind('.');
    const std::string extension =
        dot == std::string_view::npos ? std::string() : to_lower(file_name.substr(dot + 1));
    const auto found = std::ranges::find(media_types, extension, &MediaType::extension);
    return found == media_types.end() ? "application/octet-stream" : found->type;
}

std::vector<GatewayRoute> attachment_routes(const attachments::AttachmentStore& store) {
    return {{Access::everyone, "GET", "/temp-attachments/:requestId/:file",
             [&store](const http::Request& request) { return read_attachment(store, request); }}};
}

}  // namespace tutti::services::gateway::routes
