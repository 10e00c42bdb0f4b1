// No socket of a service is inherited by a program that it starts.
#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/descriptors.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

TEST(Descriptors, OfServerAndClientAreClosedInAProgramThatIsStarted) {
    const auto before = tests::descriptors();
    auto server = http::Server::start(
        {}, [](const http::Request&) { return http::text_response(200, "here\n"); });
    ASSERT_TRUE(server) << server.error().message();
    http::Client client(http::Client::Options{});
    const std::string url = "http://127.0.0.1:" + std::to_string((*server)->port());

    const auto answer = client.send(url, {}, Boottime::now() + 20s);  // and keeps the connection

    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(tests::inherited(before), "");
}

}  // namespace
}  // namespace tutti::services
