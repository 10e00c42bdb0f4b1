// What a program may do in a loader and in a completion, and what it is told when it may not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tutti/node.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class OwnThreads : public ::testing::Test {
protected:
    using Cache = Coherent<std::string, int>;

    CacheOptions<std::string, int> options(const std::string& name) {
        return {.name = name,
                .caches = "numbers",
                .stale = Stale::wrong,
                .ttl = 1h,
                .bound = entries(10'000),
                .load = [](const std::string&, LoadContext&) { return 1; },
                .channel = name};
    }
    // A cache whose loader runs `body` first.
    Cache loading(const std::string& name, std::function<void()> body) {
        auto declared = options(name);
        declared.load = [body = std::move(body)](const std::string&, LoadContext&) {
            body();
            return 2;
        };
        return node_->coherent<std::string, int>(std::move(declared));
    }
    void start() { ASSERT_TRUE(node_->start()); }

    static void expect_refused(const Error& error, const char* operation) {
        EXPECT_EQ(error.code, Errc::wrong_thread);
        EXPECT_EQ(error.operation, operation);
        EXPECT_THAT(error.cause, HasSubstr("completion"));
        EXPECT_FALSE(error.retryable());
    }

    std::unique_ptr<Node> node_ = Node::create({.name = "node"}).value();
    Cache names_ = node_->coherent<std::string, int>(options("names"));
};

TEST_F(OwnThreads, ALoaderThatWaitsForAnotherCacheIsToldSoWhetherItHitsOrMisses) {
    std::optional<Error> hit;
    std::optional<Error> miss;
    const auto cache = loading("greetings", [&] {
        hit = names_.get("there").error();
        miss = names_.get("not there").error();
    });
    start();
    ASSERT_TRUE(names_.get("there"));

    EXPECT_EQ(**cache.get("a"), 2);

    expect_refused(hit.value(), "get names");
    expect_refused(miss.value(), "get names");
}

TEST_F(OwnThreads, EveryOtherBlockingCallOfALoaderIsAnsweredToo) {
    std::vector<Error> errors;
    auto stored = options("stored");
    stored.store =
        StoreTier<int>{.ttl = 1h,
                       .codec = {.encode = [](int) { return Result<std::string>("1"); },
                                 .decode = [](std::string_view) { return Result<int>(1); },
                                 .name = "one"}};
    const auto offers = node_->coherent<std::string, int>(std::move(stored));
    const auto reservation =
        node_->reservation<std::string>({.name = "turns",
                                         .caches = "turns",
                                         .window = 1s,
                                         .when_store_fails = WhenStoreFails::refuse});
    const auto cache = loading("greetings", [&] {
        errors.push_back(names_.refresh("a").error());
        errors.push_back(offers.offer("a", 1).error());
        errors.push_back(reservation.reserve("a", "note").error());
        errors.push_back(reservation.count().error());
        errors.push_back(node_->start().error());
    });
    start();

    EXPECT_EQ(**cache.get("a"), 2);

    ASSERT_EQ(errors.size(), 5U);
    expect_refused(errors[0], "refresh names");
    expect_refused(errors[1], "offer stored");
    expect_refused(errors[2], "reserve turns");
    expect_refused(errors[3], "count turns");
    expect_refused(errors[4], "start the node");
}

TEST_F(OwnThreads, AnInvalidationInALoaderHappensAndIsNotWaitedFor) {
    Invalidation outcome;
    const auto cache = loading("greetings", [&] { outcome = names_.invalidate("a"); });
    start();
    ASSERT_TRUE(names_.get("a"));

    EXPECT_EQ(**cache.get("a"), 2);

    EXPECT_FALSE(outcome.published());
    EXPECT_THAT(outcome.reason, AllOf(HasSubstr("on its way"), HasSubstr("invalidate names")));
    EXPECT_EQ(names_.get("a")->tier(), Tier::source);
}

