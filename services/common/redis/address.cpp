#include "common/redis/address.hpp"

#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/http/message.hpp"
#include "common/http/url.hpp"

namespace tutti::services {
namespace {

constexpr std::uint32_t database_max = 65'535;

std::unexpected<Error> malformed(const char* cause) {
    return fail(Errc::invalid_option, "read REDIS_URL", cause);
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

Result<void> read_login(std::string_view login, RedisAddress& to) {
    const std::size_t colon = login.find(':');
    if (colon == std::string_view::npos) return malformed("write user:password@, or :password@");
    auto user = percent_decode(login.substr(0, colon));
    auto password = percent_decode(login.substr(colon + 1));
    if (!user || !password) return malformed("a '%' in user or password must be written %25");
    if (password->empty()) return malformed("the password is empty: leave it and the '@' out");
    to.user = *std::move(user);
    to.password = Secret(*std::move(password));
    return {};
}

Result<void> read_database(std::string_view digits, RedisAddress& to) {
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, to.database);
    if (error != std::errc{} || stopped != end || to.database > database_max) {
        return malformed("the database must be a number from 0 to 65535");
    }
    return {};
}

Result<void> read_socket(std::string_view text, RedisAddress& to) {
    const std::size_t mark = std::min(text.find('?'), text.size());
    const auto path = percent_decode(text.substr(0, mark));
    if (!path || !path->starts_with('/')) return malformed("the path must begin with a slash");
    if (path->size() >= sizeof(sockaddr_un::sun_path)) return malformed("the path is too long");
    to.path = *path;
    std::string_view query = text.substr(mark);
    if (query.empty()) return {};
    if (!take(query, "?db=")) return malformed("behind the path only ?db=<number> is known");
    return read_database(query, to);
}

Result<void> read_server(std::string_view text, RedisAddress& to) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view authority = text.substr(0, slash);
    const auto url = Url::parse("http://" + std::string(authority));
    if (!url || url->target != "/")
        return malformed("the host or the port is missing or not valid");
    to.host = url->host;
    const bool has_port = authority.find(':', authority.rfind(']') + 1) != std::string_view::npos;
    if (has_port) to.port = url->port;
    const std::string_view database = text.substr(std::min(text.size(), slash + 1));
    return database.empty() ? Result<void>{} : read_database(database, to);
}

}  // namespace

Result<RedisAddress> RedisAddress::parse(std::string_view url) {
    if (url.starts_with("rediss://")) {
        return malformed("rediss:// is not supported; use a TLS proxy on this machine, or unix://");
    }
    RedisAddress address;
    const bool socket = take(url, "unix://");
    if (!socket && !take(url, "redis://"))
        return malformed("it must begin with redis:// or unix://");
    if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
        if (auto login = read_login(url.substr(0, at), address); !login) {
            return fail(std::move(login).error());
        }
        url.remove_prefix(at + 1);
    }
    auto read = socket ? read_socket(url, address) : read_server(url, address);
    if (!read) return fail(std::move(read).error());
    return address;
}

}  // namespace tutti::services
