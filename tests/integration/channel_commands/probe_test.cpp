// `tutti probe` on a real server: two real nodes that are asked as their processes would answer,
// and the wire of one of them can be cut. A lease is long enough for a slow machine to ask within
// it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "support/redis_server.hpp"
#include "support/tcp_proxy.hpp"
#include "tutti/clock.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Probe : public ::testing::Test {
protected:
    using Cache = tutti::Coherent<std::string, int>;

    static constexpr tutti::Duration lease = 4s;
    // What is promised: `lease` with 20 % and 50 ms.
    static constexpr const char* beyond_the_lease = "5s";

    struct Instance {
        std::unique_ptr<tutti::Node> node = nullptr;
        std::optional<Cache> cache = std::nullopt;
    };
    struct Probed {
        int code = 0;
        std::string out;
        std::string err;
    };

    void SetUp() override {
        // Its invalidations are published however busy the machine is; the wire of the other is
        // cut.
        instances_[0] = instance("web-1", server_.port(), eventually_within);
        instances_[1] = instance("web-2", wire_.port(), 1s);
        for (const Instance& each : instances_) read(each, "a");
    }
    static Instance instance(const std::string& name, std::uint16_t port,
                             tutti::Duration command_deadline) {
        Instance made{.node =
                          tutti::Node::create({.name = name,
                                               .redis = "redis://127.0.0.1:" + std::to_string(port),
                                               .app = "shop",
                                               .lease = lease,
                                               .command_deadline = command_deadline})
                              .value()};
        made.cache = made.node->coherent(tutti::CacheOptions<std::string, int>{
            .name = "numbers",
            .caches = "numbers",
            .stale = tutti::Stale::wrong,
            .ttl = 1h,
            .bound = tutti::entries(100),
            .load = [](const std::string&, tutti::LoadContext&) { return 1; },
            .channel = "cache:numbers"});
        const auto started = made.node->start(40s);
        if (!started) ADD_FAILURE() << started.error().message();
        return made;
    }
    static void expect_published(const tutti::Invalidation& told) {
        EXPECT_TRUE(told.published()) << told.reason;
    }
    void invalidate() {
        expect_published(instances_[0].cache->invalidate("a", {.deadline = eventually_within}));
    }
    static void read(const Instance& from, const std::string& key) {
        EXPECT_TRUE(from.cache->get(key, {.deadline = 40s}));
    }

    // As GET /holdings of http://web-1 is answered.
    tutti::Result<std::string> fetch(const std::string& url) {
        constexpr std::string_view question = "/holdings?channel=cache%3Anumbers&key=";
        for (const Instance& each : instances_) {
            const std::string begin = "http://" + (*each.node).inventory().front().node;
            if (!url.starts_with(begin + std::string(question))) continue;
            const std::string key = url.substr(begin.size() + question.size());
            if (key == "a" && on_question_) on_question_(++questions_);
            if (begin == "http://web-2" && web_2_is_silent_) break;
            return tutti::to_json(each.node->holdings("cache:numbers", key));
        }
        return tutti::fail(tutti::Errc::timeout, "http GET", "no answer");
    }
    // Follows one invalidation, and patiently.
    std::future<Probed> probe(const std::vector<std::string>& more,
                              const std::string& lasts = "60s", const std::string& samples = "1") {
        std::vector<std::string> words{"probe", "-",   "cache:numbers", "--samples", samples,
                                       "--for", lasts, "--patience",    "1m",        "--timeout",
                                       "30s"};
        words.insert(words.end(), more.begin(), more.end());
        return std::async(std::launch::async, [this, words = std::move(words)] {
            std::ostringstream out;
            std::ostringstream err;
            const int code = tutti::cli::run(
                words, out, err,
                {.catalogue = {},
                 .document = {},
                 .fetch = [this](const std::string& url, tutti::Duration) { return fetch(url); },
                 .redis_url = "redis://127.0.0.1:" + std::to_string(probes_wire_.port()),
                 .app = "shop",
                 .clock = clock_,
                 .wait = [](tutti::Duration pause) { std::this_thread::sleep_for(pause); },
                 .interrupted = [this] { return interrupted_.load(); },
                 .diagnose = {}});
            return Probed{.code = code, .out = out.str(), .err = err.str()};
        });
    }
    // Of a probe that may not have begun yet: so changes go on.
    Probed with_changes(std::future<Probed> probing) {
        while (probing.wait_for(50ms) != std::future_status::ready) {
            invalidate();
        }
        return probing.get();
    }

    RedisServer server_;
    TcpProxy wire_{server_.port()};
    TcpProxy probes_wire_{server_.port()};
    std::array<Instance, 2> instances_;
    std::atomic<bool> web_2_is_silent_ = false;
    std::function<void(int)> on_question_;  // the first about a sample, and so on, of any instance
    std::atomic<int> questions_ = 0;
    std::atomic<bool> interrupted_ = false;
    const tutti::Clock* clock_ = &tutti::system_clock();
};

