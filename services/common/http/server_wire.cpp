#include "common/http/server_wire.hpp"

#include <algorithm>
#include <string_view>

#include <boost/beast/http/status.hpp>

#include "common/http/errors.hpp"
#include "common/http/wire.hpp"

namespace tutti::services::http {

namespace http = boost::beast::http;

namespace {

// Of these a length would be wrong: 204 has no body, and that of a 304 is the one not sent.
bool is_bodiless(const Response& response) {
    return response.status == 204 || response.status == 304;
}

}  // namespace

Request to_request(const RequestReader& reader) {
    const auto& message = reader.message();
    Request request;
    request.method = std::string(message.method_string());
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    request.path = target.substr(0, mark);
    request.query = target.substr(std::min(mark + 1, target.size()));
    request.headers = reader.headers();
    return request;
}

Response to_response(const RequestReader& faulty) {
    switch (faulty.fault()) {
    case MessageFault::body_too_large:
        return error_response(ErrorCode::payload_too_large, "The request body is too large");
    case MessageFault::wrapping_too_large:
        return error_response(ErrorCode::payload_too_large,
                              "The body's chunk extensions and trailers are too large");
    case MessageFault::header_too_large:
        return error_response(ErrorCode::headers_too_large, "The request's header is too large");
    case MessageFault::unknown_coding:
        return error_response(ErrorCode::not_implemented,
                              "The only transfer coding is chunked, alone and in HTTP/1.1");
    default: break;
    }
    return error_response(ErrorCode::validation_error, "Not an HTTP request: " + faulty.text());
}

std::string to_head(const WireResponse& reply) {
    const auto& response = reply.response;
    const auto reason =
        http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
    std::string head =
        "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason) + "\r\n";
    for (const auto& [name, value] : response.headers) {
        const bool sound = wire::is_token(name) && wire::is_field_value(value);
        if (sound && !wire::is_managed_field(name)) wire::append_field(head, name, value);
    }
    if (!is_bodiless(response)) {
        wire::append_field(head, "Content-Length", std::to_string(response.body.size()));
    }
    wire::append_field(head, "Connection", reply.keep_alive ? "keep-alive" : "close");
    return head += "\r\n";
}

std::string_view body_of(const WireResponse& reply) {
    const bool sent = !reply.head_only && !is_bodiless(reply.response);
    return sent ? std::string_view(reply.response.body) : std::string_view();
}

}  // namespace tutti::services::http
