// What a load takes along from the thread of its reader to that of its loader.
#include <memory>
#include <string>
#include <vector>

#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

class Carry : public CacheTest {
protected:
    // As a trace's context is: what the present thread works for.
    void open_carrying(CacheOptions<std::string, int> options) {
        lease_->extend(clock_.now(), clock_.now() + 1h);
        core_ = std::make_shared<CacheCore>(
            detail::untyped(std::move(options)),
            LoadEnvironment{.clock = &clock_,
                            .executor = tests::unowned<Executor>(executor_),
                            .workers = tests::unowned<Workers>(workers_),
                            .carry = [this] { return carry(); },
                            .log = {}},
            CacheCore::Coherence{.lease = lease_});
        core_->open();
        cache_.emplace(core_);
    }
    std::function<std::shared_ptr<void>()> carry() {
        return [this, from = present_] {
            present_ = from;
            return std::shared_ptr<void>(nullptr, [this](void*) { present_ = "none"; });
        };
    }
    CacheOptions<std::string, int> blocking() {
        auto blocking = options();
        blocking.load = [this](const std::string& key, LoadContext&) -> Result<Loaded<int>> {
            loaded_.push_back(key + " for " + present_);
            return 1;
        };
        return blocking;
    }

    std::string present_ = "none";
    std::vector<std::string> loaded_;
};

TEST_F(Carry, TheLoaderRunsInWhatTheReaderWasIn) {
    open_carrying(blocking());
    workers_.hold = true;

    present_ = "message 1";
    const auto answer = read("a");
    present_ = "none";
    workers_.release();
    executor_.run_ready();

    EXPECT_EQ(loaded_, std::vector<std::string>{"a for message 1"});
    EXPECT_EQ(present_, "none") << "it is left when the loader has returned";
    EXPECT_EQ(value(answer), 1);
}

TEST_F(Carry, AReaderThatJoinsTakesNothingAlong) {
    open_carrying(blocking());
    workers_.hold = true;

    present_ = "message 1";
    const auto first = read("a");
    present_ = "message 2";
    const auto second = read("a");
    workers_.release();
    executor_.run_ready();

    EXPECT_EQ(loaded_, std::vector<std::string>{"a for message 1"});
    EXPECT_EQ(value(second), 1);
}

TEST_F(Carry, AnAsynchronousLoaderBeginsInIt) {
    auto asynchronous = options();
    asynchronous.load = [this](const std::string& key, LoadContext, Completion<Loaded<int>> done) {
        loaded_.push_back(key + " for " + present_);
        done(Loaded<int>(1));
    };
    open_carrying(std::move(asynchronous));

    present_ = "message 1";
    const auto answer = read("a");

    EXPECT_EQ(loaded_, std::vector<std::string>{"a for message 1"});
    EXPECT_EQ(value(answer), 1);
}

TEST_F(Carry, WhatItThrowsFailsNoLoad) {
    lease_->extend(clock_.now(), clock_.now() + 1h);
    core_ = std::make_shared<CacheCore>(
        detail::untyped(blocking()),
        LoadEnvironment{.clock = &clock_,
                        .executor = tests::unowned<Executor>(executor_),
                        .workers = tests::unowned<Workers>(workers_),
                        .carry = []() -> std::function<std::shared_ptr<void>()> { throw 1; },
                        .log = {}},
        CacheCore::Coherence{.lease = lease_});
    core_->open();
    cache_.emplace(core_);

    const auto answer = read("a");
    executor_.run_ready();

    EXPECT_EQ(value(answer), 1);
}

}  // namespace
}  // namespace tutti::testing
