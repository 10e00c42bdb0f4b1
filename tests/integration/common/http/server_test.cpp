// The server against peers that behave badly.
#include "common/http/server.hpp"

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class Server : public ::testing::Test {
protected:
    void start(http::Server::Limits limits, http::Handler handler = echo) {
        auto started = http::Server::start({.limits = limits}, std::move(handler));
        ASSERT_TRUE(started) << started.error().message();
        server_ = std::move(*started);
    }
    static http::Response echo(const http::Request& request) {
        return http::text_response(200, request.method + ' ' + request.path + '?' + request.query +
                                            ' ' + request.body + '\n');
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port());
    }

    std::unique_ptr<http::Server> server_;
};

TEST_F(Server, ConnectionIsKeptForTheNextRequest) {
    start({});
    RawConnection peer(server_->port());

    peer.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto first = peer.read_until("GET /1? \n");
    peer.send(
        "POST /2?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    const auto second = peer.read_all();

    EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\n")) << first;
    EXPECT_TRUE(first.contains("Connection: keep-alive\r\n")) << first;
    EXPECT_TRUE(second.contains("Connection: close\r\n")) << second;
    EXPECT_TRUE(second.ends_with("POST /2?a=b abc\n")) << second;
}

TEST_F(Server, PipelinedAndPiecemealRequestsAreAnswered) {
    start({});
    RawConnection peer(server_->port());

    peer.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(peer.read_until("GET /1? \n").starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(peer.read_until("GET /2? \n").starts_with("HTTP/1.1 200"));
    for (const char c : std::string("POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                                    "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")) {
        peer.send({&c, 1});
    }
    EXPECT_TRUE(peer.read_until("POST /3? abc\n").starts_with("HTTP/1.1 200"));
}

TEST_F(Server, HeadHasTheLengthButNoBody) {
    start({});
    RawConnection peer(server_->port());

    peer.send("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const auto answer = peer.read_all();

    EXPECT_TRUE(answer.contains("Content-Length: 10\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(Server, AnswerThatMayNotHaveABodyHasNoneAndNoLength) {
    start({}, [](const http::Request& request) {
        auto response = http::text_response(request.path == "/304" ? 304 : 204, "not sent");
        response.headers.set("ETag", "\"x\"");
        return response;
    });
    RawConnection peer(server_->port());

    for (const std::string status : {"304", "204"}) {
        peer.send("GET /" + status + " HTTP/1.1\r\nHost: x\r\n\r\n");
        const auto answer = peer.read_until("\r\n\r\n");
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status)) << answer;
        EXPECT_TRUE(answer.contains("ETag: \"x\"")) << answer;
        EXPECT_FALSE(answer.contains("Content-Length")) << answer;
    }
}

TEST_F(Server, ResponsesThatNobodyReadsAreBoundedTogether) {
    start({.internal = {.sending_bytes_max = 20U << 20U}}, [](const http::Request& request) {
        return http::text_response(200,
                                   std::string(request.path == "/large" ? 16U << 20U : 5U, 'x'));
    });
    // More than the sockets' buffers hold, so it stays with the server.
    RawConnection slow(server_->port());
    slow.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    slow.read_until("\r\n\r\n");
    RawConnection next(server_->port());

    next.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(next.read_until("}").starts_with("HTTP/1.1 503"));
    next.send("GET /small HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(next.read_until("xxxxx").starts_with("HTTP/1.1 200"));

    slow.send("GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(slow.read_all().ends_with("\r\n\r\nxxxxx"));
    next.send("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(next.read_all().size() >> 20U, 16U);
}

TEST_F(Server, MalformedRequestsAreAnsweredAndClosed) {
    start({});
    for (const char* bytes :
         {"\r\n\r\nnonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
        RawConnection peer(server_->port());
        peer.send(bytes);
        const auto answer = peer.read_all();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << bytes << " -> " << answer;
        EXPECT_TRUE(answer.contains("VALIDATION_ERROR")) << answer;
    }
}

TEST_F(Server, TargetThatIsNoPathIsABadRequest) {
    start({});
    RawConnection peer(server_->port());

    peer.send("GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    EXPECT_TRUE(peer.read_all().starts_with("HTTP/1.1 400 "));
}

TEST_F(Server, TooMuchHeaderIsRefused) {
    start({.header_bytes_max = 1024});
    RawConnection peer(server_->port());

    peer.send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(4096, 'x') + "\r\n\r\n");

    EXPECT_TRUE(peer.read_all().starts_with("HTTP/1.1 431 "));
}

TEST_F(Server, TooLargeBodyIsRefusedWhetherAnnouncedOrNot) {
    start({.body_bytes_max = 10});
    RawConnection announced(server_->port());
    RawConnection chunked(server_->port());

    announced.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
    chunked.send(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n");

    EXPECT_TRUE(announced.read_all().starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(chunked.read_all().starts_with("HTTP/1.1 413 "));
}

TEST_F(Server, ExpectedContinueIsSaid) {
    start({});
    RawConnection peer(server_->port());

    peer.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("abc");

    EXPECT_TRUE(peer.read_until("abc\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(Server, SlowAndIdlePeersAreCutOff) {
    start({.read_timeout = 100ms, .idle_timeout = 100ms});
    RawConnection silent(server_->port());
    RawConnection slow(server_->port());

    const auto before = Boottime::now();
    slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
    EXPECT_EQ(silent.read_all(), "");
    // A byte now and then does not keep it alive.
    while (slow.send("x")) {
        std::this_thread::sleep_for(10ms);
        if (Boottime::now() - before > 3s) break;
    }

    EXPECT_LT(Boottime::now() - before, 2s);
}

TEST_F(Server, AtTheLimitTheLongestIdleConnectionMakesRoom) {
    start({.connections_max = 2});
    RawConnection oldest(server_->port());
    oldest.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    oldest.read_until("GET /1? \n");
    RawConnection used(server_->port());
    used.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    used.read_until("GET /2? \n");

    RawConnection newcomer(server_->port());
    newcomer.send("GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");

    EXPECT_TRUE(newcomer.read_until("/3? \n").starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(oldest.read_all(), "");
    used.send("GET /still HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(used.read_until("/still? \n").starts_with("HTTP/1.1 200 "));
}

TEST_F(Server, ConnectionsWithARequestInFlightAreNotPushedOut) {
    std::latch entered(2);
    std::promise<void> release;
    auto released = release.get_future().share();
    start({.connections_max = 2}, [&](const http::Request&) {
        entered.count_down();
        released.wait();
        return http::text_response(200, "done");
    });
    RawConnection first(server_->port());
    RawConnection second(server_->port());
    for (auto* peer : {&first, &second})
        peer->send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    entered.wait();

    EXPECT_TRUE(RawConnection(server_->port()).read_all().starts_with("HTTP/1.1 503 "));

    release.set_value();
    for (auto* peer : {&first, &second}) EXPECT_TRUE(peer->read_all().ends_with("done"));
}

class Kinds : public ::testing::Test {
protected:
    void SetUp() override {
        const auto add = [&](std::string path, http::RouteKind kind, http::Handler handler) {
            router_.add("GET", path, std::move(handler), {.kind = kind});
        };
        add("/slow/:name", http::RouteKind::open, [this](const http::Request&) {
            ++inside_;
            released_.wait();
            return http::text_response(200, "late");
        });
        for (const auto& [path, kind] : {std::pair{"/open", http::RouteKind::open},
                                         std::pair{"/internal", http::RouteKind::internal},
                                         std::pair{"/observe", http::RouteKind::observability}}) {
            add(path, kind, [](const http::Request&) { return http::text_response(200, "done"); });
        }
        auto started = http::Server::start({.limits = {.open = {.workers = 2, .queued_max = 2}}},
                                           std::move(router_));
        ASSERT_TRUE(started) << started.error().message();
        server_ = std::move(*started);
    }
    std::string get(const std::string& path) {
        RawConnection peer(server_->port());
        peer.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        return peer.read_all();
    }

    std::atomic<int> inside_ = 0;
    std::promise<void> release_;
    std::shared_future<void> released_ = release_.get_future().share();
    http::Router router_;
    std::unique_ptr<http::Server> server_;
};

TEST_F(Kinds, StrangersHoldUpNeitherServicesNorMonitoring) {
    std::vector<std::unique_ptr<RawConnection>> strangers;
    for (int i = 0; i < 4; ++i) {
        strangers.push_back(std::make_unique<RawConnection>(server_->port()));
        strangers.back()->send("GET /slow/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    while (inside_ < 2) std::this_thread::yield();
    // Workers and queue of the open routes are full.
    EXPECT_TRUE(eventually([&] { return get("/open").starts_with("HTTP/1.1 503 "); }));

    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(get("/internal").ends_with("done"));
        EXPECT_TRUE(get("/observe").ends_with("done"));
    }

    release_.set_value();
    for (auto& stranger : strangers) EXPECT_TRUE(stranger->read_all().ends_with("late"));
}

TEST_F(Server, TrailersAreNotAmongTheFields) {
    start({}, [](const http::Request& request) {
        return http::text_response(200,
                                   std::string(request.headers.find("X-A").value_or("none")) +
                                       std::string(request.headers.find("X-B").value_or("none")));
    });
    RawConnection peer(server_->port());

    peer.send(
        "POST / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\nConnection: "
        "close\r\n\r\n"
        "1\r\nx\r\n0\r\nX-A: 2\r\nX-B: 2\r\n\r\n");

    EXPECT_TRUE(peer.read_all().ends_with("\r\n\r\n1none"));
}

// Slower than the timeouts as a whole, but never without progress.
TEST_F(Server, BodyAndResponseMayTakeTheirTimeWhileTheyMove) {
    constexpr std::size_t size = 24U << 20U;
    start({.body_bytes_max = size,
           .read_timeout = 1000ms,
           .write_timeout = 1000ms,
           .bytes_per_second_min = 1U << 20U},
          [](const http::Request& request) { return http::text_response(200, request.body); });
    RawConnection peer(server_->port());
    const std::string block(1U << 20U, 'x');

    peer.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
              std::to_string(size) + "\r\n\r\n");
    for (std::size_t sent = 0; sent < size; sent += block.size()) {
        std::this_thread::sleep_for(60ms);
        ASSERT_TRUE(peer.send(block)) << sent;
    }
    std::size_t received = peer.read_until("\r\n\r\n").size();
    EXPECT_GT(received, 0U);
    received = 0;
    for (std::string some = peer.read_some(); !some.empty(); some = peer.read_some()) {
        received += some.size();
        if ((received >> 20U) != ((received - some.size()) >> 20U)) {
            std::this_thread::sleep_for(60ms);
        }
    }

    EXPECT_EQ(received, size);
}

TEST_F(Server, SlowestReaderMakesRoomForTheNextResponse) {
    start({.internal = {.sending_bytes_max = 20U << 20U},
           .write_timeout = 100ms,
           .bytes_per_second_min = 1U << 10U},
          [](const http::Request&) {
              return http::text_response(200, std::string(16U << 20U, 'x'));
          });
    RawConnection slow(server_->port());
    slow.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    slow.read_until("\r\n\r\n");

    const auto whole = [&] {
        RawConnection next(server_->port());
        next.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        return next.read_all().size() >> 20U == 16U;
    };

    EXPECT_TRUE(eventually(whole));
}

TEST_F(Server, TooManyWaitingRequestsAreTurnedAway) {
    std::promise<void> release;
    auto released = release.get_future().share();
    std::atomic<int> running{0};
    start({.internal = {.workers = 1, .queued_max = 1}}, [&](const http::Request&) {
        ++running;
        released.wait();
        return http::text_response(200, "done");
    });
    RawConnection busy(server_->port());
    busy.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    while (running == 0) std::this_thread::yield();
    // Of two that come while the only worker is busy, one fits into the queue.
    RawConnection a(server_->port());
    RawConnection b(server_->port());
    a.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    b.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    auto answer_a = std::async(std::launch::async, [&] { return a.read_all(); });
    auto answer_b = std::async(std::launch::async, [&] { return b.read_all(); });
    while (answer_a.wait_for(1ms) != std::future_status::ready &&
           answer_b.wait_for(1ms) != std::future_status::ready) {
    }
    release.set_value();

    const auto both = answer_a.get() + answer_b.get();

    EXPECT_TRUE(both.contains("HTTP/1.1 503 ")) << both;
    EXPECT_TRUE(both.contains("HTTP/1.1 200 ")) << both;
    EXPECT_TRUE(busy.read_all().ends_with("done"));
}

TEST_F(Server, SlowHandlerDoesNotDelayOthers) {
    std::promise<void> release;
    auto released = release.get_future().share();
    start({.internal = {.workers = 2}}, [&](const http::Request& request) {
        if (request.path == "/slow") released.wait();
        return http::text_response(200, "done");
    });
    RawConnection slow(server_->port());
    RawConnection fast(server_->port());

    slow.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    fast.send("GET /fast HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    EXPECT_TRUE(fast.read_all().ends_with("done"));
    release.set_value();
    EXPECT_TRUE(slow.read_all().ends_with("done"));
}

TEST_F(Server, ThrowingHandlerIsAnInternalError) {
    start({}, [](const http::Request& request) -> http::Response {
        if (request.path == "/odd") throw 7;
        throw std::runtime_error("what went wrong");
    });
    RawConnection peer(server_->port());

    peer.send(
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /odd HTTP/1.1\r\nHost: x\r\nConnection: "
        "close\r\n\r\n");
    const auto answers = peer.read_all();

    EXPECT_TRUE(answers.contains("HTTP/1.1 500 ")) << answers;
    EXPECT_TRUE(answers.contains("what went wrong")) << answers;
    EXPECT_TRUE(answers.contains("The handler failed")) << answers;
}

TEST_F(Server, HandlerCannotForgeAHeader) {
    start({}, [](const http::Request&) {
        return http::Response{
            .headers = {
                {"X-A", "1\r\nX-Forged: 1"}, {"X B", "2"}, {"X-C", "3"}, {"Content-Length", "99"}}};
    });
    RawConnection peer(server_->port());

    peer.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const auto answer = peer.read_all();

    EXPECT_FALSE(answer.contains("X-Forged")) << answer;
    EXPECT_FALSE(answer.contains("X B")) << answer;
    EXPECT_TRUE(answer.contains("X-C: 3\r\n")) << answer;
    EXPECT_TRUE(answer.contains("Content-Length: 0\r\n")) << answer;
}

TEST_F(Server, StopAnswersWhatIsInFlight) {
    std::latch entered(1);
    std::promise<void> release;
    start({}, [&](const http::Request&) {
        entered.count_down();
        release.get_future().wait();
        return http::text_response(200, "done");
    });
    RawConnection peer(server_->port());
    RawConnection idle(server_->port());
    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait();

    auto stopped = std::async(std::launch::async, [&] { server_->stop(); });
    EXPECT_EQ(idle.read_all(), "");  // closed at once
    EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout);
    release.set_value();
    const auto answer = peer.read_all();
    stopped.get();

    EXPECT_TRUE(answer.contains("Connection: close\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("done")) << answer;
    EXPECT_FALSE(RawConnection(server_->port()).connected());
}

TEST_F(Server, StopCutsOffAPeerThatDoesNotFinish) {
    start({.stop_timeout = 50ms});
    RawConnection peer(server_->port());
    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    peer.read_until("GET /? \n");
    peer.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");

    const auto before = Boottime::now();
    server_->stop();

    EXPECT_LT(Boottime::now() - before, 2s);
    EXPECT_EQ(peer.read_all(), "");
}

TEST_F(Server, WrongOptionsAreErrors) {
    const auto code = [](http::Server::Options options) {
        const auto started = http::Server::start(std::move(options), echo);
        EXPECT_FALSE(started);
        return started ? Errc{} : started.error().code;
    };

    EXPECT_EQ(code({.address = "localhost"}), Errc::invalid_option);
    EXPECT_EQ(code({.address = "300.1.1.1"}), Errc::invalid_option);
    EXPECT_EQ(code({.limits = {.internal = {.workers = 0}}}), Errc::invalid_option);
    EXPECT_EQ(code({.address = "192.0.2.1"}), Errc::unavailable);  // not an address of this machine
}

}  // namespace
}  // namespace tutti::services
