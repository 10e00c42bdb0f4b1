// A cache whose loads answer when the test says so, on a clock that stands still.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/validator.hpp"
#include "load/cache_core.hpp"
#include "support/unowned.hpp"
#include "test_workers.hpp"
#include "tutti/cache.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::testing {

using namespace std::chrono_literals;

class CacheTest : public ::testing::Test {
protected:
    struct Load {
        std::string key;
        Completion<Loaded<int>> done;
    };
    // What a read has come to; empty while it waits.
    using Answer = std::shared_ptr<std::optional<Result<Lookup<int>>>>;

    ~CacheTest() override {
        if (core_) core_->close();
        executor_.run_ready();
        EXPECT_EQ(executor_.timer_count(), 0U) << "a timer outlived what it was for";
    }

    CacheOptions<std::string, int> options() {
        return {
            .name = "numbers",
            .caches = "numbers",
            .stale = Stale::wrong,
            .ttl = 30s,
            .bound = entries(100),
            .load = [this](
                        const std::string& key, LoadContext,
                        Completion<Loaded<int>> done) { loads_.push_back({key, std::move(done)}); },
            .channel = "numbers",
        };
    }

    void open(CacheOptions<std::string, int> options, std::weak_ptr<Validator> validator = {}) {
        lease_->extend(clock_.now(), clock_.now() + 1h);
        core_ = std::make_shared<CacheCore>(
            detail::untyped(std::move(options)),
            LoadEnvironment{.clock = &clock_,
                            .executor = tests::unowned<Executor>(executor_),
                            .workers = tests::unowned<Workers>(workers_),
                            .log = {}},
            CacheCore::Coherence{.lease = lease_, .validator = std::move(validator)});
        core_->open();
        cache_.emplace(core_);
    }

    Answer read(const std::string& key, GetOptions how = {}) {
        auto answer = std::make_shared<std::optional<Result<Lookup<int>>>>();
        cache_->get(key, how, [answer](Result<Lookup<int>> given) { answer->emplace(given); });
        return answer;
    }

    // Ends the n-th load that was started.
    void finish(std::size_t load, Result<Loaded<int>> with) {
        std::exchange(loads_.at(load).done, nullptr)(std::move(with));
        executor_.run_ready();
    }

    // Puts a value into memory by a read.
    void fill(const std::string& key, int value) {
        const auto answer = read(key);
        finish(loads_.size() - 1, value);
        ASSERT_TRUE(answer->has_value());
    }

    static int value(const Answer& answer) {
        if (!answer->has_value() || !(*answer)->has_value()) return -1;
        return *(*answer)->value();
    }
    static Tier tier(const Answer& answer) { return (*answer)->value().tier(); }
    static Errc error(const Answer& answer) { return (*answer)->error().code; }

    void lapse_lease() { lease_->end_now(); }
    void renew_lease() { lease_->extend(clock_.now(), clock_.now() + 1h); }

    ManualClock clock_;
    ManualExecutor executor_{clock_};
    TestWorkers workers_{executor_};
    std::shared_ptr<Lease> lease_ = std::make_shared<Lease>();
    std::vector<Load> loads_;
    std::shared_ptr<CacheCore> core_;
    std::optional<Coherent<std::string, int>> cache_;
};

}  // namespace tutti::testing
