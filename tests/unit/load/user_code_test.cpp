// Functions, keys and values of the user's: whatever they throw, and whatever they call from
// within, the cache goes on.
#include <functional>
#include <string>
#include <vector>

#include "unit/load/cache_fixture.hpp"

namespace tutti {

// A key whose text cannot always be told.
struct Fickle {
    std::string name;
};
template <>
struct KeyText<Fickle> {
    static std::string text(const Fickle& key) {
        if (key.name.empty()) throw 42;
        return key.name;
    }
};

}  // namespace tutti

namespace tutti::testing {
namespace {

// Calls `on_death` when the last copy goes, wherever that is.
struct Witness {
    std::shared_ptr<void> life;
};
Witness dying(std::function<void()> on_death) {
    return {std::shared_ptr<void>(new int(0), [on_death = std::move(on_death)](void* number) {
        delete static_cast<int*>(number);
        on_death();
    })};
}

class UserCode : public ::testing::Test {
protected:
    ~UserCode() override {
        if (core_) core_->close();
        executor_.run_ready();
    }

    template <class K, class V>
    CacheOptions<K, V> options() {
        return {.name = "things",
                .caches = "things",
                .stale = Stale::wrong,
                .ttl = 30s,
                .bound = bytes(2000),
                .weigh = [](const V&) { return 10U; },
                .channel = "things"};
    }
    template <class K, class V>
    Coherent<K, V> open(CacheOptions<K, V> options) {
        core_ = std::make_shared<CacheCore>(
            detail::untyped(std::move(options)),
            LoadEnvironment{
                .clock = &clock_,
                .executor = tests::unowned<Executor>(executor_),
                .workers = tests::unowned<Workers>(workers_),
                .log = Log([this](LogLevel, std::string_view line) { log_.emplace_back(line); },
                           clock_)},
            CacheCore::Coherence{});
        core_->open();
        return Coherent<K, V>(core_);
    }
    // As many reads of the cache as its lock allows: a call from under it would never return.
    std::function<void()> calls_back() {
        return [this] {
            ++called_back_;
            if (!core_) return;
            (void)core_->hit("another", Duration::max());
            (void)core_->counters();
            core_->load("missing", std::make_shared<const std::string>("missing"), {.deadline = 1s},
                        [](const Result<detail::RawLookup>&) {});
        };
    }

