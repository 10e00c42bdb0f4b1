// Between what Beast parses, what goes over the wire, and the server's plain values. For server.cpp only.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>

#include "common/http/message.hpp"

namespace tutti::services {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// Takes the body out of the parser.
[[nodiscard]] HttpRequest to_request(RequestParser& parser);
// The answer to what is no request.
[[nodiscard]] HttpResponse to_response(const boost::system::error_code& error);

struct WireResponse {
    HttpResponse response{};
    bool keep_alive = false;
    bool head_only = false;
};

// Up to the empty line, and what follows it; the body is borrowed from the reply.
[[nodiscard]] std::string to_head(const WireResponse& reply);
[[nodiscard]] std::string_view body_of(const WireResponse& reply);

}  // namespace tutti::services
