// Why a server does not start. For server.cpp only.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>

#include <boost/system/error_code.hpp>

#include "common/http/server.hpp"
#include "tutti/error.hpp"

namespace tutti::services {

// Every limit that is wrong; nothing when all are usable.
[[nodiscard]] std::optional<Error> check(const HttpServer::Options& options);
[[nodiscard]] Error listen_error(const boost::system::error_code& error,
                                 const HttpServer::Options& options);

}  // namespace tutti::services
