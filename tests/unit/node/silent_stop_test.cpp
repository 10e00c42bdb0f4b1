// A node is stopped while its server says nothing any more.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/engine.hpp"
#include "support/unowned.hpp"
#include "tutti/detail/spec.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

// What is outstanding is answered when the connection is closed, inside that call, as Redis' is.
class SilentBus final : public testing::QuietBus {
public:
    void leave(std::string, std::string, TimePoint, Completion<void> done) override {
        leaving_.push_back(std::move(done));
    }
    void close() override {
        for (auto& done : std::exchange(leaving_, {})) done(fail(Errc::stopped, "leave", "closed"));
    }

private:
    std::vector<Completion<void>> leaving_;
};

TEST(SilentStop, IsDoneOnceThoughClosingAnswersWhatIsWaitedFor) {
    testing::ManualClock clock;
    testing::ManualExecutor executor{clock};
    const auto engine = std::make_shared<Engine>(
        NodeOptions{.name = "node"}, EngineParts{.store = nullptr,
                                                 .bus = std::make_shared<SilentBus>(),
                                                 .executor = tests::unowned<Executor>(executor),
                                                 .workers = nullptr,
                                                 .clock = &clock,
                                                 .member = "m"});
    (void)engine->declare(
        Pattern::coherent,
        detail::untyped(CacheOptions<std::string, int>{
            .name = "numbers",
            .caches = "numbers",
            .stale = Stale::wrong,
            .ttl = 30s,
            .bound = entries(10),
            .load = [](const std::string&, LoadContext, Completion<Loaded<int>> done) { done(1); },
            .channel = "numbers",
        }));
    engine->start(10s, [](const Result<void>&) {});
    executor.run_ready();

    int stopped = 0;
    engine->stop([&] { ++stopped; });
    executor.advance(1s);

    EXPECT_EQ(stopped, 1);
}

}  // namespace
}  // namespace tutti
