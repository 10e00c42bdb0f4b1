// Between what Beast parses, what goes over the wire, and the server's plain values. For the server
// only.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "common/http/message_reader.hpp"

namespace tutti::services::http {

using RequestReader = MessageReader<true>;

// When the head is there: all but the body.
[[nodiscard]] Request to_request(const RequestReader& reader);
// The answer to what is no request.
[[nodiscard]] Response to_response(const RequestReader& faulty);

struct WireResponse {
    Response response{};
    bool keep_alive = false;
    bool head_only = false;
};

// Up to the empty line, and what follows it; the body is borrowed from the reply.
[[nodiscard]] std::string to_head(const WireResponse& reply);
[[nodiscard]] std::string_view body_of(const WireResponse& reply);

}  // namespace tutti::services::http
