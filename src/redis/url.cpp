#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "tutti/canonical.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {
namespace {

constexpr std::uint32_t database_max = 65'535;
constexpr std::uint32_t replicas_max = 100;
constexpr std::size_t sentinels_max = 32;
constexpr const char* wrong_scheme =
    "it must look like redis://host:6379, rediss://host:6379 (TLS), unix:///path/to.sock or "
    "redis+sentinel://host:26379,host:26379/name";

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
Result<Address> parse_address(std::string_view address, std::uint16_t default_port) {
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
    if (rest.empty()) return Address{.host = std::string(host), .port = default_port};
    const auto port =
        to_number<std::uint16_t>(rest.substr(1), std::numeric_limits<std::uint16_t>::max());
    if (!rest.starts_with(':') || !port || *port == 0) {
        return malformed(
            "the port must be a number from 1 to 65535; "
            "in a password write '/' as %2F, ':' as %3A and '@' as %40");
    }
    return Address{.host = std::string(host), .port = *port};
}

Result<void> parse_database(std::string_view digits, Url& url) {
    const auto database = to_number<std::uint32_t>(digits, database_max);
    if (!database) return malformed("the database must be a number, as in redis://host:6379/0");
    url.database = *database;
    return {};
}

// What stands behind the '?'.
enum Allowed : unsigned {
    of_any = 0,
    of_tls = 1,       // ca, cert, key
    of_sentinel = 2,  // sentinel_user, sentinel_password
    of_unix = 4,      // db
};

constexpr const char* wrong_option =
    "behind the '?' there may be, with '&' between them: replicas=N; of TLS (rediss) ca=FILE, "
    "cert=FILE and key=FILE; of Sentinels sentinel_user=NAME and sentinel_password=PASSWORD; of a "
    "unix socket db=N; in a password write '?' as %3F and '#' as %23";

// The place that an option of this name fills; null: it has none here.
std::string* text_of(std::string_view name, unsigned allowed, Url& url) {
    if ((allowed & of_tls) != 0) {
        if (name == "ca") return &url.tls->ca;
        if (name == "cert") return &url.tls->certificate;
        if (name == "key") return &url.tls->key;
    }
    if ((allowed & of_sentinel) != 0) {
        if (name == "sentinel_user") return &url.sentinel->user;
        if (name == "sentinel_password") return &url.sentinel->password;
    }
    return nullptr;
}

Result<void> parse_replicas(std::string_view digits, Url& url) {
    const auto replicas = to_number<std::uint32_t>(digits, replicas_max);
    if (!replicas || *replicas == 0 || url.replicas != 0) {
        return malformed(
            "replicas must be a number from 1 to 100, once: how many the server has or may be "
            "given; without any leave it out");
    }
    url.replicas = *replicas;
    return {};
}

Result<void> parse_option(std::string_view option, unsigned allowed, Url& url) {
    const std::size_t equals = std::min(option.find('='), option.size());
    const std::string_view name = option.substr(0, equals);
    const std::string_view value = option.substr(std::min(equals + 1, option.size()));
    if (name == "replicas") return parse_replicas(value, url);
    if (name == "db" && (allowed & of_unix) != 0) return parse_database(value, url);
    std::string* const place = text_of(name, allowed, url);
    if (place == nullptr) return malformed(wrong_option);
    auto decoded = percent_decode(value);
    if (!decoded || decoded->empty() || decoded->contains('\0') || !place->empty()) {
        return malformed("an option behind the '?' has no value, or is there twice");
    }
    *place = *std::move(decoded);
    return {};
}

Result<void> parse_options(std::string_view options, unsigned allowed, Url& url) {
    while (!options.empty()) {
        const std::string_view option = options.substr(0, options.find('&'));
        options.remove_prefix(std::min(option.size() + 1, options.size()));
        if (auto parsed = parse_option(option, allowed, url); !parsed) return parsed;
    }
    if (url.tls && url.tls->certificate.empty() != url.tls->key.empty()) {
        return malformed("cert and key go together: the certificate of this client and its key");
    }
    if (url.sentinel && !url.sentinel->user.empty() && url.sentinel->password.empty()) {
        return malformed("sentinel_user goes together with sentinel_password");
    }
    return {};
}

// The login, if there is one, goes into the URL.
Result<std::string_view> without_login(std::string_view authority, Url& url) {
    const std::size_t at = authority.rfind('@');
    if (at == std::string_view::npos) return authority;
    if (auto login = parse_login(authority.substr(0, at), url); !login) return fail(login.error());
    return authority.substr(at + 1);
}

// "host:port,host:port"
Result<std::vector<Address>> parse_sentinels(std::string_view hosts) {
    constexpr std::uint16_t sentinel_port = 26'379;
    std::vector<Address> sentinels;
    for (;;) {
        const std::size_t comma = std::min(hosts.find(','), hosts.size());
        auto address = parse_address(hosts.substr(0, comma), sentinel_port);
        if (!address) return fail(std::move(address).error());
        sentinels.push_back(*std::move(address));
        if (comma == hosts.size()) break;
        hosts.remove_prefix(comma + 1);
    }
    if (sentinels.size() > sentinels_max) return malformed("there are more than 32 Sentinels");
    return sentinels;
}

// "/name" or "/name/database"
Result<std::string_view> parse_group(std::string_view path, SentinelGroup& group) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    auto name = percent_decode(path.substr(0, slash));
    if (!name || name->empty() || has_odd_characters(*name)) {
        return malformed(
            "the name of the servers that the Sentinels watch is missing: "
            "redis+sentinel://host:26379/name");
    }
    group.name = *std::move(name);
    return path.substr(std::min(slash + 1, path.size()));
}

