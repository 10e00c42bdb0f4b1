// The error answer of every service:
// {"error":"<CODE>","message":"...","requestId"?:"...","timestamp":"..."}. Codes are part of the
// wire contract: clients show and compare them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.hpp"

namespace tutti::services::http {

enum class ErrorCode : std::uint8_t {
    validation_error,
    payment_required,
    unauthorized,  // 403, never 401: for a wrong secret, a missing user and no access alike
    not_found,
    job_not_found,
    conflict,
    payload_too_large,
    headers_too_large,
    internal_error,
    configuration_error,
    job_failed,
    processing_error,
    sync_error,
    metrics_error,
    not_implemented,
    service_unavailable,
};

[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;  // "VALIDATION_ERROR"
[[nodiscard]] int http_status(ErrorCode code) noexcept;             // 400

[[nodiscard]] Response error_response(ErrorCode code, std::string_view message,
                                      std::optional<std::string> request_id = {});

// What a client tells its user about an answer that is not 2xx: the `error` field, else `message`,
// else "HTTP <status>" when the body is not the JSON above.
[[nodiscard]] std::string error_text(const Response& response);

}  // namespace tutti::services::http
