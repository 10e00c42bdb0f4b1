#include "common/http/server_checks.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <string_view>

#include <boost/asio/error.hpp>

#include "common/process/logging.hpp"

namespace tutti::services::http {

using boost::system::error_code;
namespace asio = boost::asio;

std::optional<Error> check(const Server::Options& options) {
    const auto& limits = options.limits;
    std::string zero;
    const auto require = [&](bool positive, std::string_view name) {
        if (!positive) zero.append(zero.empty() ? "" : ", ").append(name);
    };
    require(limits.body_bytes_max > 0, "body_bytes_max");
    require(limits.header_bytes_max > 0, "header_bytes_max");
    require(limits.connections_max > 0, "connections_max");
    for (const Server::Pool& pool : {limits.internal, limits.open, limits.observability}) {
        require(pool.workers > 0, "workers");
        require(pool.queued_max > 0, "queued_max");
        require(pool.sending_bytes_max > 0, "sending_bytes_max");
    }
    require(limits.deferred_max > 0, "deferred_max");
    require(limits.receiving_bytes_max >= limits.body_bytes_max,
            "receiving_bytes_max less body_bytes_max");
    require(limits.bytes_per_second_min > 0, "bytes_per_second_min");
    require(limits.read_timeout.count() > 0, "read_timeout");
    require(limits.idle_timeout.count() > 0, "idle_timeout");
    require(limits.write_timeout.count() > 0, "write_timeout");
    require(limits.stop_timeout.count() >= 0, "stop_timeout");
    if (zero.empty()) return std::nullopt;
    return Error{Errc::invalid_option, "http server", "must be more than zero: " + zero};
}

Result<std::size_t> connections_allowed(const Server::Limits& limits) {
    constexpr std::size_t too_few = 16;
    rlimit allowed{};
    if (::getrlimit(RLIMIT_NOFILE, &allowed) != 0) return limits.connections_max;
    const std::size_t wanted = limits.connections_max + limits.descriptors_reserved;
    if (allowed.rlim_cur < wanted && allowed.rlim_cur < allowed.rlim_max) {
        allowed.rlim_cur = std::min<rlim_t>(wanted, allowed.rlim_max);
        ::setrlimit(RLIMIT_NOFILE, &allowed);
        ::getrlimit(RLIMIT_NOFILE, &allowed);
    }
    if (allowed.rlim_cur >= wanted) return limits.connections_max;
    const auto descriptors = static_cast<std::size_t>(allowed.rlim_cur);
    const std::string limit = "this process may have " + std::to_string(descriptors) +
                              " open files and connections (RLIMIT_NOFILE, `ulimit -n`)";
    if (descriptors < limits.descriptors_reserved + too_few) {
        return fail(Errc::unavailable, "http server",
                    limit + ", and needs at least " +
                        std::to_string(limits.descriptors_reserved + too_few));
    }
    const std::size_t connections = descriptors - limits.descriptors_reserved;
    log::info("at most " + std::to_string(connections) + " connections at a time: " + limit);
    return connections;
}

Error listen_error(const error_code& error, const Server::Options& options) {
    const std::string port = std::to_string(options.port);
    if (error == asio::error::address_in_use) {
        return {Errc::unavailable, "http server",
                "port " + port + " on " + options.address +
                    " is in use; stop the other process or choose another port"};
    }
    if (error == asio::error::access_denied) {
        return {Errc::refused, "http server", "no right to listen on port " + port};
    }
    return {Errc::unavailable, "http server",
            "cannot listen on " + options.address + " port " + port + ": " + error.message()};
}

}  // namespace tutti::services::http
