// Why a server does not start, and how many connections it may have. For server.cpp only.
//
// Thread-safety: any thread.
#pragma once

#include <cstddef>
#include <optional>

#include <boost/system/error_code.hpp>

#include "common/http/server.hpp"
#include "tutti/error.hpp"

namespace tutti::services::http {

// Every limit that is wrong; nothing when all are usable.
[[nodiscard]] std::optional<Error> check(const Server::Options& options);
// As many as the limits and the descriptors that this process may have; raises that number as far
// as the system lets it. Errors: unavailable (hardly any connections would be left).
[[nodiscard]] Result<std::size_t> connections_allowed(const Server::Limits& limits);
[[nodiscard]] Error listen_error(const boost::system::error_code& error,
                                 const Server::Options& options);

}  // namespace tutti::services::http
