#include "common/http/server_wire.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include "common/errors.hpp"
#include "common/http/wire.hpp"

namespace tutti::services {

namespace http = boost::beast::http;

HttpRequest to_request(RequestParser& parser) {
    auto& message = parser.get();
    HttpRequest request;
    request.method = std::string(message.method_string());
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    request.path = target.substr(0, mark);
    request.query = target.substr(std::min(mark + 1, target.size()));
    for (const auto& field : message) {
        request.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    request.body = std::move(message.body());
    return request;
}

HttpResponse to_response(const boost::system::error_code& error) {
    if (error == http::error::body_limit) {
        return error_response(ErrorCode::payload_too_large, "The request body is too large");
    }
    if (error == http::error::header_limit) {
        return error_response(ErrorCode::headers_too_large, "The request's header is too large");
    }
    return error_response(ErrorCode::validation_error, "Not an HTTP request: " + error.message());
}

std::string to_bytes(const Reply& reply) {
    const auto& response = reply.response;
    const auto reason =
        http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
    std::string bytes =
        "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason) + "\r\n";
    for (const auto& [name, value] : response.headers) {
        const bool sound = wire::is_token(name) && wire::is_field_value(value);
        if (sound && !wire::is_managed_field(name)) wire::append_field(bytes, name, value);
    }
    // Of these a length would be wrong: 204 has no body, and that of a 304 is the one not sent.
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) {
        wire::append_field(bytes, "Content-Length", std::to_string(response.body.size()));
    }
    wire::append_field(bytes, "Connection", reply.keep_alive ? "keep-alive" : "close");
    bytes += "\r\n";
    if (!reply.head_only && !bodiless) bytes += response.body;
    return bytes;
}

}  // namespace tutti::services
