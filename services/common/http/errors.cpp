#include "common/http/errors.hpp"

#include <array>
#include <utility>

#include "common/domain/domain.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/json.hpp"

namespace tutti::services::http {
namespace {

struct ErrorRow {
    std::string_view name;
    int status;
};

// In the order of ErrorCode.
constexpr std::array rows{
    ErrorRow{"VALIDATION_ERROR", 400},  ErrorRow{"PAYMENT_REQUIRED", 402},
    ErrorRow{"UNAUTHORIZED", 403},      ErrorRow{"NOT_FOUND", 404},
    ErrorRow{"JOB_NOT_FOUND", 404},     ErrorRow{"CONFLICT", 409},
    ErrorRow{"PAYLOAD_TOO_LARGE", 413}, ErrorRow{"HEADERS_TOO_LARGE", 431},
    ErrorRow{"INTERNAL_ERROR", 500},    ErrorRow{"CONFIGURATION_ERROR", 500},
    ErrorRow{"JOB_FAILED", 500},        ErrorRow{"PROCESSING_ERROR", 500},
    ErrorRow{"SYNC_ERROR", 500},        ErrorRow{"METRICS_ERROR", 500},
    ErrorRow{"NOT_IMPLEMENTED", 501},   ErrorRow{"SERVICE_UNAVAILABLE", 503},
};
static_assert(rows.size() == static_cast<std::size_t>(ErrorCode::service_unavailable) + 1);

// Only what an error body may hold, each part optional: a foreign body may lack any of them.
struct ForeignError {
    std::optional<std::string> error;
    std::optional<std::string> message;
};
BOOST_DESCRIBE_STRUCT(ForeignError, (), (error, message))

}  // namespace

std::string_view to_string(ErrorCode code) noexcept { return rows[std::to_underlying(code)].name; }

int http_status(ErrorCode code) noexcept { return rows[std::to_underlying(code)].status; }

Response error_response(ErrorCode code, std::string_view message,
                        std::optional<std::string> request_id) {
    return json_response(http_status(code),
                         json::write(domain::ErrorBody{.error = std::string(to_string(code)),
                                                       .message = std::string(message),
                                                       .request_id = std::move(request_id),
                                                       .timestamp = process::iso_timestamp()}));
}

std::string error_text(const Response& response) {
    const auto body = json::read<ForeignError>(response.body);
    if (body && body->error && !body->error->empty()) return *body->error;
    if (body && body->message && !body->message->empty()) return *body->message;
    return "HTTP " + std::to_string(response.status);
}

}  // namespace tutti::services::http