TEST_F(OwnThreads, AStopInALoaderBeginsAndIsNotWaitedFor) {
    Stopped stopped;
    const auto cache = loading("greetings", [&] { stopped = node_->stop(); });
    start();

    (void)cache.get("a");  // a value, or that the node was stopped: whichever is first

    EXPECT_TRUE(node_->stop().complete());
    ASSERT_FALSE(stopped.complete());
    EXPECT_THAT(stopped.left.front(), HasSubstr("stop the node"));
    EXPECT_EQ(cache.get("a").error().code, Errc::stopped);
}

// On the thread of the program, too: elsewhere the same completion runs on the node's.
TEST_F(OwnThreads, ACompletionIsToldTheSame) {
    start();
    ASSERT_TRUE(names_.get("a"));
    std::optional<Error> error;

    names_.get("a", [&](const Result<Lookup<int>>&) { error = names_.get("a").error(); });

    expect_refused(error.value(), "get names");
    EXPECT_TRUE(names_.get("a")) << "the thread is the program's again";
}

TEST_F(OwnThreads, ALoaderThatDoesNotWaitMayReadAnotherCache) {
    auto declared = options("greetings");
    declared.load = [this](const std::string& key, const LoadContext& context,
                           Completion<Loaded<int>> done) {
        names_.get(key, {.deadline = context.remaining()},
                   [done = std::move(done)](const Result<Lookup<int>>& name) mutable {
                       if (!name) return done(fail(name.error()));
                       done(**name + 10);
                   });
    };
    const auto cache = node_->coherent<std::string, int>(std::move(declared));
    start();

    EXPECT_EQ(**cache.get("missing there"), 11);
    ASSERT_TRUE(names_.get("there"));
    EXPECT_EQ(**cache.get("there"), 11);
}

TEST_F(OwnThreads, AReaderWhoReadsAgainWhenHeIsAnsweredIsNotCalledEverDeeper) {
    constexpr int many = 100'000;
    start();
    ASSERT_TRUE(names_.get("a"));
    int answers = 0;
    int inside = 0;
    std::function<void()> next = [&] {
        names_.get("a", [&](const Result<Lookup<int>>&) {
            EXPECT_EQ(inside++, 0);
            if (++answers < many) next();
            --inside;
        });
    };

    next();

    EXPECT_EQ(answers, many);
}

TEST_F(OwnThreads, ACompletionThatThrowsKeepsNoOtherFromBeingCalled) {
    start();
    ASSERT_TRUE(names_.get("a"));
    int called = 0;

    names_.get("a", [&](const Result<Lookup<int>>&) {
        for (int i = 0; i < 3; ++i) {
            names_.get("a", [&](const Result<Lookup<int>>&) {
                ++called;
                throw std::runtime_error("of the program");
            });
        }
    });

    EXPECT_EQ(called, 3);
}

TEST_F(OwnThreads, WhatAPutOffCompletionThrowsIsLoggedUnderItsOwnCache) {
    std::vector<std::string> log;
    const auto node =
        Node::create({.name = "node",
                      .log = [&](LogLevel, std::string_view line) { log.emplace_back(line); }})
            .value();
    const Cache outer = node->coherent<std::string, int>(options("outer"));
    const Cache inner = node->coherent<std::string, int>(options("inner"));
    ASSERT_TRUE(node->start());
    ASSERT_TRUE(outer.get("a"));
    ASSERT_TRUE(inner.get("a"));
    const auto thrower = [](const auto&) { throw std::runtime_error("of the program"); };

    outer.get("a", [&](const Result<Lookup<int>>&) {
        inner.get("a", thrower);
        inner.invalidate("b", thrower);
    });
    ASSERT_TRUE(node->stop().complete());

    EXPECT_THAT(
        log, ::testing::ElementsAre("cache inner: completion: completion threw: of the program"));
}

TEST_F(OwnThreads, NorIsOneWhoTriesAgainWhenHeIsRefused) {
    constexpr int many = 100'000;
    int refused = 0;
    std::function<void()> again = [&] {
        names_.get("a", [&](const Result<Lookup<int>>& answer) {
            EXPECT_EQ(answer.error().code, Errc::not_started);
            if (++refused < many) again();
        });
    };

    again();

    EXPECT_EQ(refused, many);
}

}  // namespace
}  // namespace tutti
