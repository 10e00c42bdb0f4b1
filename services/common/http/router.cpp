#include "common/http/router.hpp"

#include <cassert>
#include <utility>

#include "common/http/errors.hpp"
#include "common/process/span.hpp"
#include "common/process/trace_context.hpp"
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

constexpr std::string_view trace_header = "traceparent";

// Two of them are none: which of the two traces it is cannot be told.
std::optional<process::TraceContext> trace_of(const Headers& headers) {
    std::optional<process::TraceContext> found;
    bool again = false;
    for (const auto& [name, value] : headers) {
        if (name.size() != trace_header.size() || to_lower(name) != trace_header) continue;
        if (std::exchange(again, true)) return std::nullopt;
        found = process::TraceContext::parse(value);
    }
    return found;
}

// What a request is to its trace. Monitoring belongs to none.
Handler in_a_span(const std::string& method, std::string route, Handler handler) {
    std::string name = method + ' ' + route;
    return [name = std::move(name), route = std::move(route),
            handler = std::move(handler)](const Request& request) {
        process::Span span(name, process::SpanKind::server, trace_of(request.headers));
        span.note("http.request.method", request.method);
        span.note("http.route", route);
        Response response = handler(request);
        if (response.later) return response;  // it ends after this span
        span.note("http.response.status_code", response.status);
        if (response.status >= 500) span.fail();
        return response;
    };
}

}  // namespace

Router& Router::add(std::string method, std::string_view pattern, Handler handler,
                    const Terms& terms) {
    assert(pattern.starts_with('/') && handler);
    if (terms.kind != RouteKind::observability) {
        handler = in_a_span(method, std::string(pattern), std::move(handler));
    }
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
