#include "api-gateway/routes/avatar_routes.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "api-gateway/routes/failures.hpp"
#include "api-gateway/routes/validation.hpp"
#include "common/domain/avatar.hpp"
#include "common/http/errors.hpp"

namespace tutti::services::gateway::routes {
namespace {

struct Versioned {
    std::string slug;
    std::string_view version;
};

std::optional<Versioned> read_versioned(std::string_view stem) {
    if (stem.size() < domain::avatar_version_digits + 2) return std::nullopt;
    const auto slug = stem.substr(0, stem.size() - domain::avatar_version_digits - 1);
    const auto version = stem.substr(slug.size() + 1);
    const bool sound = stem[slug.size()] == '-' &&
                       std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; });
    return sound ? std::optional(Versioned{std::string(slug), version}) : std::nullopt;
}

// The file name without .png, when it could be one of ours.
std::optional<std::string> read_stem(std::string_view file) {
    constexpr std::string_view extension = ".png";
    if (!file.ends_with(extension)) return std::nullopt;
    file.remove_suffix(extension.size());
    const std::size_t length_max = slug_length_max + 1 + domain::avatar_version_digits;
    if (file.empty() || file.size() > length_max || !is_slug(file)) return std::nullopt;
    return std::string(file);
}

// If-None-Match: a list of tags, weak ones too, or a star.
bool is_known(std::string_view tags, std::string_view etag) {
    while (!tags.empty()) {
        auto tag = tags.substr(0, tags.find(','));
        tags.remove_prefix(std::min(tags.size(), tag.size() + 1));
        tag.remove_prefix(std::min(tag.size(), tag.find_first_not_of(" \t")));
        tag = tag.substr(0, tag.find_last_not_of(" \t") + 1);
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == etag || tag == "*") return true;
    }
    return false;
}

struct Found {
    domain::AvatarPtr avatar;
    // Kept for ever, or asked for again each time, which costs a 304.
    std::string_view cache_control = "public, no-cache";
};

class AvatarRoutes {
public:
    explicit AvatarRoutes(const GatewayNode& node) : node_(node) {}

    [[nodiscard]] http::Response read(const http::Request& request) const {
        const auto stem = read_stem(request.parameter("file"));
        if (!stem) {
            return http::error_response(http::ErrorCode::validation_error,
                                        "The file must be the slug of a personality and .png");
        }
        const auto found = find(*stem);
        if (!found) return database_failed(found.error());
        if (!found->avatar)
            return http::error_response(http::ErrorCode::not_found, "There is no such avatar");
        return answer(request, *found);
    }

private:
    [[nodiscard]] Result<Found> find(const std::string& stem) const {
        domain::AvatarPtr current;
        if (const auto versioned = read_versioned(stem)) {
            const auto avatar = node_.avatar(versioned->slug);
            if (!avatar) return fail(avatar.error());
            current = avatar->value_or(nullptr);
            if (current && domain::version_of(current->updated_at) == versioned->version) {
                return Found{current, "public, max-age=604800, immutable"};
            }
        }
        if (stem.size() > slug_length_max) return Found{.avatar = current};
        const auto avatar = node_.avatar(stem);
        if (!avatar) return fail(avatar.error());
        return Found{.avatar = avatar->value_or(current)};
    }

    [[nodiscard]] static http::Response answer(const http::Request& request, const Found& found) {
        const domain::Avatar& avatar = *found.avatar;
        http::Response response{
            .headers = {{"ETag", avatar.etag},
                        {"Last-Modified", process::http_date(avatar.updated_at)},
                        {"Cache-Control", std::string(found.cache_control)},
                        {"X-Content-Type-Options", "nosniff"}}};
        const auto tags = request.headers.find("If-None-Match");
        if (tags && is_known(*tags, avatar.etag)) {
            response.status = 304;
            return response;
        }
        response.headers.set("Content-Type", "image/png");
        response.body = avatar.png;
        return response;
    }

    const GatewayNode& node_;
};

}  // namespace

std::vector<GatewayRoute> avatar_routes(const GatewayNode& node) {
    return {{Access::everyone, "GET", "/avatars/:file",
             [avatars = AvatarRoutes(node)](const http::Request& request) {
                 return avatars.read(request);
             }}};
}

}  // namespace tutti::services::gateway::routes
