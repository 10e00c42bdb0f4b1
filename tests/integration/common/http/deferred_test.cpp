// Answers that come later than their handler's return: from anywhere, without a worker, and never
// twice.
#include <atomic>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/http/server.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* later = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr const char* later_and_close =
    "GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

// /later is answered when the test says so; everything else at once.
class Deferred : public ::testing::Test {
protected:
    void start(http::Server::Limits limits = {.internal = {.workers = 1}}) {
        auto started =
            http::Server::start({.limits = limits}, [this](const http::Request& request) {
                if (request.path != "/later") return http::text_response(200, "now");
                return http::deferred_response([this](http::Answer answer) {
                    const std::lock_guard lock(mutex_);
                    answers_.push_back(std::move(answer));
                    changed_.notify_all();
                    return [this] { ++forgotten; };
                });
            });
        ASSERT_TRUE(started) << started.error().message();
        server_ = std::move(*started);
    }
    void start_with(http::Start begin) {
        auto started = http::Server::start(
            {.limits = {.internal = {.workers = 1}}}, [begin](const http::Request& request) {
                return request.path == "/later" ? http::deferred_response(begin)
                                                : http::text_response(200, "now");
            });
        ASSERT_TRUE(started) << started.error().message();
        server_ = std::move(*started);
    }
    // The next one that has begun to wait.
    http::Answer next() {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, 20s, [this] { return !answers_.empty(); }));
        http::Answer answer = std::move(answers_.front());
        answers_.erase(answers_.begin());
        return answer;
    }
    void expect_now() {
        RawConnection peer(server_->port());
        peer.send("GET /now HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(peer.read_all().ends_with("now"));
    }

    std::atomic<int> forgotten{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<http::Answer> answers_;
    std::unique_ptr<http::Server> server_;
};

TEST_F(Deferred, AnswerOfAnotherThreadArrivesAndTheConnectionIsKept) {
    start();
    RawConnection peer(server_->port());
    for (int i = 0; i < 20; ++i) {
        peer.send(later);
        std::jthread([answer = next()] { answer(http::text_response(202, "at last")); });

        const auto response = peer.read_until("at last");

        EXPECT_TRUE(response.starts_with("HTTP/1.1 202 ")) << response;
        EXPECT_TRUE(response.contains("Connection: keep-alive\r\n")) << response;
    }
    EXPECT_EQ(forgotten, 0);
}

TEST_F(Deferred, AnswerMayBeThereAtOnce) {
    start_with([](const http::Answer& answer) {
        answer(http::text_response(200, "at once"));
        return nullptr;
    });
    RawConnection peer(server_->port());

    peer.send(later_and_close);

    EXPECT_TRUE(peer.read_all().ends_with("at once"));
}

TEST_F(Deferred, FirstAnswerCounts) {
    start();
    RawConnection peer(server_->port());
    peer.send(later_and_close);
    const auto answer = next();

    answer(http::text_response(200, "first"));
    answer(http::text_response(200, "second"));

    EXPECT_TRUE(peer.read_all().ends_with("first"));
    answer(http::text_response(200, "third"));
}

TEST_F(Deferred, HeadHasTheLengthButNoBody) {
    start();
    RawConnection peer(server_->port());
    peer.send("HEAD /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    next()(http::text_response(200, "12345"));

    const auto response = peer.read_all();
    EXPECT_TRUE(response.contains("Content-Length: 5\r\n")) << response;
    EXPECT_TRUE(response.ends_with("\r\n\r\n")) << response;
}

TEST_F(Deferred, WaitKeepsNoRoomForTheBodyOfItsRequest) {
    start({.body_bytes_max = 1U << 20U,
           .internal = {.workers = 1},
           .receiving_bytes_max = 1U << 20U});
    const std::string request =
        "POST /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 700000\r\n\r\n" +
        std::string(700'000, 'x');
    RawConnection one(server_->port());
    RawConnection other(server_->port());

    one.send(request);
    const auto first = next();
    expect_now();  // the only worker has come back, and with it the room
    other.send(request);
    const auto second = next();

    first(http::text_response(200, "first"));
    second(http::text_response(200, "second"));
    EXPECT_TRUE(one.read_all().ends_with("first"));
    EXPECT_TRUE(other.read_all().ends_with("second"));
}

TEST_F(Deferred, WaitIsNeitherReadingNorWriting) {
    start({.internal = {.workers = 1},
           .read_timeout = 50ms,
           .idle_timeout = 50ms,
           .write_timeout = 50ms});
    RawConnection peer(server_->port());
    peer.send(later_and_close);
    const auto answer = next();
    std::this_thread::sleep_for(200ms);

    answer(http::text_response(200, "at last"));

    EXPECT_TRUE(peer.read_all().ends_with("at last"));
}

TEST_F(Deferred, ManyThatWaitHoldNoWorker) {
    start();
    std::vector<std::unique_ptr<RawConnection>> peers;
    for (int i = 0; i < 50; ++i) {
        peers.push_back(std::make_unique<RawConnection>(server_->port()));
        peers.back()->send(later_and_close);
    }
    std::vector<http::Answer> answers;
    for (int i = 0; i < 50; ++i) answers.push_back(next());

    expect_now();

    for (const auto& answer : answers) answer(http::text_response(200, "done"));
    for (const auto& peer : peers) EXPECT_TRUE(peer->read_all().ends_with("done"));
}

TEST_F(Deferred, TooManyAreTurnedAwayBeforeAnythingIsBegun) {
    start({.internal = {.workers = 1}, .deferred_max = 1});
    RawConnection first(server_->port());
    RawConnection second(server_->port());
    RawConnection third(server_->port());
    first.send(later_and_close);
    const auto answer = next();

    second.send(later_and_close);
    EXPECT_TRUE(second.read_all().starts_with("HTTP/1.1 503 "));
    answer(http::text_response(200, "done"));
    EXPECT_TRUE(first.read_all().ends_with("done"));

    third.send(later_and_close);
    next()(http::text_response(200, "room again"));
    EXPECT_TRUE(third.read_all().ends_with("room again"));
}

TEST_F(Deferred, ClientThatLeavesIsForgottenAndItsAnswerIgnored) {
    start({.internal = {.workers = 1}, .deferred_max = 1});
    http::Answer answer;
    {
        RawConnection peer(server_->port());
        peer.send(later);
        answer = next();
    }

    EXPECT_TRUE(eventually([this] { return forgotten == 1; }));

    answer(http::text_response(200, "nobody hears this"));
    RawConnection peer(server_->port());
    peer.send(later_and_close);
    next()(http::text_response(200, "its place is free"));
    EXPECT_TRUE(peer.read_all().ends_with("its place is free"));
}

TEST_F(Deferred, NextRequestThatCameEarlyIsAnsweredAfterwards) {
    start();
    RawConnection peer(server_->port());
    peer.send(std::string(later) + "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto answer = next();
    peer.send(later_and_close);

    answer(http::text_response(200, "first;"));

    EXPECT_TRUE(peer.read_until("first;").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(peer.read_until("now").starts_with("HTTP/1.1 200 "));
    next()(http::text_response(200, "third"));
    EXPECT_TRUE(peer.read_all().ends_with("third"));
}

TEST_F(Deferred, StopAnswersThoseThatWait) {
    start();
    RawConnection peer(server_->port());
    peer.send(later);
    const auto answer = next();
    const auto before = Boottime::now();

    server_->stop();

    EXPECT_LT(Boottime::now() - before, 2s);
    const auto response = peer.read_all();
    EXPECT_TRUE(response.starts_with("HTTP/1.1 503 ")) << response;
    EXPECT_TRUE(response.contains("Connection: close\r\n")) << response;
    EXPECT_EQ(forgotten, 1);
    server_.reset();
    answer(http::text_response(200, "after the end of the server"));
}

TEST_F(Deferred, AnswersRaceWithLeavingClientsAndStop) {
    start({.internal = {.workers = 2}});
    std::atomic<bool> ended{false};
    std::jthread answering([&] {
        while (!ended) {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, 1ms, [this] { return !answers_.empty(); });
            auto waiting = std::exchange(answers_, {});
            lock.unlock();
            for (const auto& answer : waiting) answer(http::text_response(200, "done"));
        }
    });
    std::vector<std::jthread> clients;
    for (int t = 0; t < 4; ++t) {
        clients.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                RawConnection peer(server_->port());
                peer.send(later_and_close);
                if ((i + t) % 3 != 0) peer.read_all();
            }
        });
    }
    clients.clear();

    server_->stop();

    ended = true;
}

TEST_F(Deferred, ThrowingStartIsAnInternalError) {
    start_with([](const http::Answer&) -> std::function<void()> {
        throw std::runtime_error("nobody there");
    });
    RawConnection peer(server_->port());

    peer.send(later_and_close);

    const auto response = peer.read_all();
    EXPECT_TRUE(response.starts_with("HTTP/1.1 500 ")) << response;
    EXPECT_TRUE(response.contains("nobody there")) << response;
}

TEST_F(Deferred, ForgottenRequestIsAnsweredAllTheSame) {
    start();
    RawConnection peer(server_->port());
    peer.send(later_and_close);

    {
        const auto dropped = next();
    }

    EXPECT_TRUE(peer.read_all().starts_with("HTTP/1.1 500 "));
}

}  // namespace
}  // namespace tutti::services
