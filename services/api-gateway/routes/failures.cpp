#include "api-gateway/routes/failures.hpp"

#include <string>

#include "common/http/errors.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::gateway::routes {

http::Response database_failed(const Error& error) {
    log::error("database", error.message());
    if (error.code == Errc::overloaded) {
        return http::error_response(http::ErrorCode::service_unavailable,
                                    "Too many requests wait for the database");
    }
    if (error.code == Errc::too_large) {
        return http::error_response(http::ErrorCode::internal_error, "It is too large to be read");
    }
    return http::error_response(http::ErrorCode::internal_error, "The database did not answer");
}

http::Response invalid_body(const Error& error) {
    return http::error_response(http::ErrorCode::validation_error, error.cause);
}

http::Response refused(database::Refusal refusal, std::string_view what) {
    const std::string text(what);
    switch (refusal) {
    case database::Refusal::not_found:
        return http::error_response(http::ErrorCode::not_found, text + " not found");
    case database::Refusal::no_access:
        return http::error_response(http::ErrorCode::unauthorized,
                                    "You may not change this " + text);
    case database::Refusal::conflict:
        return http::error_response(http::ErrorCode::conflict, text + ": conflict");
    case database::Refusal::too_large:
        return http::error_response(http::ErrorCode::validation_error,
                                    text + ": too many, or too large");
    }
    return http::error_response(http::ErrorCode::internal_error, text);
}

}  // namespace tutti::services::gateway::routes
