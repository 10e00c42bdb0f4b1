// Every operation that waits has a form that does not: with a function, and with the tokens of
// Asio.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tutti/asio.hpp"
#include "tutti/codec.hpp"
#include "tutti/node.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;
using ::testing::HasSubstr;
namespace asio = boost::asio;

struct NoDefault {
    explicit NoDefault(int from) : number(from) {}
    int number;
};
template <class T>
concept ACoroutineMayReturn = std::default_initializable<T> && std::movable<T>;

static_assert(ACoroutineMayReturn<Result<Lookup<NoDefault>>>);
static_assert(ACoroutineMayReturn<std::vector<Result<Lookup<NoDefault>>>>);
static_assert(ACoroutineMayReturn<Result<Loaded<NoDefault>>>);
static_assert(ACoroutineMayReturn<Result<Attempt<NoDefault>>>);
static_assert(ACoroutineMayReturn<Result<Filled>>);
static_assert(ACoroutineMayReturn<Result<std::size_t>>);
static_assert(ACoroutineMayReturn<Result<void>>);
static_assert(ACoroutineMayReturn<Invalidation>);
static_assert(ACoroutineMayReturn<Stopped>);

// A node with a reservation and a shared cache, which logs.
class AsyncFormsTest : public ::testing::Test {
protected:
    using Numbers = Shared<std::string, std::string>;
    using Requests = Reservation<std::string>;

    AsyncFormsTest()
        : node_(Node::create({.name = "node",
                              .log =
                                  [this](LogLevel, std::string_view line) {
                                      if (line.contains("completion")) logged_.set_value();
                                  }})
                    .value()) {}

    Requests declare_requests() {
        return node_->reservation<std::string>({.name = "requests",
                                                .caches = "request hashes",
                                                .window = 1h,
                                                .when_store_fails = WhenStoreFails::refuse});
    }
    Numbers declare_numbers() {
        return node_->shared<std::string, std::string>({
            .name = "numbers",
            .caches = "numbers",
            .stale = Stale::acceptable,
            .load = [](const std::string&, LoadContext&) { return std::string("loaded"); },
            .store = StoreTier<std::string>{.ttl = 1h, .codec = bytes_codec()},
        });
    }

    // Keeps the node's thread in a completion until the test says so.
    struct Held {
        std::promise<void> reached;
        std::promise<void> let_go;
    };
    std::shared_ptr<Held> hold_node_thread() {
        auto held = std::make_shared<Held>();
        requests_.count([held](const Result<std::size_t>&) {
            held->reached.set_value();
            held->let_go.get_future().wait();
        });
        held->reached.get_future().wait();
        return held;
    }
    // Releases happen in the background: asks until they have.
    std::size_t held_in_the_end() {
        constexpr int questions = 10'000;
        std::size_t held = 0;
        for (int asked = 0; asked < questions; ++asked) {
            held = requests_.count().value();
            if (held == 0) break;
        }
        return held;
    }

    std::promise<void> logged_;
    std::unique_ptr<Node> node_;
    Requests requests_ = declare_requests();
    Numbers numbers_ = declare_numbers();
};

TEST_F(AsyncFormsTest, AReservationIsMadeConfirmedCountedAndReleasedByFunctions) {
    ASSERT_TRUE(node_->start());
    std::promise<Attempt<std::string>> reserved;
    std::promise<Result<bool>> confirmed;
    std::promise<Result<std::size_t>> counted;
    std::promise<Result<bool>> released;

    requests_.reserve("a", "job-1", [&](auto attempt) { reserved.set_value(*attempt); });
    const Attempt<std::string> attempt = reserved.get_future().get();
    requests_.confirm(attempt, [&](Result<bool> ours) { confirmed.set_value(ours); });
    requests_.count(1s, [&](Result<std::size_t> held) { counted.set_value(held); });
    EXPECT_TRUE(attempt.granted());
    EXPECT_TRUE(*confirmed.get_future().get());
    EXPECT_EQ(*counted.get_future().get(), 1U);
    EXPECT_EQ(requests_.reserve("a", "job-2")->held(), "job-1");

    requests_.release(attempt, [&](Result<bool> ours) { released.set_value(ours); });

    EXPECT_TRUE(*released.get_future().get());
    EXPECT_EQ(*requests_.count(), 0U);
}

asio::awaitable<void> reserve_confirm_release(const Reservation<std::string>& requests,
                                              std::string& held) {
    const std::string key = "a";
    const std::string mine = "mine";
    const std::string other = "other";
    const auto attempt = co_await requests.reserve(key, mine, asio::use_awaitable);
    const auto second = co_await requests.reserve(key, other, 1s, asio::use_awaitable);
    held = second->held().value_or("nothing");
    (void)co_await requests.confirm(*attempt, asio::use_awaitable);
    (void)co_await requests.release(*attempt, 1s, asio::use_awaitable);
}

TEST_F(AsyncFormsTest, ACoroutineReservesWhileNoThreadWaits) {
    ASSERT_TRUE(node_->start());
    asio::io_context context;
    std::string held;

    asio::co_spawn(context, reserve_confirm_release(requests_, held), asio::detached);
    context.run();

    EXPECT_EQ(held, "mine");
    EXPECT_EQ(*requests_.count(), 0U);
}

TEST_F(AsyncFormsTest, AReservationThatIsGrantedToACancelledCallerIsGivenBack) {
    ASSERT_TRUE(node_->start());
    const auto held = hold_node_thread();
    asio::io_context context;
    asio::cancellation_signal signal;
    std::optional<Result<Attempt<std::string>>> answer;
    requests_.reserve("a", "job-1",
                      asio::bind_cancellation_slot(
                          signal.slot(), asio::bind_executor(context.get_executor(),
                                                             [&](auto given) { answer = given; })));

    signal.emit(asio::cancellation_type::terminal);
    context.run();
    held->let_go.set_value();

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().code, Errc::cancelled);
    EXPECT_EQ(held_in_the_end(), 0U);
}

