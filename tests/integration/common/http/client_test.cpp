// The client against servers that behave badly.
#include "common/http/client.hpp"

#include <atomic>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include "common/http/server.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/no_descriptors.hpp"
#include "support/scripted_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

TimePoint soon() { return Boottime::now() + 5s; }

Errc code_of(const Result<http::Response>& response) {
    EXPECT_FALSE(response);
    return response ? Errc{} : response.error().code;
}

// The answer that a server gives to everything, byte for byte.
Result<http::Response> answer(std::string_view bytes, http::Client::Options options = {}) {
    ScriptedServer server([&](int socket, int) {
        ScriptedServer::read_request(socket);
        ScriptedServer::send(socket, bytes);
    });
    http::Client client(std::move(options));
    return client.send(server.url(), {}, soon());
}

TEST(HttpClient, ReadsBodiesOfEveryKind) {
    EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")->body, "hi");
    EXPECT_EQ(
        answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")->body,
        "hi");
    EXPECT_EQ(answer("HTTP/1.1 200 OK\r\n\r\nuntil the end")->body, "until the end");
    EXPECT_EQ(answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")->status, 204);
    EXPECT_EQ(answer("HTTP/1.1 503 X\r\nX-A: b\r\nContent-Length: 0\r\n\r\n")->headers.find("x-a"),
              "b");
}

TEST(HttpClient, BadAnswersAreTagged) {
    EXPECT_EQ(code_of(answer("")), Errc::unavailable);
    EXPECT_EQ(code_of(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")), Errc::unavailable);
    EXPECT_EQ(code_of(answer("-ERR not http\r\n\r\n")), Errc::protocol);
    EXPECT_EQ(code_of(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")),
              Errc::protocol);
    EXPECT_EQ(code_of(answer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890",
                             {.response_bytes_max = 10})),
              Errc::too_large);
    EXPECT_EQ(code_of(answer("HTTP/1.1 200 OK\r\n\r\n01234567890", {.response_bytes_max = 10})),
              Errc::too_large);
    EXPECT_EQ(code_of(answer("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n")),
              Errc::too_large);
}

TEST(HttpClient, SilentServerTimesOutAtTheDeadline) {
    ScriptedServer server([](int socket, int) { ScriptedServer::wait_for_end(socket); });
    http::Client client({.name = "gateway"});

    const auto before = Boottime::now();
    const auto response = client.send(server.url(), {.path = "/x"}, before + 50ms);
    const auto took = Boottime::now() - before;

    ASSERT_EQ(code_of(response), Errc::timeout);
    EXPECT_TRUE(response.error().operation.starts_with("gateway GET 127.0.0.1:"))
        << response.error().operation;
    EXPECT_GE(took, 50ms);
    EXPECT_LT(took, 1s);
}

TEST(HttpClient, PastDeadlineSendsNothing) {
    ScriptedServer server([](int socket, int) { ScriptedServer::wait_for_end(socket); });
    http::Client client;

    EXPECT_EQ(code_of(client.send(server.url(), {}, Boottime::now() - 1s)), Errc::timeout);
    EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, UnreachableAndUnknownHostsAreUnavailable) {
    std::uint16_t closed = 0;
    {
        closed = (*http::Server::start({}, [](const http::Request&) {
                     return http::Response{};
                 }))->port();
    }
    http::Client client;

    EXPECT_EQ(code_of(client.send("http://127.0.0.1:" + std::to_string(closed), {}, soon())),
              Errc::unavailable);
    const auto unknown = client.send("http://nobody.invalid/", {}, soon()).error().code;
    EXPECT_TRUE(unknown == Errc::unavailable || unknown == Errc::timeout);
}

TEST(HttpClient, LocalhostIsResolved) {
    const auto server = http::Server::start(
        {}, [](const http::Request& r) { return http::text_response(200, r.path); });
    http::Client client;

    const auto response = client.send("http://localhost:" + std::to_string((*server)->port()),
                                      {.path = "/x"}, soon());

    ASSERT_TRUE(response) << response.error().message();
    EXPECT_EQ(response->body, "/x");
}

TEST(HttpClient, WhatCannotBeSentIsRefused) {
    http::Client client;
    const std::string url = "http://127.0.0.1:1/";

    EXPECT_EQ(code_of(client.send("nonsense", {}, soon())), Errc::invalid_option);
    EXPECT_EQ(code_of(client.send(url, {.path = "/a b"}, soon())), Errc::invalid_option);
    EXPECT_EQ(code_of(client.send(url, {.path = "/\r\nX: y"}, soon())), Errc::invalid_option);
    EXPECT_EQ(code_of(client.send(url, {.method = "GE T"}, soon())), Errc::invalid_option);
    EXPECT_EQ(code_of(client.send(url, {.headers = {{"X", "a\nb"}}}, soon())),
              Errc::invalid_option);
    EXPECT_EQ(code_of(client.send(url, {.headers = {{"X:", "a"}}}, soon())), Errc::invalid_option);
}

TEST(HttpClient, UrlAndRequestAreJoined) {
    const auto server = http::Server::start({}, [](const http::Request& r) {
        return http::text_response(200, r.path + '?' + r.query);
    });
    const std::string url = "http://127.0.0.1:" + std::to_string((*server)->port());
    http::Client client;

    EXPECT_EQ(client.send(url, {.path = "/a", .query = "b=c"}, soon())->body, "/a?b=c");
    EXPECT_EQ(client.send(url + "/v1/", {.path = "/a"}, soon())->body, "/v1/a?");
    EXPECT_EQ(client.send(url + "/v1?x=y", {.query = "b=c"}, soon())->body, "/v1?x=y&b=c");
    EXPECT_EQ(client.send(url, {}, soon())->body, "/?");
}

constexpr std::string_view hi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST(HttpClient, ConnectionsAreUsedAgain) {
    ScriptedServer server([](int socket, int) {
        for (int i = 0; i < 3; ++i) {
            ScriptedServer::read_request(socket);
            ScriptedServer::send(socket, hi);
        }
    });
    http::Client client;

    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(server.url(), {}, soon())->body, "hi");

    EXPECT_EQ(server.connections(), 1);
}

// The first connection answers once and dies on the second request, after it has read it.
class StaleServer {
public:
    StaleServer()
        : server_([](int socket, int connection) {
              ScriptedServer::read_request(socket);
              ScriptedServer::send(socket, hi);
              if (connection == 0) ScriptedServer::read_request(socket);
          }) {}
    ScriptedServer server_;
};

TEST(HttpClient, IdempotentRequestIsRetriedOnceOnAFreshConnection) {
    StaleServer stale;
    http::Client client;
    ASSERT_TRUE(client.send(stale.server_.url(), {}, soon()));

    const auto second = client.send(stale.server_.url(), {.method = "DELETE"}, soon());

    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(stale.server_.connections(), 2);
}

TEST(HttpClient, RequestThatMayHaveBeenActedOnIsNotRepeated) {
    StaleServer stale;
    http::Client client;
    ASSERT_TRUE(client.send(stale.server_.url(), {}, soon()));

    const auto second = client.send(stale.server_.url(), {.method = "POST", .body = "{}"}, soon());

    EXPECT_EQ(code_of(second), Errc::unavailable);
    EXPECT_EQ(stale.server_.connections(), 1);
}

TEST(HttpClient, ConnectionThatTheServerClosedIsNotUsed) {
    std::latch closed(2);
    ScriptedServer server([&](int socket, int) {
        ScriptedServer::read_request(socket);
        ScriptedServer::send(socket, hi);
        ::shutdown(socket, SHUT_RDWR);
        closed.count_down();
    });
    http::Client client;
    ASSERT_TRUE(client.send(server.url(), {}, soon()));
    while (closed.try_wait() || server.connections() == 0) {
    }
    std::this_thread::sleep_for(20ms);  // the end of the stream travels over loopback

    const auto second = client.send(server.url(), {.method = "POST"}, soon());

    EXPECT_TRUE(second) << second.error().message();
}

TEST(HttpClient, CallsOverTheCapWaitForASlotUntilTheirDeadline) {
    ScriptedServer server([](int socket, int) { ScriptedServer::wait_for_end(socket); });
    http::Client client({.concurrent_max = 1});
    auto first = std::async(std::launch::async,
                            [&] { return client.send(server.url(), {}, Boottime::now() + 300ms); });
    while (server.connections() == 0) std::this_thread::yield();

    EXPECT_EQ(code_of(client.send(server.url(), {}, Boottime::now() + 50ms)), Errc::overloaded);
    EXPECT_EQ(code_of(first.get()), Errc::timeout);
}

TEST(HttpClient, NoCallOutlivesTheTimeoutOfItsPool) {
    ScriptedServer server([](int socket, int) { ScriptedServer::wait_for_end(socket); });
    http::Client client({.call_timeout = 50ms});

    EXPECT_EQ(code_of(client.send(server.url(), {}, Boottime::now() + 24h)), Errc::timeout);
}

TEST(HttpClient, IdleConnectionsAreKeptUpToTheirLimit) {
    const auto server = http::Server::start(
        {}, [](const http::Request&) { return http::text_response(200, "hi"); });
    const std::string url = "http://127.0.0.1:" + std::to_string((*server)->port());
    http::Client keeping({.idle_max = 1});
    http::Client closing({.idle_max = 0});

    ASSERT_TRUE(keeping.send(url, {}, soon()));
    ASSERT_TRUE(closing.send(url, {}, soon()));

    EXPECT_EQ(keeping.metrics().idle, 1U);
    EXPECT_EQ(closing.metrics().idle, 0U);
}

TEST(HttpClient, CountsHowItsCallsEnded) {
    ScriptedServer server([](int socket, int connection) {
        ScriptedServer::read_request(socket);
        if (connection == 0) {
            ScriptedServer::send(socket, "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
        }
        if (connection == 1) ScriptedServer::wait_for_end(socket);
    });
    http::Client client({.name = "scripted"});

    EXPECT_TRUE(client.send(server.url(), {.method = "POST"}, soon()));
    EXPECT_FALSE(client.send(server.url(), {.method = "POST"}, Boottime::now() + 50ms));
    EXPECT_FALSE(client.send(server.url(), {.method = "POST"}, soon()));
    EXPECT_FALSE(client.send("nonsense", {}, soon()));

    const auto metrics = client.metrics();
    EXPECT_EQ(metrics.upstream, "scripted");
    EXPECT_EQ(metrics.requests, 4U);
    EXPECT_EQ(metrics.finished, 4U);
    EXPECT_EQ(metrics.failed(http::Failure::http), 1U);
    EXPECT_EQ(metrics.failed(http::Failure::timeout), 1U);
    EXPECT_EQ(metrics.failed(http::Failure::network), 1U);
    EXPECT_EQ(metrics.failed(http::Failure::invalid), 1U);
    EXPECT_GE(metrics.taken, 50ms);
    EXPECT_EQ(metrics.in_flight, 0U);
}

TEST(HttpClient, ConnectsOnlyWhereItIsPermittedWhateverTheNameIs) {
    std::atomic<int> requests = 0;
    ScriptedServer server([&](int socket, int) {
        ++requests;
        ScriptedServer::read_request(socket);
        ScriptedServer::send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    std::vector<std::string> asked;
    http::Client client({.permits = [&](std::string_view origin, std::string_view address) {
        asked.push_back(std::string(origin) + ' ' + std::string(address));
        return address != "127.0.0.1" && address != "::1";
    }});
    std::string by_name = server.url();
    by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");
    http::Client::Trace trace;

    EXPECT_EQ(code_of(client.send(server.url(), {}, soon())), Errc::refused);
    EXPECT_EQ(code_of(client.send(by_name, {}, soon(), trace)), Errc::refused);

    EXPECT_FALSE(trace.begun);
    EXPECT_EQ(requests, 0);
    ASSERT_GE(asked.size(), 2U);
    EXPECT_EQ(asked[0], server.url().substr(0, server.url().size() - 1) + " 127.0.0.1");
}

TEST(HttpClient, SaysWhetherTheServerMayHaveSeenTheRequest) {
    const auto begun = [](std::string_view url) {
        http::Client client;
        http::Client::Trace trace;
        EXPECT_FALSE(client.send(url, {.method = "POST"}, soon(), trace));
        return trace.begun;
    };
    ScriptedServer closes([](int socket, int) { ScriptedServer::read_request(socket); });

    EXPECT_TRUE(begun(closes.url()));
    EXPECT_FALSE(begun("http://127.0.0.1:1/"));
    EXPECT_FALSE(begun("nonsense"));
}

// Far above what an answer may have.
void send_for_ever(int socket, std::string_view piece) {
    std::string block;
    while (block.size() < (64U << 10U)) block += piece;
    for (int i = 0; i < 2000; ++i) {
        if (::send(socket, block.data(), block.size(), MSG_NOSIGNAL) <= 0) return;
    }
}

TEST(HttpClient, AnswerThatIsAllWrappingIsTooLarge) {
    for (const auto& [begin, piece] :
         {std::pair{"1;a=", "aaaaaaaaaaaaaaaa"}, std::pair{"0\r\nX: ", "aaaaaaaaaaaaaaaa"},
          std::pair{"0\r\n", "X-Trailer: something\r\n"}, std::pair{"0", "0000000000000000"},
          std::pair{"", "1;aaaaaaaaaaaaaaaaaaaaaa\r\n \r\n"}}) {
        ScriptedServer server([begin, piece](int socket, int) {
            ScriptedServer::read_request(socket);
            ScriptedServer::send(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            ScriptedServer::send(socket, begin);
            send_for_ever(socket, piece);
        });
        http::Client client;

        EXPECT_EQ(code_of(client.send(server.url(), {}, soon())), Errc::too_large) << begin;
    }
}

TEST(HttpClient, FieldsWithoutEndAreTooLarge) {
    ScriptedServer server([](int socket, int) {
        ScriptedServer::read_request(socket);
        ScriptedServer::send(socket, "HTTP/1.1 200 OK\r\n");
        send_for_ever(socket, "a:\r\n");
    });
    http::Client client;

    EXPECT_EQ(code_of(client.send(server.url(), {}, soon())), Errc::too_large);
}

TEST(HttpClient, TransferCodingThatIsNotKnownIsAProtocolError) {
    for (const char* coding : {"xchunked", "gzip", "gzip, chunked", "chunked, chunked"}) {
        ScriptedServer server([coding](int socket, int) {
            ScriptedServer::read_request(socket);
            ScriptedServer::send(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: " +
                                             std::string(coding) + "\r\n\r\n0\r\n\r\n");
        });
        http::Client client;

        EXPECT_EQ(code_of(client.send(server.url(), {}, soon())), Errc::protocol) << coding;
    }
}

TEST(HttpClient, TrailersAreNotAmongTheFields) {
    ScriptedServer server([](int socket, int) {
        ScriptedServer::read_request(socket);
        ScriptedServer::send(socket,
                             "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "2\r\nhi\r\n0\r\nX-A: 2\r\nX-B: 2\r\n\r\n");
    });
    http::Client client;

    const auto response = client.send(server.url(), {}, soon());

    ASSERT_TRUE(response) << response.error().message();
    EXPECT_EQ(response->body, "hi");
    EXPECT_EQ(response->headers.size(), 2U);
    EXPECT_EQ(response->headers.find("X-A"), "1");
}

TEST(HttpClient, WithoutADescriptorACallIsUnavailableAndTheNextOneWorks) {
    const auto server =
        http::Server::start({}, [](const http::Request&) { return http::Response{}; });
    const std::string url = "http://127.0.0.1:" + std::to_string((*server)->port());
    http::Client client;
    {
        const tests::NoDescriptors none;
        EXPECT_EQ(code_of(client.send(url, {}, soon())), Errc::unavailable);
    }

    EXPECT_TRUE(client.send(url, {}, soon()));
    EXPECT_EQ(client.metrics().in_flight, 0U);
}

TEST(HttpClient, StopEndsCallsInProgress) {
    ScriptedServer server([](int socket, int) { ScriptedServer::wait_for_end(socket); });
    http::Client client;
    auto call = std::async(std::launch::async,
                           [&] { return client.send(server.url(), {}, Boottime::now() + 60s); });
    while (server.connections() == 0) std::this_thread::yield();

    client.stop();

    EXPECT_EQ(code_of(call.get()), Errc::stopped);
    EXPECT_EQ(code_of(client.send(server.url(), {}, soon())), Errc::stopped);
}

TEST(HttpClient, ManyThreadsShareIt) {
    const auto server = http::Server::start(
        {}, [](const http::Request& r) { return http::text_response(200, r.body); });
    const std::string url = "http://127.0.0.1:" + std::to_string((*server)->port());
    http::Client client({.concurrent_max = 4});
    std::vector<std::jthread> threads;
    std::atomic<int> right{0};

    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                const std::string body = std::to_string(t * 1000 + i);
                const auto response = client.send(url, {.method = "PUT", .body = body}, soon());
                right += response && response->body == body ? 1 : 0;
            }
        });
    }
    threads.clear();

    EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace tutti::services
