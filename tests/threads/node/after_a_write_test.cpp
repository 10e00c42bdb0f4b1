// `reload` and `invalidate_together`, on nodes of one hub.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/cache.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/invalidator.hpp"
#include "tutti/node.hpp"
#include "tutti/options.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using Numbers = Coherent<std::string, int>;
using Options = CacheOptions<std::string, int>;

class AfterAWrite : public ::testing::Test {
protected:
    std::unique_ptr<Node> node(const std::string& name) {
        return Node::create({.name = name, .embedded = hub_}).value();
    }
    Options numbers(const std::string& name, const std::string& channel = "numbers") {
        return {.name = name,
                .caches = "numbers",
                .stale = Stale::wrong,
                .ttl = 1h,
                .bound = entries(2000),
                .load =
                    [this](const std::string& key, LoadContext&) {
                        ++loads;
                        const std::lock_guard lock(mutex_);
                        return source_[key];
                    },
                .channel = channel};
    }
    void commit(const std::string& key, int value) {
        const std::lock_guard lock(mutex_);
        source_[key] = value;
    }

    std::atomic<int> loads = 0;

private:
    const std::shared_ptr<EmbeddedHub> hub_ = EmbeddedHub::create();
    std::mutex mutex_;
    std::map<std::string, int> source_;
};

TEST_F(AfterAWrite, AReloadPublishesAndBringsTheNewValueIntoMemory) {
    const auto one = node("one");
    const auto two = node("two");
    const Numbers here = one->coherent(numbers("numbers"));
    const Numbers there = two->coherent(numbers("numbers"));
    ASSERT_TRUE(one->start() && two->start());
    (void)there.get("a");
    commit("a", 1);

    const Reloaded<int> both = here.reload("a", {.ack = Ack::every_instance});

    EXPECT_TRUE(both.invalidation.done()) << both.invalidation.reason;
    EXPECT_EQ(both.value.value_or(-1), 1);
    EXPECT_EQ(there.get("a").value_or(-1), 1);
    const int before = loads;
    EXPECT_EQ(here.get("a").value_or(-1), 1);
    EXPECT_EQ(loads, before) << "the next reader does not wait";
}

TEST_F(AfterAWrite, AReloadWithoutBlockingTellsBoth) {
    const auto one = node("one");
    const Numbers here = one->coherent(numbers("numbers"));
    ASSERT_TRUE(one->start());
    commit("a", 1);
    std::promise<Reloaded<int>> told;

    here.reload("a", {}, [&](Reloaded<int> both) { told.set_value(std::move(both)); });
    const Reloaded<int> both = told.get_future().get();

    EXPECT_TRUE(both.invalidation.published());
    EXPECT_EQ(both.value.value_or(-1), 1);
}

TEST_F(AfterAWrite, AReloadForWhichNoTimeIsLeftSaysSo) {
    const auto one = node("one");
    const Numbers here = one->coherent(numbers("numbers"));
    ASSERT_TRUE(one->start());

    for (const Duration deadline : {0ns, Duration::min()}) {
        EXPECT_EQ(here.reload("a", {.deadline = deadline}).value.error().code, Errc::timeout);
    }
    EXPECT_EQ(here.reload("a", {.deadline = Duration::max()}).value.value_or(-1), 0);
    EXPECT_EQ(loads, 1);
}

TEST_F(AfterAWrite, AReloadBeforeTheStartSaysSoTwice) {
    const auto one = node("one");
    const Numbers here = one->coherent(numbers("numbers"));

    const Reloaded<int> both = here.reload("a");

    EXPECT_FALSE(both.invalidation.published());
    EXPECT_EQ(both.value.error().code, Errc::not_started);
}

TEST_F(AfterAWrite, AReloadInALoaderDoesNotWait) {
    const auto one = node("one");
    const Numbers here = one->coherent(numbers("numbers"));
    std::optional<Reloaded<int>> inside;
    Options outer = numbers("outer");
    outer.load = [&](const std::string&, LoadContext&) {
        inside.emplace(here.reload("a"));
        return 0;
    };
    const Numbers asking = one->coherent(outer);
    ASSERT_TRUE(one->start());

    (void)asking.get("x");

    ASSERT_TRUE(inside);
    EXPECT_EQ(inside->value.error().code, Errc::wrong_thread);
}

TEST_F(AfterAWrite, KeysOfTwoCachesAreOnePublication) {
    const auto one = node("one");
    const auto two = node("two");
    const Numbers prices = one->coherent(numbers("prices"));
    const Numbers stock = one->coherent(numbers("stock"));
    const Numbers prices_there = two->coherent(numbers("prices"));
    const Numbers stock_there = two->coherent(numbers("stock"));
    ASSERT_TRUE(one->start() && two->start());
    (void)prices_there.get("apple");
    (void)stock_there.get("pear");
    commit("apple", 1);
    commit("pear", 2);
    const Invalidation first = prices.invalidate("other");

    const Invalidation told =
        invalidate_together({prices.key("apple"), stock.key("pear")}, {.ack = Ack::every_instance});

    EXPECT_TRUE(told.done()) << told.reason;
    EXPECT_EQ(told.position.sequence, first.position.sequence + 1) << "one entry of the log";
    EXPECT_EQ(prices_there.get("apple").value_or(-1), 1);
    EXPECT_EQ(stock_there.get("pear").value_or(-1), 2);
}

