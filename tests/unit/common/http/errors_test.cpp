#include "common/http/errors.hpp"

#include <gtest/gtest.h>

#include "common/domain/domain.hpp"
#include "tutti/json.hpp"

namespace tutti::services::http {
namespace {

TEST(Errors, CodesHaveTheStatusOfTheContract) {
    EXPECT_EQ(http_status(ErrorCode::validation_error), 400);
    EXPECT_EQ(http_status(ErrorCode::payment_required), 402);
    EXPECT_EQ(http_status(ErrorCode::unauthorized), 403);
    EXPECT_EQ(http_status(ErrorCode::not_found), 404);
    EXPECT_EQ(http_status(ErrorCode::job_not_found), 404);
    EXPECT_EQ(http_status(ErrorCode::conflict), 409);
    for (const auto code :
         {ErrorCode::internal_error, ErrorCode::configuration_error, ErrorCode::job_failed,
          ErrorCode::processing_error, ErrorCode::sync_error, ErrorCode::metrics_error}) {
        EXPECT_EQ(http_status(code), 500) << to_string(code);
    }
}

TEST(Errors, BodyHoldsCodeMessageAndTime) {
    const auto response = error_response(ErrorCode::job_not_found, "No job \"7\"", "r-1");

    const auto body = json::read<domain::ErrorBody>(response.body);
    ASSERT_TRUE(body);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(body->error, "JOB_NOT_FOUND");
    EXPECT_EQ(body->message, "No job \"7\"");
    EXPECT_EQ(body->request_id, "r-1");
    EXPECT_EQ(body->timestamp.size(), std::string_view("2025-12-20T15:12:00.123Z").size());
    EXPECT_TRUE(body->timestamp.ends_with('Z'));
}

TEST(Errors, BodyWithoutRequestIdLeavesItOut) {
    EXPECT_FALSE(error_response(ErrorCode::conflict, "x").body.contains("requestId"));
}

TEST(Errors, TextPrefersTheCode) {
    EXPECT_EQ(error_text({.status = 500, .body = R"({"error":"CONFLICT","message":"m"})"}),
              "CONFLICT");
    EXPECT_EQ(error_text({.status = 500, .body = R"({"message":"m"})"}), "m");
    EXPECT_EQ(error_text({.status = 502, .body = "<html>"}), "HTTP 502");
    EXPECT_EQ(error_text({.status = 502, .body = "{}"}), "HTTP 502");
}

}  // namespace
}  // namespace tutti::services::http
