#include "common/http/server_checks.hpp"

#include <string>
#include <string_view>

#include <boost/asio/error.hpp>

namespace tutti::services {

using boost::system::error_code;
namespace asio = boost::asio;

std::optional<Error> check(const HttpServer::Options& options) {
    const auto& limits = options.limits;
    std::string zero;
    const auto require = [&](bool positive, std::string_view name) {
        if (!positive) zero.append(zero.empty() ? "" : ", ").append(name);
    };
    require(limits.body_bytes_max > 0, "body_bytes_max");
    require(limits.header_bytes_max > 0, "header_bytes_max");
    require(limits.connections_max > 0, "connections_max");
    require(limits.workers > 0, "workers");
    require(limits.queued_max > 0, "queued_max");
    require(limits.deferred_max > 0, "deferred_max");
    require(limits.sending_bytes_max > 0, "sending_bytes_max");
    require(limits.read_timeout.count() > 0, "read_timeout");
    require(limits.idle_timeout.count() > 0, "idle_timeout");
    require(limits.write_timeout.count() > 0, "write_timeout");
    require(limits.stop_timeout.count() >= 0, "stop_timeout");
    if (zero.empty()) return std::nullopt;
    return Error{Errc::invalid_option, "http server", "must be more than zero: " + zero};
}

Error listen_error(const error_code& error, const HttpServer::Options& options) {
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

}  // namespace tutti::services
