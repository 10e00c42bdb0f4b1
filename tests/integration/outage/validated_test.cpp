// Caches that ask the server during each read (R10), against a real one. No clock can be stopped
// here; but a lease of ten minutes stands for one: whatever is proven within it, the clock has not
// proven.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;

class ValidatedOnRedis : public ::testing::Test {
protected:
    using Versions = tutti::Coherent<std::string, int>;

    ~ValidatedOnRedis() override { redis_.resume(); }

    std::unique_ptr<tutti::Node> node(std::string name) const {
        auto created = tutti::Node::create({.name = std::move(name),
                                            .redis = redis_.url(),
                                            .app = "validated",
                                            .lease = 10min,
                                            .command_deadline = 500ms});
        EXPECT_TRUE(created.has_value()) << created.error().message();
        return std::move(created).value();
    }
    Versions declare(tutti::Node& node) {
        return node.coherent<std::string, int>(
            {.name = "versions",
             .caches = "versions",
             .stale = tutti::Stale::wrong,
             .ttl = 1h,
             .bound = tutti::entries(10),
             .load = [this](const std::string&, tutti::LoadContext&) { return source_.load(); },
             .channel = "cache:versions",
             .validate_on_read = true});
    }

    RedisServer redis_;
    std::atomic<int> source_ = 1;
};

TEST_F(ValidatedOnRedis, AReadThatBeginsBehindAPublicationSeesItBeforeItsPushHasArrived) {
    const auto writer = node("writer");
    const auto reader = node("reader");
    const Versions here = declare(*writer);
    const Versions there = declare(*reader);
    ASSERT_TRUE(writer->start());
    ASSERT_TRUE(reader->start());
    int from_memory = 0;

    for (int version = 2; version < 500; ++version) {
        source_ = version;
        ASSERT_EQ(here.invalidate("k").outcome, tutti::Invalidation::Outcome::published);
        const auto seen = there.get("k");
        ASSERT_TRUE(seen.has_value()) << seen.error().message();
        ASSERT_EQ(seen->value(), version);
        const auto again = there.get("k");
        ASSERT_TRUE(again.has_value());
        if (again->tier() == tutti::Tier::memory) ++from_memory;
    }

    EXPECT_EQ(from_memory, 498);
}

TEST_F(ValidatedOnRedis, WhileTheServerSaysNothingTheSourceIsAskedUnderAnyLease) {
    const auto one = node("one");
    const Versions cache = declare(*one);
    ASSERT_TRUE(one->start());
    ASSERT_EQ(cache.get("k")->value(), 1);
    source_ = 2;
    redis_.pause();

    const auto first = cache.get("k");
    const auto begun = tutti::Boottime::now();
    const auto second = cache.get("k");
    const auto took = tutti::Boottime::now() - begun;

    ASSERT_TRUE(first.has_value()) << first.error().message();
    EXPECT_EQ(first->value(), 2);
    EXPECT_EQ(first->tier(), tutti::Tier::source);
    EXPECT_NE(first->degraded(), "");
    ASSERT_TRUE(second.has_value()) << second.error().message();
    EXPECT_LT(took, 400ms) << "it is known already that the server does not answer";

    redis_.resume();
    const auto until = tutti::Boottime::now() + 10s;
    while (tutti::Boottime::now() < until && cache.get("k")->tier() != tutti::Tier::memory) {
    }
    EXPECT_EQ(cache.get("k")->tier(), tutti::Tier::memory);
}

}  // namespace
}  // namespace tests
