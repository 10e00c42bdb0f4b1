// The parts of an http or https URL. No user name, password or fragment: they are refused, so that
// a secret in a URL is noticed and not sent somewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tutti/error.hpp"

namespace tutti::services::net {

struct HttpUrl {
    enum class Scheme : std::uint8_t { http, https };

    Scheme scheme = Scheme::http;
    std::string host;  // without the brackets of an IPv6 address
    std::uint16_t port = 80;
    std::string target = "/";  // path and query, still encoded

    // "http://host:port", brackets for IPv6: the key of connections that may be shared.
    [[nodiscard]] std::string origin() const;
    // For the Host field: brackets for IPv6, no default port.
    [[nodiscard]] std::string authority() const;

    // Errors: invalid_option; the cause does not repeat the URL.
    [[nodiscard]] static Result<HttpUrl> parse(std::string_view text);
};

// Whether what is sent there is seen by its host alone: https, or a host that is this machine.
[[nodiscard]] bool keeps_secrets(const HttpUrl& url);

// "wss://host/path" as the https URL that WebSocket's handshake is sent to, "ws://" as the http
// one. Errors: as HttpUrl::parse.
[[nodiscard]] Result<HttpUrl> parse_websocket_url(std::string_view text);

}  // namespace tutti::services::net