Result<Url> parse_tcp(std::string_view rest, Url url) {
    if (rest.contains('#')) return malformed(wrong_option);
    const std::size_t query = std::min(rest.find('?'), rest.size());
    const std::string_view options = rest.substr(std::min(query + 1, rest.size()));
    rest = rest.substr(0, query);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view database = rest.substr(std::min(slash + 1, rest.size()));
    const auto hosts = without_login(rest.substr(0, slash), url);
    if (!hosts) return fail(hosts.error());
    if (url.sentinel) {
        auto sentinels = parse_sentinels(*hosts);
        if (!sentinels) return fail(std::move(sentinels).error());
        url.sentinel->sentinels = *std::move(sentinels);
        const auto behind = parse_group(database, *url.sentinel);
        if (!behind) return fail(behind.error());
        database = *behind;
    } else {
        auto address = parse_address(*hosts, url.port);
        if (!address) return fail(std::move(address).error());
        url.host = std::move(address->host);
        url.port = address->port;
    }
    const unsigned allowed = (url.tls ? of_tls : of_any) | (url.sentinel ? of_sentinel : of_any);
    if (auto parsed = parse_options(options, allowed, url); !parsed) return fail(parsed.error());
    if (database.empty()) return url;
    if (auto parsed = parse_database(database, url); !parsed) return fail(parsed.error());
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
    const std::string_view options = rest.substr(std::min(query + 1, rest.size()));
    if (auto parsed = parse_options(options, of_unix, url); !parsed) return fail(parsed.error());
    return url;
}

Url with(bool tls, bool sentinel) {
    Url url;
    if (tls) url.tls.emplace();
    if (sentinel) url.sentinel.emplace();
    return url;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
    const std::size_t colon = text.find("://");
    const std::string_view scheme = text.substr(0, colon);
    const std::string_view rest =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 3);
    if (rest.empty()) return malformed(wrong_scheme);
    if (scheme == "redis") return parse_tcp(rest, with(false, false));
    if (scheme == "rediss") return parse_tcp(rest, with(true, false));
    if (scheme == "redis+sentinel") return parse_tcp(rest, with(false, true));
    if (scheme == "rediss+sentinel") return parse_tcp(rest, with(true, true));
    if (scheme == "unix" || scheme == "redis+unix") return parse_unix(rest);
    return malformed(wrong_scheme);
}

std::string Address::text() const {
    const bool brackets = host.contains(':');
    return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Url::endpoint() const {
    if (is_unix()) return path;
    if (sentinel) return "the primary of '" + sentinel->name + "'";
    return Address{.host = host, .port = port}.text();
}

std::string Url::redacted() const {
    const std::string login = password.empty() ? "" : user + ":***@";
    const std::string number = database == 0 ? "" : std::to_string(database);
    const std::string option = replicas == 0 ? "" : "replicas=" + std::to_string(replicas);
    if (is_unix()) {
        std::string options = number.empty() ? "" : "?db=" + number;
        if (!option.empty()) options += (options.empty() ? "?" : "&") + option;
        return "unix://" + login + path + options;
    }
    std::string text = std::string(tls ? "rediss" : "redis") + (sentinel ? "+sentinel" : "") +
                       "://" + login + (sentinel ? "" : endpoint());
    if (sentinel) {
        std::string_view separator;
        for (const Address& address : sentinel->sentinels) {
            text.append(separator).append(address.text());
            separator = ",";
        }
        text += "/" + sentinel->name;
    }
    if (!number.empty()) text += "/" + number;
    return option.empty() ? text : text + "?" + option;
}

Url Url::at(const Address& found) const {
    Url url = *this;
    url.sentinel.reset();
    url.host = found.host;
    url.port = found.port;
    return url;
}

Url Url::of_sentinel(const Address& asked) const {
    Url url = at(asked);
    url.user = sentinel->user;
    url.password = sentinel->password;
    url.database = 0;
    return url;
}

}  // namespace tutti::redis
