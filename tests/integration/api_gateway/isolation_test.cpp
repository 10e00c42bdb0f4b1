// Two upstreams, one of which never answers: what it takes with it when both share a pool of
// connections, and that it takes nothing when each has its own.
#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/scripted_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr std::size_t concurrent = 2;
constexpr std::size_t queued = 1;

// Accepts connections and says nothing: its pool fills and stays full until the client is stopped.
class StalledUpstream {
public:
    explicit StalledUpstream(http::Client& client) : client_(client) {
        // The scripted server serves one connection at a time; the others wait in its backlog,
        // connected.
        for (std::size_t i = 0; i < concurrent + queued; ++i) {
            calls_.push_back(std::async(std::launch::async, [this] {
                return client_.send(server_.url(), {}, Boottime::now() + 60s).has_value();
            }));
        }
        while (client_.metrics().in_flight < concurrent || client_.metrics().queued < queued) {
            std::this_thread::yield();
        }
    }
    ~StalledUpstream() {
        client_.stop();
        for (auto& call : calls_) EXPECT_FALSE(call.get());
    }
    StalledUpstream(const StalledUpstream&) = delete;
    StalledUpstream& operator=(const StalledUpstream&) = delete;

private:
    http::Client& client_;
    ScriptedServer server_{[](int socket, int) { ScriptedServer::wait_for_end(socket); }};
    std::vector<std::future<bool>> calls_;
};

struct Isolation : ::testing::Test {
    static http::Client::Options options(std::string name) {
        return {.name = std::move(name), .concurrent_max = concurrent, .queued_max = queued};
    }
    Result<http::Response> look_up(http::Client& client) const {
        return client.send(url, {.path = "/user/channel/500"}, Boottime::now() + 20s);
    }

    std::atomic<int> lookups{0};
    std::unique_ptr<http::Server> gateway = *http::Server::start({}, [this](const http::Request&) {
        ++lookups;
        return http::json_response(200, R"({"isActivated":false})");
    });
    std::string url = "http://127.0.0.1:" + std::to_string(gateway->port());
};

TEST_F(Isolation, WithASharedPoolAStalledUpstreamTurnsLookupsAway) {
    http::Client shared(options("shared"));
    const StalledUpstream stalled(shared);

    const auto answer = look_up(shared);

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::overloaded);
    EXPECT_EQ(lookups, 0);
    EXPECT_EQ(shared.metrics().failed(http::Failure::overloaded), 1U);
}

TEST_F(Isolation, WithPoolsOfTheirOwnLookupsComplete) {
    http::Client interactive(options("gateway-interactive"));
    http::Client background(options("gateway-background"));
    const StalledUpstream stalled(background);

    for (int i = 0; i < 20; ++i) EXPECT_EQ(look_up(interactive)->status, 200);

    EXPECT_EQ(lookups, 20);
    EXPECT_EQ(interactive.metrics().finished, 20U);
    EXPECT_EQ(background.metrics().finished, 0U);
    EXPECT_EQ(background.metrics().in_flight, concurrent);
    EXPECT_EQ(background.metrics().queued, queued);
}

}  // namespace
}  // namespace tutti::services
