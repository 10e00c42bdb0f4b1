// What Asio's programs rely on: where handlers run, what cancels them, and what becomes of those
// that wait when their context goes.
#include "tutti/asio.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tutti/canonical.hpp"
#include "tutti/node.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;
using ::testing::HasSubstr;
namespace asio = boost::asio;

using Numbers = Coherent<std::string, int>;
using Found = Result<Lookup<int>>;

// A node whose loads end when the test says so; the key "now" has its value at once.
class AsioTest : public ::testing::Test {
protected:
    AsioTest() { EXPECT_TRUE(node_->start()); }

    Numbers declare() {
        return node_->coherent<std::string, int>({
            .name = "numbers",
            .caches = "numbers",
            .stale = Stale::wrong,
            .ttl = 30s,
            .bound = entries(100),
            .load =
                [this](const std::string& key, LoadContext, Completion<Loaded<int>> done) {
                    if (key == "now") return done(7);
                    loads_.push_back(std::move(done));
                },
            .channel = "numbers",
        });
    }
    void finish_loads() {
        for (auto& done : std::exchange(loads_, {})) done(9);
    }

    std::unique_ptr<Node> node_ = Node::create({.name = "node"}).value();
    std::vector<Completion<Loaded<int>>> loads_;  // begun by the test's thread
    Numbers cache_ = declare();
};

asio::awaitable<void> read_often(const Numbers& cache, int times, int& sum) {
    for (int read = 0; read < times; ++read) {
        const auto found = co_await cache.get("now", asio::use_awaitable);
        sum += **found;
    }
}

