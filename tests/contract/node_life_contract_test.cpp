// What a whole node does by itself: it warms up, tells what happens, and ends.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "contract/node_fixture.hpp"

namespace tutti::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = CacheEvent::Kind;

// What a listener was told, from any thread.
class Told {
public:
    EventListener listener(std::vector<Kind> kinds) {
        return {.listen =
                    [this](const CacheEvent& event) {
                        const std::lock_guard lock(mutex_);
                        all_.push_back(std::string(event.cache) + " " +
                                       std::string(to_string(event.kind)) + " " + event.key);
                    },
                .kinds = std::move(kinds)};
    }
    [[nodiscard]] std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    [[nodiscard]] bool has(const std::string& event) const {
        return std::ranges::count(all(), event) > 0;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> all_;
};

class NodeLives : public NodeContract {
protected:
    static WarmUp<int> warm_up() {
        return {.keys = [] { return std::vector{1, 2, 3}; }, .delays_readiness = true};
    }
    static bool ready(const Node& node) {
        return eventually([&] { return node.health().ready; });
    }

    Told told_;
};

INSTANTIATE_TEST_SUITE_P(Adapters, NodeLives, ::testing::ValuesIn(node_worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(NodeLives, AListenerIsToldInOrder) {
    Options options = rows();
    options.events = told_.listener({Kind::miss, Kind::hit, Kind::refreshed});
    const Cache cache = one(options);

    EXPECT_EQ(get(cache, 1), 10);
    EXPECT_EQ(get(cache, 1), 10);
    EXPECT_EQ(value(cache.refresh(1, patient)), 10);

    EXPECT_TRUE(eventually([&] { return told_.has("rows refreshed 1"); }));
    EXPECT_THAT(told_.all(), ElementsAre("rows miss 1", "rows hit 1", "rows refreshed 1"));
}

TEST_P(NodeLives, AListenerIsToldOfTheChangesOfOtherNodes) {
    Options options = rows();
    options.events = told_.listener({Kind::invalidated});
    const Cache cache = node("listens").coherent(options);
    const Cache other = node("changes").coherent(rows());
    start();

    EXPECT_TRUE(other.invalidate(2, published).published());

    EXPECT_TRUE(eventually([&] { return told_.has("rows invalidated 2"); }));
}

TEST_P(NodeLives, AListenerIsToldOnceOfALoadThatFailed) {
    Options options = rows();
    options.events = told_.listener({Kind::load_failed});
    const Cache cache = one(options);
    source_.break_down("away");

    EXPECT_FALSE(cache.get(1, patient));

    EXPECT_TRUE(eventually([&] { return told_.has("rows load_failed 1"); }));
    EXPECT_THAT(told_.all(), ElementsAre("rows load_failed 1"));
}

TEST_P(NodeLives, AWarmUpIsOverBeforeTheNodeIsReady) {
    Options options = rows();
    options.warm_up = warm_up();
    Node& warm = node("warm");
    const Cache cache = warm.coherent(options);
    start();

    ASSERT_TRUE(ready(warm));

    EXPECT_TRUE(cache.contains(1) && cache.contains(2) && cache.contains(3));
    EXPECT_EQ(source_.loads(), 3);
}

TEST_P(NodeLives, AWarmUpTakesFromTheStoreWhatAnotherNodeHasLoaded) {
    const Cache cache = one(stored_rows());
    EXPECT_EQ(get(cache, 1), 10);
    EXPECT_EQ(get(cache, 2), 20);
    Options options = stored_rows();
    options.warm_up = warm_up();
    Node& warm = node("warm");
    const Cache later = warm.coherent(options);
    start();

    ASSERT_TRUE(ready(warm));

    EXPECT_TRUE(keeps(later, 1) && keeps(later, 2) && keeps(later, 3));
    EXPECT_EQ(source_.loads(), 3);
}

TEST_P(NodeLives, AWarmUpDelaysReadinessAndNoReader) {
    Options options = rows();
    options.load = [this](int row, LoadContext&) {
        if (row == 1) gate_.wait();
        return source_.read(row);
    };
    options.load_deadline = patience;
    options.warm_up = warm_up();
    Node& warm = node("warm");
    const Cache cache = warm.coherent(options);
    start();

    EXPECT_EQ(get(cache, 2), 20);
    EXPECT_FALSE(warm.health().ready);
    gate_.open();

    EXPECT_TRUE(ready(warm));
}

TEST_P(NodeLives, ANodeThatHasStoppedAnswersAndNobodyWaitsForIt) {
    Node& leaver = node("leaves", short_lease);
    const Cache left = leaver.coherent(rows());
    const Cache cache = node("stays", short_lease).coherent(rows());
    start();
    EXPECT_EQ(get(left, 1), 10);

    EXPECT_TRUE(leaver.stop().complete());

    const auto found = left.get(1, patient);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::stopped);
    EXPECT_FALSE(left.invalidate(1, published).published());
    const Invalidation told = cache.invalidate(1, everywhere);
    EXPECT_TRUE(told.done());
    EXPECT_THAT(told.silent, IsEmpty());
}

TEST_P(NodeLives, ANodeSaysThatItIsReadyAndCountsWhatItDoes) {
    Node& counted = node("counted");
    const Cache cache = counted.coherent(rows());
    start();
    EXPECT_EQ(get(cache, 1), 10);
    EXPECT_EQ(get(cache, 1), 10);

    EXPECT_TRUE(ready(counted));
    EXPECT_THAT(counted.metrics(), HasSubstr("tutti_cache_hits_total"));
    EXPECT_TRUE(counted.find<Cache>("rows"));
}

}  // namespace
}  // namespace tutti::contract
