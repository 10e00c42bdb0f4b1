#include "api-gateway/routes/failures.hpp"

#include <string>

#include "common/http/errors.hpp"
#include "common/process/logging.hpp"

namespace tutti::services {

HttpResponse database_failed(const Error& error) {
    log::error("database", error.message());
    if (error.code == Errc::overloaded) {
        return error_response(ErrorCode::service_unavailable,
                              "Too many requests wait for the database");
    }
    if (error.code == Errc::too_large) {
        return error_response(ErrorCode::internal_error, "It is too large to be read");
    }
    return error_response(ErrorCode::internal_error, "The database did not answer");
}

HttpResponse invalid_body(const Error& error) {
    return error_response(ErrorCode::validation_error, error.cause);
}

HttpResponse refused(Refusal refusal, std::string_view what) {
    const std::string text(what);
    switch (refusal) {
    case Refusal::not_found: return error_response(ErrorCode::not_found, text + " not found");
    case Refusal::no_access:
        return error_response(ErrorCode::unauthorized, "You may not change this " + text);
    case Refusal::conflict: return error_response(ErrorCode::conflict, text + ": conflict");
    case Refusal::too_large:
        return error_response(ErrorCode::validation_error, text + ": too many, or too large");
    }
    return error_response(ErrorCode::internal_error, text);
}

}  // namespace tutti::services