TEST_F(AsioTest, AHundredThousandHitsInARowDoNotNest) {
    ASSERT_TRUE(cache_.get("now"));
    asio::io_context context;
    int sum = 0;

    asio::co_spawn(context, read_often(cache_, 100'000, sum), asio::detached);
    context.run();

    EXPECT_EQ(sum, 700'000);
}

TEST_F(AsioTest, AnAnswerThatIsThereAtOnceIsPostedAndNotCalled) {
    ASSERT_TRUE(cache_.get("now"));
    asio::io_context context;
    bool called = false;

    asio::post(context, [&] {
        cache_.get("now", asio::bind_executor(
                              context.get_executor(),
                              asio::bind_cancellation_slot(asio::cancellation_slot(),
                                                           [&](const Found&) { called = true; })));
        EXPECT_FALSE(called);
    });
    context.run();

    EXPECT_TRUE(called);
}

asio::awaitable<void> wait_for_read(const Numbers& cache, std::shared_ptr<int> owned, bool& woken) {
    const auto found = co_await cache.get("slow", asio::use_awaitable);
    woken = true;
    (void)owned;
}

TEST_F(AsioTest, AContextMayDieWhileACoroutineOnItWaits) {
    auto owned = std::make_shared<int>(0);
    bool woken = false;
    auto context = std::make_unique<asio::io_context>();
    asio::co_spawn(*context, wait_for_read(cache_, owned, woken), asio::detached);
    context->poll();
    ASSERT_EQ(loads_.size(), 1U);

    context.reset();

    EXPECT_EQ(owned.use_count(), 1) << "the coroutine is destroyed with its context";
    finish_loads();
    EXPECT_FALSE(woken);
    EXPECT_EQ(**cache_.get("slow"), 9) << "the load went on";
}

TEST_F(AsioTest, AContextMayDieWhileAHandlerOnAStrandWaits) {
    auto context = std::make_unique<asio::io_context>();
    bool called = false;
    cache_.get("slow", asio::bind_executor(
                           asio::make_strand(*context),
                           asio::bind_cancellation_slot(asio::cancellation_slot(),
                                                        [&](const Found&) { called = true; })));

    context.reset();
    finish_loads();

    EXPECT_FALSE(called);
}

TEST_F(AsioTest, AContextThatDiesWhileAnswersComeIsNotTouchedAfterwards) {
    for (int round = 0; round < 200; ++round) {
        auto context = std::make_unique<asio::io_context>();
        bool woken = false;
        asio::co_spawn(*context, wait_for_read(cache_, nullptr, woken), asio::detached);
        context->poll();
        cache_.invalidate("slow", asio::detached);
        std::jthread answering([&] { finish_loads(); });

        context.reset();
    }
}

asio::awaitable<void> get_into(const Numbers& cache, std::optional<Found>& answer) {
    answer = co_await cache.get("slow", asio::use_awaitable);
}

asio::awaitable<void> get_or_timer(const Numbers& cache, std::size_t& first) {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
    auto read = cache.get("slow", asio::use_awaitable);
    auto wait = timer.async_wait(asio::use_awaitable);
    auto both = std::move(read) || std::move(wait);
    const auto either = co_await std::move(both);
    first = either.index();
}

TEST_F(AsioTest, AReadBesideATimerEndsWhenTheTimerDoes) {
    asio::io_context context;
    std::size_t first = 7;

    asio::co_spawn(context, get_or_timer(cache_, first), asio::detached);
    context.run();  // and returns: nothing is left that waits

    EXPECT_EQ(first, 1U);
    ASSERT_EQ(loads_.size(), 1U);
    finish_loads();
    EXPECT_EQ(**cache_.get("slow"), 9) << "the load went on, for the cache";
}

TEST_F(AsioTest, CancellingOneReaderCancelsNobodyElse) {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::optional<Found> one;
    std::optional<Found> two;
    std::promise<Found> three;
    cache_.get("slow", asio::bind_cancellation_slot(
                           signal.slot(), asio::bind_executor(context.get_executor(),
                                                              [&](Found found) { one = found; })));
    asio::co_spawn(context, get_into(cache_, two), asio::detached);
    cache_.get("slow", [&](Found found) { three.set_value(std::move(found)); });
    context.poll();

    signal.emit(asio::cancellation_type::terminal);
    context.poll();

    ASSERT_TRUE(one);
    EXPECT_EQ(one->error().code, Errc::cancelled);
    EXPECT_FALSE(two);
    ASSERT_EQ(loads_.size(), 1U);
    finish_loads();
    context.run();
    EXPECT_EQ(***two, 9);
    EXPECT_EQ(**three.get_future().get(), 9);
}

TEST_F(AsioTest, CancellingAnInvalidationEndsTheWaitAndNotThePublication) {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::optional<Invalidation> outcome;
    cache_.invalidate(
        "now", {.ack = Ack::every_instance},
        asio::bind_cancellation_slot(
            signal.slot(),
            asio::bind_executor(context.get_executor(), [&](Invalidation got) { outcome = got; })));

    signal.emit(asio::cancellation_type::total);
    context.run();

    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->outcome, Invalidation::Outcome::unconfirmed);
    EXPECT_THAT(outcome->reason, HasSubstr("waits no longer"));
}

TEST_F(AsioTest, ACancellationBehindTheAnswerIsTooLate) {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::optional<Found> answer;
    cache_.get("slow",
               asio::bind_cancellation_slot(
                   signal.slot(), asio::bind_executor(context.get_executor(),
                                                      [&](Found found) { answer = found; })));
    finish_loads();

    signal.emit(asio::cancellation_type::terminal);
    context.run();

    EXPECT_EQ(***answer, 9);
    signal.emit(asio::cancellation_type::terminal);
}

TEST_F(AsioTest, ANodeThatStopsAnswersItsCoroutines) {
    asio::io_context context;
    std::optional<Found> answer;
    asio::co_spawn(context, get_into(cache_, answer), asio::detached);
    context.poll();

    node_->stop();
    context.run();

    EXPECT_EQ(answer->error().code, Errc::stopped);
}

asio::awaitable<Result<int>> never(std::string, LoadContext) {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
    co_return 7;
}

TEST(AwaitableLoader, ItsExecutorMayGoBeforeTheNode) {
    auto context = std::make_unique<asio::io_context>();
    auto node = Node::create({.name = "node"}).value();
    const auto cache = node->coherent<std::string, int>({
        .name = "numbers",
        .caches = "numbers",
        .stale = Stale::wrong,
        .ttl = 30s,
        .bound = entries(100),
        .load = awaitable_loader<std::string, int>(asio::make_strand(*context), never),
        .channel = "numbers",
    });
    ASSERT_TRUE(node->start());
    std::promise<Found> waiting;
    cache.get("a", [&](Found answer) { waiting.set_value(std::move(answer)); });
    context->poll();

    context.reset();

    const Found destroyed = waiting.get_future().get();
    EXPECT_EQ(destroyed.error().code, Errc::load_failed);
    EXPECT_THAT(destroyed.error().cause, HasSubstr("executor of the loader has gone"));
    EXPECT_EQ(cache.get("b").error().code, Errc::load_failed);
}

struct Sentence {
    explicit Sentence(std::string words) : text(std::move(words)) {}

    std::string text;
};

TEST(AwaitableLoader, LoadsValuesWithoutADefault) {
    asio::thread_pool context(1);
    const auto node = Node::create({.name = "node"}).value();
    const auto sentences = node->local<std::string, Sentence>({
        .name = "sentences",
        .caches = "sentences",
        .stale = Stale::acceptable,
        .ttl = 30s,
        .bound = entries(100),
        .load = awaitable_loader<std::string, Sentence>(
            context.get_executor(),
            [](std::string key, LoadContext) -> asio::awaitable<Result<Sentence>> {
                co_return Sentence(key + " is here");
            }),
    });
    ASSERT_TRUE(node->start());

    EXPECT_EQ((*sentences.get("she"))->text, "she is here");
}

asio::awaitable<void> read_by_principal(const Coherent<PrincipalKey<std::string>, int>& cache,
                                        int& found) {
    found = **co_await cache.get(
        PrincipalKey<std::string>{"a principal whose name is not short", "and a key to match"},
        asio::use_awaitable);
}

// GCC 12 destroys a temporary twice that is an aggregate; this key is none.
TEST(PrincipalKeys, MayBeBuiltWithinACoAwait) {
    const auto node = Node::create({.name = "node"}).value();
    const auto cache = node->coherent<PrincipalKey<std::string>, int>({
        .name = "numbers",
        .caches = "numbers",
        .stale = Stale::wrong,
        .ttl = 30s,
        .bound = entries(100),
        .load = [](const PrincipalKey<std::string>&, LoadContext&) { return 7; },
        .channel = "numbers",
    });
    ASSERT_TRUE(node->start());
    asio::io_context context;
    int found = 0;

    asio::co_spawn(context, read_by_principal(cache, found), asio::detached);
    context.run();

    EXPECT_EQ(found, 7);
}

}  // namespace
}  // namespace tutti