TEST_F(AfterAWrite, AKeyAndATagAreToldInOnePublication) {
    const auto one = node("one");
    const auto two = node("two");
    Options of_fruit = numbers("prices");
    of_fruit.tagged = Tagged{};
    std::atomic<int> price = 1;
    of_fruit.load = [&](const std::string&, LoadContext&) {
        Loaded<int> loaded(price.load());
        return loaded.tag("fruit");
    };
    const Numbers prices = one->coherent(of_fruit);
    const Numbers stock = one->coherent(numbers("stock"));
    const Numbers prices_there = two->coherent(of_fruit);
    const Numbers stock_there = two->coherent(numbers("stock"));
    ASSERT_TRUE(one->start() && two->start());
    (void)prices_there.get("apple");
    (void)stock_there.get("pear");
    price = 2;
    commit("pear", 2);

    const Invalidation told =
        invalidate_together({prices.tag("fruit"), stock.key("pear")}, {.ack = Ack::every_instance});

    EXPECT_TRUE(told.done()) << told.reason;
    EXPECT_EQ(prices_there.get("apple").value_or(-1), 2);
    EXPECT_EQ(stock_there.get("pear").value_or(-1), 2);
    EXPECT_THAT(invalidate_together({prices.tag("")}).reason, HasSubstr("1 to 256 bytes"));
}

TEST_F(AfterAWrite, InvalidatorsHaveKeysToo) {
    const auto writer = node("writer");
    const auto reader = node("reader");
    const auto prices = writer->invalidator<std::string>(
        {.name = "price-changes", .changes = "prices", .channel = "numbers"});
    const auto stock = writer->invalidator<int>(
        {.name = "stock-changes", .changes = "stock", .channel = "numbers"});
    const Numbers there = reader->coherent(numbers("prices"));
    ASSERT_TRUE(writer->start() && reader->start());
    (void)there.get("apple");
    commit("apple", 1);

    const Invalidation told =
        invalidate_together({prices.key("apple"), stock.key(7)}, {.ack = Ack::every_instance});

    EXPECT_TRUE(told.done()) << told.reason;
    EXPECT_EQ(there.get("apple").value_or(-1), 1);
}

TEST_F(AfterAWrite, TwoChannelsHaveNoPublicationInCommon) {
    const auto one = node("one");
    const Numbers prices = one->coherent(numbers("prices", "a"));
    const Numbers stock = one->coherent(numbers("stock", "b"));
    ASSERT_TRUE(one->start());
    (void)prices.get("apple");

    const Invalidation told = invalidate_together({prices.key("apple"), stock.key("pear")});

    EXPECT_FALSE(told.published());
    EXPECT_THAT(told.reason, HasSubstr("nothing was invalidated"));
    EXPECT_THAT(told.reason, HasSubstr("'prices' is on channel 'a'"));
    EXPECT_THAT(told.reason, HasSubstr("'stock' is on channel 'b'"));
    EXPECT_TRUE(prices.contains("apple"));
}

TEST_F(AfterAWrite, NorHaveTwoNodes) {
    const auto one = node("one");
    const auto two = node("two");
    const Numbers here = one->coherent(numbers("prices"));
    const Numbers there = two->coherent(numbers("stock"));
    ASSERT_TRUE(one->start() && two->start());

    EXPECT_THAT(invalidate_together({here.key("a"), there.key("a")}).reason,
                HasSubstr("are of different nodes"));
}

TEST_F(AfterAWrite, TwoShapesOfPlainEventsAreNotTold) {
    const auto one = node("one");
    Options with_one = numbers("prices");
    with_one.plain = PlainEvent{.type = "price", .key = "id"};
    Options with_another = numbers("stock");
    with_another.plain = PlainEvent{.type = "stock", .key = "id"};
    const Numbers prices = one->coherent(with_one);
    const Numbers stock = one->coherent(with_another);
    const Numbers neither = one->coherent(numbers("names"));
    ASSERT_TRUE(one->start());

    EXPECT_THAT(invalidate_together({prices.key("a"), stock.key("b")}).reason,
                HasSubstr("in different shapes"));
    EXPECT_TRUE(
        invalidate_together({prices.key("a"), stock.key("b"), neither.key("c")}).published())
        << "one of them tells everything in all shapes";
}

TEST_F(AfterAWrite, MoreThanOnePublicationHoldsIsRefused) {
    const auto one = node("one");
    const Numbers prices = one->coherent(numbers("prices"));
    ASSERT_TRUE(one->start());
    (void)prices.get("0");
    std::vector<ChangedKey> keys;
    for (std::size_t key = 0; key < Bus::keys_max; ++key)
        keys.push_back(prices.key(std::to_string(key)));
    EXPECT_TRUE(invalidate_together(keys).published());
    (void)prices.get("0");
    keys.push_back(prices.key("one more"));

    const Invalidation told = invalidate_together(keys);

    EXPECT_THAT(told.reason, HasSubstr("1001 keys are more than one publication holds"));
    EXPECT_TRUE(prices.contains("0")) << "nothing was invalidated";
}

TEST_F(AfterAWrite, NoKeyIsSaidSo) {
    const std::vector<ChangedKey> none;
    std::optional<Invalidation> told;

    invalidate_together(none, {}, [&](Invalidation outcome) { told = std::move(outcome); });

    EXPECT_THAT(invalidate_together(none).reason, HasSubstr("no key was given"));
    ASSERT_TRUE(told);
    EXPECT_THAT(told->reason, HasSubstr("no key was given"));
    EXPECT_NO_THROW(invalidate_together(none, {}, [](const Invalidation&) { throw 1; }));
}

TEST_F(AfterAWrite, AHandleWhoseNodeHasGoneSaysSo) {
    auto one = node("one");
    const Numbers prices = one->coherent(numbers("prices"));
    ASSERT_TRUE(one->start());
    one.reset();

    EXPECT_FALSE(invalidate_together({prices.key("a")}).published());
}

}  // namespace
}  // namespace tutti