    ManualClock clock_;
    ManualExecutor executor_{clock_};
    TestWorkers workers_{executor_};
    std::shared_ptr<CacheCore> core_;
    std::vector<std::string> log_;
    int called_back_ = 0;
};

TEST_F(UserCode, AWeigherMayCallTheCache) {
    auto declared = options<std::string, int>();
    std::function<void()> inside = calls_back();
    declared.weigh = [&](const int&) -> std::size_t {
        if (std::exchange(inside, nullptr)) calls_back()();
        return 10;
    };
    declared.load = [](const std::string&, LoadContext&) { return 7; };
    const auto cache = open(std::move(declared));

    cache.get("a", [](const Result<Lookup<int>>&) {});
    executor_.run_ready();

    EXPECT_EQ(called_back_, 1);
}

TEST_F(UserCode, ValuesThatLeaveInAnyWayMayCallTheCacheWhenTheyDie) {
    auto declared = options<std::string, Witness>();
    declared.stale_if_error = StaleIfError{.for_up_to = 1min};
    declared.load = [this](const std::string&, LoadContext&) { return dying(calls_back()); };
    const auto cache = open(std::move(declared));
    const auto read = [&](const std::string& key) {
        cache.get(key, [](const Result<Lookup<Witness>>&) {});
        executor_.run_ready();
    };

    read("invalidated");
    cache.invalidate("invalidated", [](const Invalidation&) {});
    EXPECT_EQ(called_back_, 1);

    read("replaced");
    cache.refresh("replaced", [](const Result<Lookup<Witness>>&) {});
    executor_.run_ready();
    EXPECT_GE(called_back_, 2);

    const int before = called_back_;
    for (int i = 0; i < 20; ++i) read("evicted " + std::to_string(i));
    EXPECT_GT(called_back_, before);

    const int flushed = called_back_;
    cache.invalidate_all({}, [](const Invalidation&) {});
    executor_.run_ready();
    EXPECT_GT(called_back_, flushed);

    read("expired");
    const int expired = called_back_;
    clock_.advance(2min);
    read("expired");
    EXPECT_GT(called_back_, expired);

    const int closed = called_back_;
    core_->close();
    EXPECT_GT(called_back_, closed) << "a handle that outlives its node holds no values";
}

TEST_F(UserCode, AKeyOfAReaderThatJoinedMayCallTheCacheWhenItDies) {
    struct Key {
        std::shared_ptr<void> life;
        [[nodiscard]] std::string key_text() const { return "one"; }
    };
    auto declared = options<Key, int>();
    std::vector<Completion<Loaded<int>>> loads;
    declared.load = [&](const Key&, LoadContext, Completion<Loaded<int>> done) {
        loads.push_back(std::move(done));
    };
    const auto cache = open(std::move(declared));
    const auto ignore = [](const Result<Lookup<int>>&) {};

    cache.get(Key{}, ignore);
    cache.get(Key{dying(calls_back()).life}, ignore);

    EXPECT_EQ(called_back_, 1);
    core_->close();
    loads.clear();
}

TEST_F(UserCode, WhateverFunctionsThrowIsAnErrorOrALine) {
    const auto of = [&](auto change) {
        auto declared = options<std::string, int>();
        declared.load = [](const std::string&, LoadContext&) { return 7; };
        change(declared);
        const auto cache = open(std::move(declared));
        Result<Lookup<int>> answer = fail(Errc::timeout, "not answered");
        cache.get("a", [&](Result<Lookup<int>> given) { answer = std::move(given); });
        executor_.run_ready();
        core_->close();
        return answer ? std::string("value") : answer.error().message();
    };
    using Declared = CacheOptions<std::string, int>;

    EXPECT_EQ(
        of([](Declared& o) { o.load = [](const std::string&, LoadContext&) -> int { throw 42; }; }),
        "load things: load failed: load threw something that is no std::exception");
    EXPECT_EQ(of([](Declared& o) {
                  o.load = [](const std::string&, LoadContext, Completion<Loaded<int>>) {
                      throw 42;
                  };
              }),
              "load things: load failed: load threw something that is no std::exception");
    EXPECT_TRUE(log_.empty());
    EXPECT_EQ(of([](Declared& o) { o.admit = [](const int&) -> bool { throw 42; }; }),
              "load things: load failed: admit threw something that is no std::exception");
    EXPECT_EQ(of([](Declared& o) { o.weigh = [](const int&) -> std::size_t { throw 42; }; }),
              "value");
    EXPECT_EQ(of([](Declared& o) {
                  o.load = [](const std::string&, LoadContext&) -> Result<int> {
                      return fail(Errc::unavailable, "down");
                  };
                  o.stale_if_error = StaleIfError{
                      .for_up_to = 1h, .transient = [](const Error&) -> bool { throw 42; }};
              }),
              "load things: unavailable");
    const auto line = [](const std::string& option) {
        return "cache things: " + option + ": " + option +
               " threw something that is no std::exception";
    };
    EXPECT_EQ(log_, (std::vector{line("admit"), line("weigh"), line("stale_if_error.transient")}));
}

TEST_F(UserCode, ACompletionThatThrowsIsALineAndKeepsNobodyElseWaiting) {
    auto declared = options<std::string, int>();
    declared.load = [](const std::string&, LoadContext&) { return 7; };
    const auto cache = open(std::move(declared));
    const auto thrower = [](const Result<Lookup<int>>&) { throw 42; };
    int answered = 0;

    cache.get("a", thrower);
    cache.get("a", [&](const Result<Lookup<int>>&) { ++answered; });
    executor_.run_ready();
    EXPECT_EQ(log_.size(), 1U);
    clock_.advance(1min);
    cache.get("b", thrower);
    executor_.run_ready();
    cache.get("b", thrower);  // a hit: within the call
    EXPECT_EQ(log_.size(), 2U) << "one line a minute";
    clock_.advance(1min);
    cache.invalidate("a", [](const Invalidation&) { throw 42; });

    EXPECT_EQ(answered, 1);
    const std::string line =
        "cache things: completion: completion threw something that is no std::exception";
    ASSERT_EQ(log_.size(), 3U);
    EXPECT_EQ(log_.front(), line);
    EXPECT_EQ(log_.back(), line + " (and 1 such lines before it were left out)");
}

TEST_F(UserCode, AKeyWithoutATextIsAnErrorOfItsCall) {
    auto declared = options<Fickle, int>();
    declared.load = [](const Fickle&, LoadContext&) { return 7; };
    const auto cache = open(std::move(declared));
    const Fickle nameless{};
    std::string answers;
    const auto note = [&](const Result<Lookup<int>>& given) {
        answers += std::string(to_string(given.error().code)) + "; ";
    };

    EXPECT_EQ(cache.get(nameless).error().message(),
              "get things: invalid option: KeyText threw something that is no std::exception");
    EXPECT_EQ(cache.refresh(nameless).error().code, Errc::invalid_option);
    EXPECT_EQ(cache.offer(nameless, 1).error().code, Errc::invalid_option);
    cache.get(nameless, note);
    cache.refresh(nameless, note);
    EXPECT_EQ(answers, "invalid option; invalid option; ");
    const Invalidation outcome = cache.invalidate(nameless);
    EXPECT_FALSE(outcome.published());
    EXPECT_TRUE(outcome.reason.starts_with("nothing was invalidated: ")) << outcome.reason;
}

TEST_F(UserCode, ALogThatCallsTheCacheDoesNotStopIt) {
    auto declared = options<std::string, int>();
    declared.load = [](const std::string&, LoadContext&) { return 7; };
    declared.weigh = [](const int&) -> std::size_t { throw 42; };
    core_ = std::make_shared<CacheCore>(
        detail::untyped(std::move(declared)),
        LoadEnvironment{.clock = &clock_,
                        .executor = tests::unowned<Executor>(executor_),
                        .workers = tests::unowned<Workers>(workers_),
                        .log = Log([call = calls_back()](LogLevel, std::string_view) { call(); })},
        CacheCore::Coherence{});
    core_->open();

    Coherent<std::string, int>(core_).get("a", [](const Result<Lookup<int>>&) {});
    executor_.run_ready();

    EXPECT_GE(called_back_, 1);
}

TEST_F(UserCode, AfterEverythingWasInvalidatedNothingIsCounted) {
    auto declared = options<std::string, int>();
    declared.bound = entries(10);
    declared.weigh = nullptr;
    declared.load = [](const std::string&, LoadContext&) { return 7; };
    const auto cache = open(std::move(declared));
    const auto read_ten = [&](int from) {
        for (int i = from; i < from + 10; ++i) {
            cache.get(std::to_string(i), [](const Result<Lookup<int>>&) {});
            executor_.run_ready();
        }
    };
    read_ten(0);
    EXPECT_EQ(core_->counters().entries, 10U);

    cache.invalidate_all({}, [](const Invalidation&) {});
    EXPECT_EQ(core_->counters().entries, 0U);
    read_ten(10);

    EXPECT_EQ(core_->counters().entries, 10U);
    EXPECT_EQ(core_->counters().evictions, 0U);
}

TEST_F(UserCode, SoManyEntriesAreNotDestroyedOnTheThreadThatDropsThem) {
    auto declared = options<int, int>();
    declared.bound = entries(20'000);
    declared.weigh = nullptr;
    declared.load = [](const int&, LoadContext&) { return 7; };
    const auto cache = open(std::move(declared));
    for (int i = 0; i < 20'000; ++i) cache.get(i, [](const Result<Lookup<int>>&) {});
    executor_.run_ready();

    core_->flush();

    EXPECT_EQ(core_->counters().entries, 0U);
    EXPECT_EQ(executor_.posted_count(), 1U) << "a worker has them";
}

}  // namespace
}  // namespace tutti::testing
