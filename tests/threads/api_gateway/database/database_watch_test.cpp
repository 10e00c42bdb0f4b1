#include "api-gateway/database/database_watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

namespace tutti::services::gateway::database {
namespace {

using namespace std::chrono_literals;
using State = DatabaseWatch::State;

Result<void> well() { return {}; }
Result<void> broken() { return fail(Errc::unavailable, "query", "disk full"); }

constexpr DatabaseWatch::Options patient{.kept_for = 1h, .silent_after = 1h};

TEST(DatabaseWatch, TellsReadsFromWrites) {
    EXPECT_EQ(DatabaseWatch({.read = well, .write = well}, patient).state(), State::well);
    EXPECT_EQ(DatabaseWatch({.read = well, .write = broken}, patient).state(),
              State::takes_no_writes);
    EXPECT_EQ(DatabaseWatch({.read = broken, .write = well}, patient).state(), State::silent);
}

TEST(DatabaseWatch, QueryThatThrowsIsADatabaseThatDoesNotAnswer) {
    DatabaseWatch watch(
        {.read = []() -> Result<void> { throw std::runtime_error("odd"); }, .write = well},
        patient);

    EXPECT_EQ(watch.state(), State::silent);
}

TEST(DatabaseWatch, LooksOnceHoweverOftenItIsAsked) {
    std::atomic<int> writes = 0;
    DatabaseWatch watch({.read = well,
                         .write = [&]() -> Result<void> {
                             ++writes;
                             return {};
                         }},
                        patient);

    for (int i = 0; i < 100; ++i) EXPECT_EQ(watch.state(), State::well);

    EXPECT_EQ(writes, 1);
}

TEST(DatabaseWatch, SilentDatabaseDoesNotHoldUpQuestions) {
    std::promise<void> release;
    const auto released = release.get_future().share();
    DatabaseWatch watch({.read = [released]() -> Result<void> {
                             released.wait();
                             return {};
                         },
                         .write = well},
                        {.kept_for = 1h, .silent_after = 1ms});

    // The look is still under way: what is answered comes from patience, not from the database.
    for (int i = 0; i < 100; ++i) EXPECT_EQ(watch.state(), State::silent);
    release.set_value();

    while (watch.state() != State::well) std::this_thread::yield();
}

TEST(DatabaseWatch, WriteThatTakesLongIsNotASilentDatabase) {
    std::promise<void> release;
    const auto released = release.get_future().share();
    std::promise<void> entered;
    DatabaseWatch watch({.read = well,
                         .write = [&entered, released]() -> Result<void> {
                             entered.set_value();
                             released.wait();
                             return {};
                         }},
                        {.kept_for = 1h, .silent_after = 1ms});

    (void)watch.state();
    entered.get_future().get();
    EXPECT_EQ(watch.state(), State::takes_no_writes);
    release.set_value();

    while (watch.state() != State::well) std::this_thread::yield();
}

TEST(DatabaseWatch, RecoveryIsSeenByTheNextLook) {
    std::atomic<bool> away = true;
    DatabaseWatch watch({.read = [&] { return away ? broken() : well(); }, .write = well},
                        {.kept_for = Duration::zero(), .silent_after = 1h});
    EXPECT_EQ(watch.state(), State::silent);

    away = false;

    while (watch.state() != State::well) std::this_thread::yield();
}

}  // namespace
}  // namespace tutti::services::gateway::database