// Sixty times as fast as the machine's.
struct Hasty final : tutti::Clock {
    [[nodiscard]] tutti::TimePoint now() const noexcept override {
        return begin + 60 * (tutti::Boottime::now() - begin);
    }
    tutti::TimePoint begin = tutti::Boottime::now();
};

TEST_F(Probe, WhatEveryInstanceHasAppliedIsHeldByNone) {
    const Probed probed =
        with_changes(probe({"web-1", "web-2", "--within", beyond_the_lease, "--within", "4s"}));

    EXPECT_EQ(probed.code, 0) << probed.out << probed.err;
    EXPECT_THAT(probed.out, AllOf(HasSubstr("2 processes asked; "), HasSubstr(", 1 followed"),
                                  HasSubstr("within 4000 ms: 1 samples, 0 older, 0 unknown"),
                                  HasSubstr("within 5000 ms: 1 samples, 0 older, 0 unknown"),
                                  HasSubstr("in no sample an instance had the key"),
                                  Not(HasSubstr("not known"))));
}

TEST_F(Probe, AnInstanceThatIsCutOffServesTheOldValueUntilItsLeaseEnds) {
    wire_.cut();
    auto within_the_lease = probe({"web-1", "web-2", "--within", "200ms", "--json"});

    const Probed both =
        with_changes(probe({"web-1", "web-2", "--within", "200ms", "--within", beyond_the_lease}));

    EXPECT_EQ(both.code, 0) << "late, and within the promise\n" << both.out << both.err;
    EXPECT_THAT(both.out,
                AllOf(HasSubstr("within 200 ms: 1 samples, 1 older, 0 unknown"),
                      HasSubstr("within 5000 ms: 1 samples, 0 older, 0 unknown"),
                      HasSubstr("'a' (sequence "), HasSubstr("'web-2' at 'http://web-2' has it in"),
                      HasSubstr("it has not said that it has applied the invalidation")));
    const Probed alone = within_the_lease.get();
    EXPECT_EQ(alone.code, 1) << alone.out << alone.err;
    EXPECT_THAT(alone.out,
                AllOf(StartsWith(R"({"server":"redis://127.0.0.1:)"),
                      HasSubstr(R"("within":[{"withinMs":200,"samples":1,"older":1,"unknown":0,)"),
                      HasSubstr(R"("older":[{"key":"a",)"), HasSubstr(R"("node":"web-2")"),
                      HasSubstr(R"("applied":false)")));
}

TEST_F(Probe, WhatWasLoadedAfterwardsIsNotOlder) {
    auto probing = probe({"web-1", "web-2", "--within", beyond_the_lease});
    while (probing.wait_for(20ms) != std::future_status::ready) {
        invalidate();
        for (const Instance& each : instances_) read(each, "a");
    }

    const Probed probed = probing.get();
    EXPECT_EQ(probed.code, 0) << probed.out << probed.err;
    EXPECT_THAT(probed.out,
                AllOf(HasSubstr("in 1 an instance had the key\n"), Not(HasSubstr("no sample"))));
}

TEST_F(Probe, AProcessThatDoesNotAnswerAtFirstIsToldBeforeAnythingIsFollowed) {
    web_2_is_silent_ = true;

    const Probed probed = probe({"web-1", "web-2", "nowhere"}, "1h").get();

    EXPECT_EQ(probed.code, 2);
    EXPECT_THAT(probed.out, IsEmpty());
    EXPECT_THAT(probed.err,
                AllOf(HasSubstr("'http://web-2' does not answer: http GET: timeout: no answer"),
                      HasSubstr("'http://nowhere' does not answer"), Not(HasSubstr("web-1"))));
}

TEST_F(Probe, AProcessThatDoesNotAnswerIsNotKnown) {
    on_question_ = [&](int) { web_2_is_silent_ = true; };

    const Probed probed = with_changes(probe({"web-1", "web-2", "--within", "100ms"}));

    EXPECT_EQ(probed.code, 2);
    EXPECT_THAT(probed.out,
                AllOf(HasSubstr("within 100 ms: 1 samples, 0 older, 1 unknown: too many"),
                      HasSubstr("'http://web-2', 1 time: http GET: timeout: no answer"),
                      HasSubstr("for which no process has answered")));
}

TEST_F(Probe, AnInstanceThatWasForgottenIsNotKnown) {
    const Probed probed = with_changes(probe({"web-1", "--within", "100ms"}));

    EXPECT_EQ(probed.code, 2);
    EXPECT_THAT(probed.out, AllOf(HasSubstr("1 unknown"), HasSubstr("'web-2"),
                                  HasSubstr("a member of the channel")));
    EXPECT_THAT(probed.err, AllOf(HasSubstr("probe: 'web-2"), HasSubstr("name its address, too")));
}

TEST_F(Probe, AServerThatHangsHoldsUpNoQuestion) {
    std::promise<void> asked_again;
    on_question_ = [&](int number) {
        if (number == 1) probes_wire_.cut();
        if (number == 3) asked_again.set_value();  // two instances were asked before
    };
    auto probing = probe({"web-1", "web-2", "--within", "100ms", "--within", "2s"});

    auto again = asked_again.get_future();
    while (again.wait_for(50ms) != std::future_status::ready &&
           probing.wait_for(0s) != std::future_status::ready) {
        invalidate();
    }
    probes_wire_.heal();

    const Probed probed = probing.get();
    EXPECT_EQ(probed.code, 0) << probed.out << probed.err;
    EXPECT_THAT(probed.err, IsEmpty()) << "the server answered in time, and the instances before";
}

TEST_F(Probe, WhoWasAMemberInAnotherEpochIsNotKnown) {
    // While the first question is asked, and long before the server is asked for the second one.
    on_question_ = [&](int number) {
        if (number == 1) server_.command({"FLUSHALL"});
    };
    auto probing = probe({"web-1", "web-2", "--within", "100ms", "--within", "2s"});
    while (probing.wait_for(50ms) != std::future_status::ready) {
        (void)instances_[0].cache->invalidate("a");
    }

    const Probed probed = probing.get();
    EXPECT_EQ(probed.code, 2) << probed.out << probed.err;
    EXPECT_THAT(probed.out, AllOf(HasSubstr("1 unknown"), HasSubstr("another epoch")));
}

TEST_F(Probe, OfALogThatIsBrokenNothingIsASample) {
    const std::string channel = "tutti:{shop/0/cache:numbers}";
    auto probing = probe({"web-1", "web-2", "--within", "20ms"}, "3s");
    while (probing.wait_for(20ms) != std::future_status::ready) {
        const std::string next = server_.command({"HINCRBY", channel + ":m", "s", "1"});
        server_.command({"XADD", channel + ":log", next + "-0", "not", "one"});
    }

    const Probed probed = probing.get();
    EXPECT_EQ(probed.code, 2) << probed.out;
    EXPECT_THAT(probed.err, HasSubstr("stands what is no entry"));
}

TEST_F(Probe, AnEndThatTheUserAsksForShowsWhatIsKnown) {
    on_question_ = [&](int number) { interrupted_ = number == 2; };

    const Probed probed =
        with_changes(probe({"web-1", "web-2", "--within", "100ms", "--within", "1h"}));

    EXPECT_THAT(probed.out, AllOf(HasSubstr(", 1 followed"),
                                  HasSubstr("within 3600000 ms: 0 samples, 0 older, 0 unknown")));
}

TEST_F(Probe, ALongOneSaysHowFarItIs) {
    const Hasty clock;
    clock_ = &clock;

    const Probed probed = probe({"web-1", "web-2"}, "130s").get();

    EXPECT_THAT(probed.err, AllOf(HasSubstr("so far\n  2 processes asked; 0 invalidations"),
                                  HasSubstr("within 10000 ms: 0 samples")));
}

TEST_F(Probe, WhatWasPublishedWhileNobodyLookedIsCounted) {
    on_question_ = [&](int number) {
        if (number == 1) probes_wire_.cut();
    };
    auto probing = probe({"web-1", "web-2", "--within", "100ms", "--rate", "1"}, "20s", "2");
    while (questions_ == 0 && probing.wait_for(20ms) != std::future_status::ready) {
        invalidate();
    }
    for (int times = 0; times < 30; ++times) {
        invalidate();
        probing.wait_for(20ms);
    }
    probes_wire_.heal();

    const Probed probed = with_changes(std::move(probing));
    EXPECT_THAT(probed.out, Not(HasSubstr(" 0 could not be followed"))) << probed.out;
}

TEST_F(Probe, WithoutAnInvalidationNothingIsKnown) {
    const Probed probed = probe({"web-1", "web-2", "--within", "1ms"}, "1s").get();

    EXPECT_EQ(probed.code, 2);
    EXPECT_THAT(probed.out, HasSubstr("0 invalidations of keys, 0 followed"));
    EXPECT_THAT(probed.err, HasSubstr("nothing is known"));
}

TEST_F(Probe, WhatIsNotOfAKeyIsNotFollowed) {
    auto probing = probe({"web-1", "web-2", "--within", "1ms"}, "1s");
    while (probing.wait_for(20ms) != std::future_status::ready) {
        expect_published(instances_[0].cache->invalidate_all({.deadline = eventually_within}));
    }

    EXPECT_THAT(probing.get().out, HasSubstr("0 invalidations of keys, 0 followed"));
}

TEST_F(Probe, AChannelThatNobodyUsesIsAMistake) {
    const Probed probed = probe({"web-1", "--app", "other"}).get();

    EXPECT_EQ(probed.code, 2);
    EXPECT_THAT(probed.err, HasSubstr("has used the channel 'cache:numbers' here"));
    EXPECT_THAT(probed.out, IsEmpty());
}

}  // namespace
}  // namespace tests
