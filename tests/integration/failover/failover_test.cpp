// A fleet over a primary with two replicas, watched by three Sentinels, to which things happen.
// Each change asks for `done`, and every read that begins after it was claimed is held to it: on a
// node that follows the Sentinels, and on one that stays where it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "integration/outage/stale_watch.hpp"
#include "support/replicated_redis.hpp"
#include "tutti/json.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using tutti::Boottime;
using tutti::Duration;

constexpr Duration lease = 1s;
constexpr const char* key = "k";

// A node, its cache with a store behind it, and what its reads are held to.
class Reader {
public:
    Reader(std::string name, const std::string& url, const std::atomic<int>& source)
        : node_(tutti::Node::create({.name = std::move(name),
                                     .redis = url,
                                     .app = "failover",
                                     .lease = lease,
                                     .command_deadline = 500ms})
                    .value()),
          cache_(node_->coherent(tutti::CacheOptions<std::string, int>{
              .name = "versions",
              .caches = "versions",
              .stale = tutti::Stale::wrong,
              .ttl = 1h,
              .bound = tutti::entries(10),
              .load = [&source](const std::string&, tutti::LoadContext&) { return source.load(); },
              .store = tutti::StoreTier<int>{.ttl = 1h, .codec = tutti::json_codec<int>()},
              .channel = "failover"})) {
        EXPECT_TRUE(node_->start());
        EXPECT_TRUE(cache_.get(key));
        watch_.emplace(cache_, key, Duration::zero());
    }

    StaleWatch::Cache& cache() { return cache_; }
    StaleWatch& watch() { return *watch_; }

private:
    std::unique_ptr<tutti::Node> node_;
    StaleWatch::Cache cache_;
    std::optional<StaleWatch> watch_;
};

class Failover : public ::testing::Test {
protected:
    // Commits the next version and asks for `done`. Once it is claimed every read is held to it.
    tutti::Invalidation change() {
        const int version = ++source_;
        auto outcome =
            follows_.cache().invalidate(key, {.ack = tutti::Ack::every_instance, .deadline = 4s});
        if (outcome.done()) {
            ++done_;
            for (Reader* each : {&follows_, &stays_}) each->watch().published(version);
        }
        return outcome;
    }
    void change_for(Duration time) {
        for (const auto end = Boottime::now() + time; Boottime::now() < end;) {
            (void)change();
            std::this_thread::sleep_for(10ms);
        }
    }
    bool eventually_done(Duration limit = 15s) {
        for (const auto end = Boottime::now() + limit; Boottime::now() < end;) {
            if (change().done()) return true;
        }
        return false;
    }
    void finish() {
        EXPECT_TRUE(eventually_done());
        std::this_thread::sleep_for(300ms);
        for (Reader* each : {&follows_, &stays_}) {
            StaleWatch& watch = each->watch();
            watch.stop();
            EXPECT_EQ(watch.violations(), 0) << "of " << watch.reads() << " reads";
            EXPECT_EQ(watch.failures(), 0) << "the source could have answered";
            EXPECT_GT(watch.memory_hits(), 100) << "never caching is no proof";
        }
        EXPECT_GT(done_, 3);
    }

    ReplicatedRedis redis_;
    std::atomic<int> source_ = 0;
    Reader follows_{"follows", redis_.url(), source_};
    Reader stays_{"stays", redis_.direct_url(), source_};
    int done_ = 0;
};

TEST_F(Failover, DoneIsClaimedAcrossServersInRoundTripsWhenAllIsWell) {
    ASSERT_TRUE(eventually_done());
    std::this_thread::sleep_for(2s);  // the grace of the epoch

    const auto outcome = change();

    EXPECT_TRUE(outcome.done()) << outcome.reason;
    EXPECT_EQ(outcome.by, tutti::Invalidation::By::acknowledgements);
    EXPECT_LT(outcome.took, 500ms);
    change_for(1s);
    finish();
}

TEST_F(Failover, ThePrimaryIsKilled) {
    const std::string before = redis_.primary();
    change_for(1s);
    redis_.first().kill();
    redis_.wait_for_another_primary(before);

    EXPECT_TRUE(eventually_done());
    change_for(1s);
    finish();
}

TEST_F(Failover, ThePrimaryIsStoppedReplacedAndWakesUpAsPrimary) {
    const std::string before = redis_.primary();
    change_for(1s);
    redis_.first().pause();
    redis_.wait_for_another_primary(before);
    EXPECT_TRUE(eventually_done());

    redis_.first().resume();

    change_for(3s);
    finish();
}

TEST_F(Failover, ThePrimaryIsCutOffWithOneNodeAndReplaced) {
    const std::string before = redis_.primary();
    change_for(1s);
    redis_.cut_off_first();
    redis_.wait_for_another_primary(before);
    EXPECT_TRUE(eventually_done());
    const int hits = stays_.watch().memory_hits();

    change_for(3s);  // the node that stays has no other server

    EXPECT_EQ(stays_.watch().memory_hits(), hits) << "no lease can have been granted there";
    redis_.rejoin_first();
    change_for(2s);
    finish();
}

TEST_F(Failover, AnOperatorFailsOverUnderLoad) {
    for (int round = 0; round < 2; ++round) {
        const std::string before = redis_.primary();
        change_for(1s);
        ASSERT_TRUE(redis_.fail_over());
        change_for(2s);
        redis_.wait_for_another_primary(before);
        EXPECT_TRUE(eventually_done());
    }
    finish();
}

TEST_F(Failover, WithoutReplicasALeaseIsNotGrantedAndWhatIsPublishedStaysPending) {
    ASSERT_TRUE(eventually_done());
    redis_.cut_off_first();

    const int version = ++source_;
    const auto outcome = stays_.cache().invalidate(key, {.deadline = 3s});

    EXPECT_EQ(outcome.outcome, tutti::Invalidation::Outcome::unconfirmed);
    EXPECT_THAT(outcome.reason, HasSubstr("0 of the 1 replicas"));
    redis_.rejoin_first();
    EXPECT_TRUE(eventually_done());
    EXPECT_GE(follows_.cache().get(key)->value(), version);
    change_for(2s);
    finish();
}

}  // namespace
}  // namespace tests
