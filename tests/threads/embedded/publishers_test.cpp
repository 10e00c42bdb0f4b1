#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "unit/embedded/embedded_fixture.hpp"

namespace tutti::embedded {
namespace {

TEST_F(EmbeddedTest, PublishersOnManyThreadsAreHeardByAllInOneOrder) {
    const auto hub = EmbeddedHub::create({.seed = 1, .clock = clock});
    Listener listener;
    Listener other;
    EmbeddedBus bus(hub, executor, clock);
    EmbeddedBus second(hub, executor, clock);
    bus.subscribe({{.channel = "c"}}, listener);
    second.subscribe({{.channel = "c"}}, other);
    executor.run_ready();

    {
        std::vector<std::jthread> publishers;
        for (int i = 0; i < 4; ++i) {
            publishers.emplace_back([&] {
                EmbeddedBus own(hub, executor, clock);
                for (int n = 0; n < 250; ++n) {
                    own.publish(publication({"a"}), whenever, [](auto) {});
                }
            });
        }
    }
    executor.run_ready();

    ASSERT_EQ(listener.entries.size(), 1000U);
    EXPECT_EQ(listener.heard, other.heard);
    for (std::size_t i = 1; i < listener.entries.size(); ++i) {
        ASSERT_EQ(listener.entries[i].previous, listener.entries[i - 1].position.chain);
    }
}

}  // namespace
}  // namespace tutti::embedded