TEST_F(AsyncFormsTest, AReservationWhoseContextHasGoneIsGivenBack) {
    ASSERT_TRUE(node_->start());
    const auto held = hold_node_thread();
    auto context = std::make_unique<asio::io_context>();
    std::string note;
    asio::co_spawn(*context, reserve_confirm_release(requests_, note), asio::detached);
    context->poll();

    context.reset();
    held->let_go.set_value();

    EXPECT_EQ(held_in_the_end(), 0U);
    EXPECT_EQ(note, "");
}

TEST_F(AsyncFormsTest, AGrantedReservationOutlivesACancellationThatIsTooLate) {
    ASSERT_TRUE(node_->start());
    asio::io_context context;
    asio::cancellation_signal signal;
    std::optional<Result<Attempt<std::string>>> answer;
    requests_.reserve("a", "job-1",
                      asio::bind_cancellation_slot(
                          signal.slot(), asio::bind_executor(context.get_executor(),
                                                             [&](auto given) { answer = given; })));
    context.run();

    signal.emit(asio::cancellation_type::terminal);

    EXPECT_TRUE((*answer)->granted());
    EXPECT_EQ(*requests_.count(), 1U);
}

TEST_F(AsyncFormsTest, InACompletionTheFormsWithATokenAreTheOnesThatWork) {
    ASSERT_TRUE(node_->start());
    std::promise<Errc> blocking;
    std::promise<bool> granted;

    requests_.count([&](const Result<std::size_t>&) {
        blocking.set_value(requests_.reserve("a", "job").error().code);
        requests_.reserve("a", "job", [&](auto attempt) { granted.set_value(attempt->granted()); });
    });

    EXPECT_EQ(blocking.get_future().get(), Errc::wrong_thread);
    EXPECT_TRUE(granted.get_future().get());
}

TEST_F(AsyncFormsTest, WhatACompletionOfAReservationThrowsIsALineInTheLog) {
    ASSERT_TRUE(node_->start());

    requests_.count([](const Result<std::size_t>&) { throw std::runtime_error("oops"); });

    logged_.get_future().wait();
}

TEST_F(AsyncFormsTest, AnOfferIsAnsweredByAFunctionAndByACoroutine) {
    ASSERT_TRUE(node_->start());
    std::promise<Result<Filled>> offered;
    asio::io_context context;
    std::optional<Result<Filled>> again;

    numbers_.offer("a", "one", [&](Result<Filled> filled) { offered.set_value(filled); });
    EXPECT_EQ(*offered.get_future().get(), Filled::stored);
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            const std::string key = "a";
            std::string value = "two";
            again = co_await numbers_.offer(key, std::move(value), {.deadline = 1s},
                                            asio::use_awaitable);
        },
        asio::detached);
    context.run();

    EXPECT_EQ(**again, Filled::stored);
    EXPECT_EQ(**numbers_.get("a"), "two");
}

TEST_F(AsyncFormsTest, ManyKeysAreAwaitedTogether) {
    ASSERT_TRUE(node_->start());
    std::promise<std::size_t> found;

    numbers_.get_many(std::vector<std::string>{"a", "b", "a"},
                      [&](const auto& answers) { found.set_value(answers.size()); });

    EXPECT_EQ(found.get_future().get(), 3U);
}

TEST_F(AsyncFormsTest, ANodeStartsServesAndStopsWithinOneCoroutine) {
    asio::io_context context;
    std::optional<Result<void>> started;
    std::string value;
    std::optional<Stopped> stopped;

    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            const std::string key = "a";
            started = co_await node_->start(10s, asio::use_awaitable);
            value = **co_await numbers_.get(key, asio::use_awaitable);
            stopped = co_await node_->stop(10s, asio::use_awaitable);
        },
        asio::detached);
    context.run();

    EXPECT_TRUE(started && *started);
    EXPECT_EQ(value, "loaded");
    EXPECT_TRUE(stopped && stopped->complete());
}

TEST_F(AsyncFormsTest, AStartThatIsCancelledGoesOn) {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::optional<Result<void>> answer;
    node_->start(10s, asio::bind_cancellation_slot(
                          signal.slot(), asio::bind_executor(context.get_executor(),
                                                             [&](auto given) { answer = given; })));

    signal.emit(asio::cancellation_type::terminal);
    context.run();

    EXPECT_TRUE(answer);
    ASSERT_TRUE(node_->start());
    EXPECT_TRUE(node_->health().live);
}

TEST_F(AsyncFormsTest, AStartAfterTheStopIsAnsweredAtOnce) {
    ASSERT_TRUE(node_->stop().complete());
    std::optional<Errc> refused;

    node_->start(1s, [&](const Result<void>& outcome) { refused = outcome.error().code; });

    EXPECT_EQ(refused, Errc::stopped);
}

asio::awaitable<Result<Loaded<int>>> load_slowly() {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
    co_return 7;
}

TEST(LoadedInACoroutine, MayLoseARace) {
    asio::io_context context;
    std::size_t first = 7;

    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
            auto load = load_slowly();
            auto wait = timer.async_wait(asio::use_awaitable);
            auto both = std::move(load) || std::move(wait);
            first = (co_await std::move(both)).index();
        },
        asio::detached);
    context.run();

    EXPECT_EQ(first, 1U);
    EXPECT_EQ(Loaded<int>().answer(), Answer::unknown);
}

}  // namespace
}  // namespace tutti
