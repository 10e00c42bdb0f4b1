#include "common/net/url.hpp"

#include <algorithm>
#include <charconv>

#include "common/http/wire.hpp"
#include "common/net/networks.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::net {
namespace {

constexpr std::uint16_t default_port(HttpUrl::Scheme scheme) {
    return scheme == HttpUrl::Scheme::https ? 443 : 80;
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool is_host(std::string_view host) {
    static constexpr std::string_view others = "-._:";
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               others.contains(c);
    });
}

// RFC 3986: those stand for themselves nowhere in a URL, and "%" begins two hexadecimal digits.
bool is_encoded(std::string_view target) {
    return target.find_first_of("\"<>\\^`{|}") == std::string_view::npos && percent_decode(target);
}

std::string bracketed(const std::string& host) {
    return host.contains(':') ? '[' + host + ']' : host;
}

}  // namespace

std::string HttpUrl::authority() const {
    std::string text = bracketed(host);
    if (port != default_port(scheme)) text += ':' + std::to_string(port);
    return text;
}

std::string HttpUrl::origin() const {
    return (scheme == Scheme::https ? "https://" : "http://") + bracketed(host) + ':' +
           std::to_string(port);
}

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
    const auto wrong = [](std::string cause) {
        return fail(Errc::invalid_option, "read url", std::move(cause));
    };
    HttpUrl url;
    if (take(text, "https://")) {
        url.scheme = Scheme::https;
    } else if (!take(text, "http://")) {
        return wrong("the URL must begin with http:// or https://");
    }
    url.port = default_port(url.scheme);
    if (!http::wire::is_target(text))
        return wrong("the URL holds a space, a control or a non-ASCII character");
    const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
    std::string_view authority = text.substr(0, end);
    const std::string_view target = text.substr(end);
    if (target.contains('#')) return wrong("the URL has a fragment; leave it out");
    if (!is_encoded(target))
        return wrong("the URL holds a character that must be written as % and two digits");
    if (authority.contains('@'))
        return wrong("the URL has a user name; send credentials in a header");
    if (target.starts_with('/')) url.target.clear();
    url.target += target;

    const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
    if (bracket == std::string_view::npos) return wrong("the URL's IPv6 address lacks a bracket");
    const std::size_t colon = authority.find(':', bracket);
    if (colon != std::string_view::npos) {
        const std::string_view digits = authority.substr(colon + 1);
        const auto [stop, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
        if (error != std::errc{} || stop != digits.data() + digits.size() || url.port == 0) {
            return wrong("the URL's port must be a number from 1 to 65535");
        }
        authority = authority.substr(0, colon);
    }
    if (bracket > 0 && authority.size() != bracket + 1) return wrong("the URL's host is not valid");
    if (bracket > 0) authority = authority.substr(1, bracket - 1);
    if (authority.empty()) return wrong("the URL has no host");
    if (!is_host(authority)) return wrong("the URL's host is not valid");
    url.host = authority;
    return url;
}

bool keeps_secrets(const HttpUrl& url) {
    return url.scheme == HttpUrl::Scheme::https || is_loopback(url.host);
}

Result<HttpUrl> parse_websocket_url(std::string_view text) {
    if (!text.starts_with("ws://") && !text.starts_with("wss://")) {
        return fail(Errc::invalid_option, "read url", "the URL must begin with ws:// or wss://");
    }
    return HttpUrl::parse("http" + std::string(text.substr(2)));
}

}  // namespace tutti::services::net
