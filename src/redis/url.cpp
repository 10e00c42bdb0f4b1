#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "tutti/canonical.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {
namespace {

constexpr std::uint32_t database_max = 65'535;

std::unexpected<Error> malformed(const char* cause) {
    return fail(Errc::invalid_option, "redis url", cause);
}

template <class Number>
std::optional<Number> to_number(std::string_view digits, Number limit) {
    Number number{};
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc{} || stopped != end || number > limit) return std::nullopt;
    return number;
}

bool has_odd_characters(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

// "user:password" or ":password"; what stands before the last '@'.
Result<void> parse_login(std::string_view login, Url& url) {
    const std::size_t colon = login.find(':');
    if (colon == std::string_view::npos) {
        return malformed("there is a user and no password: write user:password@, or :password@");
    }
    auto user = percent_decode(login.substr(0, colon));
    auto password = percent_decode(login.substr(colon + 1));
    if (!user || !password) return malformed("a '%' in user or password must be written %25");
    if (password->empty()) return malformed("the password is empty: leave it and the '@' out");
    url.user = std::move(*user);
    url.password = std::move(*password);
    return {};
}

// "host", "host:port", "[v6]" or "[v6]:port".
Result<void> parse_address(std::string_view address, Url& url) {
    std::string_view host;
    std::string_view rest;
    if (address.starts_with('[')) {
        const std::size_t end = address.find(']');
        if (end == std::string_view::npos)
            return malformed("the ']' of the IPv6 address is missing");
        host = address.substr(1, end - 1);
        rest = address.substr(end + 1);
    } else {
        const std::size_t colon = std::min(address.find(':'), address.size());
        host = address.substr(0, colon);
        rest = address.substr(colon);
    }
    if (host.empty()) return malformed("the host is missing: redis://host:port");
    if (has_odd_characters(host) || host.find_first_of("@[]?#%") != std::string_view::npos) {
        return malformed("the host has a character that no host name has");
    }
    url.host = host;
    if (rest.empty()) return {};
    const auto port =
        to_number<std::uint16_t>(rest.substr(1), std::numeric_limits<std::uint16_t>::max());
    if (!rest.starts_with(':') || !port || *port == 0) {
        return malformed(
            "the port must be a number from 1 to 65535; "
            "in a password write '/' as %2F, ':' as %3A and '@' as %40");
    }
    url.port = *port;
    return {};
}

Result<void> parse_database(std::string_view digits, Url& url) {
    const auto database = to_number<std::uint32_t>(digits, database_max);
    if (!database) return malformed("the database must be a number, as in redis://host:6379/0");
    url.database = *database;
    return {};
}

// "ca=/path/ca.pem&cert=/path/c.pem&key=/path/k.pem"
Result<TlsFiles> parse_tls(std::string_view options) {
    TlsFiles files;
    while (!options.empty()) {
        const std::string_view option = options.substr(0, options.find('&'));
        options.remove_prefix(std::min(option.size() + 1, options.size()));
        const std::size_t equals = std::min(option.find('='), option.size());
        const std::string_view name = option.substr(0, equals);
        std::string* const file = name == "ca"     ? &files.ca
                                  : name == "cert" ? &files.certificate
                                  : name == "key"  ? &files.key
                                                   : nullptr;
        if (file == nullptr) {
            return malformed(
                "behind the '?' there may be ca=FILE, cert=FILE and key=FILE, with '&' between "
                "them; in a password write '?' as %3F");
        }
        const auto path = percent_decode(option.substr(std::min(equals + 1, option.size())));
        if (!path || path->empty() || path->find('\0') != std::string::npos || !file->empty()) {
            return malformed("each of ca, cert and key names one file, once");
        }
        *file = *path;
    }
    if (files.certificate.empty() != files.key.empty()) {
        return malformed("cert and key go together: the certificate of this client and its key");
    }
    return files;
}

Result<Url> parse_tcp(std::string_view rest) {
    if (rest.find_first_of("?#") != std::string_view::npos) {
        return malformed(
            "there are no options behind the database, but of rediss:// (TLS); "
            "in a password write '?' as %3F and '#' as %23");
    }
    Url url;
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, slash);
    const std::string_view database = rest.substr(std::min(slash + 1, rest.size()));
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        if (auto login = parse_login(authority.substr(0, at), url); !login)
            return fail(login.error());
        authority.remove_prefix(at + 1);
    }
    if (auto address = parse_address(authority, url); !address) return fail(address.error());
    if (database.empty()) return url;
    if (auto parsed = parse_database(database, url); !parsed) return fail(parsed.error());
    return url;
}

Result<Url> parse_tcp_with_tls(std::string_view rest) {
    const std::size_t query = std::min(rest.find('?'), rest.size());
    auto url = parse_tcp(rest.substr(0, query));
    if (!url) return url;
    auto files = parse_tls(rest.substr(std::min(query + 1, rest.size())));
    if (!files) return fail(std::move(files).error());
    url->tls = *std::move(files);
    return url;
}

Result<Url> parse_unix(std::string_view rest) {
    Url url;
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return malformed("the path of the socket must be absolute: unix:///path/to.sock");
    }
    if (slash > 0) {
        const std::string_view login = rest.substr(0, slash);
        if (!login.ends_with('@')) {
            return malformed("the path of the socket must be absolute: unix:///path/to.sock");
        }
        auto parsed = parse_login(login.substr(0, login.size() - 1), url);
        if (!parsed) return fail(parsed.error());
        rest.remove_prefix(slash);
    }
    const std::size_t query = std::min(rest.find('?'), rest.size());
    const auto path = percent_decode(rest.substr(0, query));
    if (!path || path->find('\0') != std::string::npos)
        return malformed("the path cannot be decoded");
    if (path->size() >= sizeof(sockaddr_un::sun_path)) return malformed("the path is too long");
    url.path = *path;
    const std::string_view option = rest.substr(query);
    if (option.empty()) return url;
    if (!option.starts_with("?db=")) return malformed("the only option is ?db=<number>");
    if (auto parsed = parse_database(option.substr(4), url); !parsed) return fail(parsed.error());
    return url;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
    const std::size_t colon = text.find("://");
    const std::string_view scheme = text.substr(0, colon);
    const std::string_view rest =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 3);
    if (scheme == "redis" && !rest.empty()) return parse_tcp(rest);
    if ((scheme == "unix" || scheme == "redis+unix") && !rest.empty()) return parse_unix(rest);
    if (scheme == "rediss" && !rest.empty()) return parse_tcp_with_tls(rest);
    return malformed(
        "it must look like redis://host:6379, rediss://host:6379 (TLS) or unix:///path/to.sock");
}

std::string Url::endpoint() const {
    if (is_unix()) return path;
    const bool brackets = host.find(':') != std::string::npos;
    return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Url::redacted() const {
    const std::string login = password.empty() ? "" : user + ":***@";
    const std::string number = database == 0 ? "" : std::to_string(database);
    if (is_unix()) return "unix://" + login + path + (number.empty() ? "" : "?db=" + number);
    return (tls ? "rediss://" : "redis://") + login + endpoint() +
           (number.empty() ? "" : "/" + number);
}

}  // namespace tutti::redis
