#include "common/http/router.hpp"

#include <cassert>
#include <utility>

#include "common/http/errors.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::http {
namespace {

using Parameters = decltype(Request::parameters);

// "/a/b" -> {"a", "b"}; "/" -> {""}.
std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    while (true) {
        const std::size_t slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
             Parameters& parameters) {
    if (pattern.size() != path.size()) return false;
    parameters.clear();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (!pattern[i].starts_with(':')) {
            if (pattern[i] != path[i]) return false;
            continue;
        }
        if (path[i].empty()) return false;
        parameters.emplace(pattern[i].substr(1), path[i]);
    }
    return true;
}

}  // namespace

Router& Router::add(std::string method, std::string_view pattern, Handler handler,
                    const Terms& terms) {
    assert(pattern.starts_with('/') && handler);
    routes_.push_back(
        {std::move(method), split(pattern), terms.guard,
         std::make_shared<const Admission>(Admission{.handler = std::move(handler),
                                                     .kind = terms.kind,
                                                     .body_bytes_max = terms.body_bytes_max})});
    return *this;
}

Admitted Router::admit(Request& head) const {
    auto path = split(head.path);
    for (auto& segment : path) {
        auto decoded = percent_decode(segment);
        if (!decoded) {
            return error_response(ErrorCode::validation_error,
                                  "The path is wrongly percent-encoded");
        }
        segment = std::move(*decoded);
    }
    const std::string method = head.method == "HEAD" ? "GET" : head.method;
    const bool is_path = head.path.starts_with('/');
    for (const auto& route : routes_) {
        if (!is_path || route.method != method || !matches(route.segments, path, head.parameters)) {
            continue;
        }
        if (route.guard) {
            if (auto refused = route.guard(head)) return std::move(*refused);
        }
        return route.admission;
    }
    return error_response(ErrorCode::not_found,
                          "Route " + head.method + " " + head.path + " not found");
}

Response Router::handle(Request request) const {
    auto admitted = admit(request);
    if (auto* refused = std::get_if<Response>(&admitted)) return std::move(*refused);
    return std::get<0>(admitted)->handler(request);
}

}  // namespace tutti::services::http
