// Spans on their way to a collector that answers, refuses or hangs.
#include "common/tracing/exporter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tutti/error.hpp"

namespace tutti::services::tracing {
namespace {

using namespace std::chrono_literals;

process::SpanRecord span() { return {.context = process::TraceContext::begin(), .name = "a span"}; }

struct Collector {
    Exporter::Send send() {
        return [this](const std::string& body) -> Result<void> {
            ++calls;
            (void)body;
            if (until_released) released.get_future().wait();
            if (refuses) return fail(Errc::refused, "send traces", "not today");
            return {};
        };
    }

    std::atomic<int> calls = 0;
    std::atomic<bool> refuses = false;
    std::atomic<bool> until_released = false;
    std::promise<void> released;
};

TEST(Exporter, SendsWhatWaitsWhenItStopsInBatches) {
    Collector collector;
    Exporter exporter({.resource = {.service = "a", .instance = "b"},
                       .send = collector.send(),
                       .waiting_max = 100,
                       .batch_max = 50,
                       .every = 1h});
    for (int i = 0; i < 49; ++i) exporter.ended(span());

    exporter.stop();

    EXPECT_EQ(exporter.figures().exported, 49U);
    EXPECT_EQ(collector.calls, 1);
}

TEST(Exporter, ACollectorThatRefusesLosesSpansAndNothingElse) {
    Collector collector;
    collector.refuses = true;
    Exporter exporter({.resource = {}, .send = collector.send(), .every = 1h});
    exporter.ended(span());

    exporter.stop();

    EXPECT_EQ(exporter.figures().lost, 1U);
    EXPECT_EQ(exporter.figures().exported, 0U);
}

TEST(Exporter, BehindACollectorThatHangsTheQueueIsBoundedAndDropsAreCounted) {
    Collector collector;
    collector.until_released = true;
    Exporter exporter(
        {.resource = {}, .send = collector.send(), .waiting_max = 10, .batch_max = 1, .every = 1h});
    exporter.ended(span());
    while (collector.calls == 0) std::this_thread::yield();  // it hangs now

    for (int i = 0; i < 1000; ++i) exporter.ended(span());

    EXPECT_EQ(exporter.figures().dropped, 990U);
    collector.until_released = false;
    collector.released.set_value();
    exporter.stop();
    EXPECT_EQ(exporter.figures().exported, 11U);
}

TEST(Exporter, AStopAsksACollectorThatRefusesOnce) {
    Collector collector;
    collector.refuses = true;
    Exporter exporter({.resource = {},
                       .send = collector.send(),
                       .waiting_max = 100,
                       .batch_max = 20,
                       .every = 1h});
    collector.until_released = true;
    for (int i = 0; i < 20; ++i) exporter.ended(span());
    while (collector.calls == 0) std::this_thread::yield();
    for (int i = 0; i < 60; ++i) exporter.ended(span());
    collector.until_released = false;
    std::thread releases([&] { collector.released.set_value(); });

    exporter.stop();

    releases.join();
    EXPECT_LE(collector.calls, 4);
    EXPECT_EQ(exporter.figures().lost, 80U);
}

TEST(Exporter, AfterItsStopSpansAreDropped) {
    Collector collector;
    Exporter exporter({.resource = {}, .send = collector.send(), .every = 1h});
    exporter.stop();

    exporter.ended(span());

    EXPECT_EQ(exporter.figures().dropped, 1U);
    EXPECT_EQ(collector.calls, 0);
}

TEST(Exporter, TakesSpansFromManyThreads) {
    Collector collector;
    Exporter exporter({.resource = {},
                       .send = collector.send(),
                       .waiting_max = 100'000,
                       .batch_max = 64,
                       .every = 1ms});
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 1000; ++n) exporter.ended(span());
            });
        }
    }

    exporter.stop();

    EXPECT_EQ(exporter.figures().exported, 4000U);
    EXPECT_EQ(exporter.figures().dropped, 0U);
}

}  // namespace
}  // namespace tutti::services::tracing
