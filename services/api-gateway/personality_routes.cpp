// /user/personality: what a user may talk to. Denied and absent look the same.
#include <algorithm>
#include <string>
#include <utility>

#include "api-gateway/routes.hpp"
#include "common/domain.hpp"
#include "common/errors.hpp"
#include "tutti/json.hpp"

namespace tutti::services {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

HttpResponse list_personalities(const RouteContext& context, const HttpRequest& request) {
    auto found = context.database.list_personalities(context.principal(request));
    if (!found) return database_failed(found.error());
    return json_response(200, json::write(ListPersonalitiesResponse{std::move(*found)}));
}

HttpResponse read_personality(const RouteContext& context, const HttpRequest& request) {
    std::string slug = request.parameter("slug");
    Validation fields;
    fields.text("slug", slug, slug_length_max);
    if (!fields.ok()) return fields.response();
    std::ranges::transform(slug, slug.begin(), lower);
    auto found = context.database.find_personality(slug, context.principal(request));
    if (!found) return database_failed(found.error());
    if (!*found) {
        return error_response(ErrorCode::not_found, "Personality \"" + slug + "\" not found");
    }
    return json_response(200, json::write(GetPersonalityResponse{std::move(**found)}));
}

}  // namespace

void add_personality_routes(std::vector<GatewayRoute>& routes, const RouteContext& context) {
    routes.push_back({Access::user, "GET", "/user/personality",
                      [context](const HttpRequest& r) { return list_personalities(context, r); }});
    routes.push_back({Access::user, "GET", "/user/personality/:slug",
                      [context](const HttpRequest& r) { return read_personality(context, r); }});
}

}  // namespace tutti::services
