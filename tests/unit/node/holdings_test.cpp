// What an instance says that it holds: its wire form, and in which order it looks.
#include "tutti/node/holdings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/engine.hpp"
#include "support/unowned.hpp"
#include "tutti/cache.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::Conditional;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Holdings, WhatIsWrittenIsReadBack) {
    const Holdings said{
        .node = "web-1",
        .member = "web-1:7f",
        .epoch = Epoch{0xfeedULL << 48U},
        .applied = 41,
        .held = {{.cache = "users", .age = 1500ms, .servable_for = 3s, .suspect = true}}};

    const auto read = parse_holdings(to_json(said));

    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, said);
    EXPECT_THAT(to_json(said), HasSubstr(R"("epoch":"feed000000000000")"));
}

TEST(Holdings, NothingHeldIsReadBack) {
    EXPECT_EQ(parse_holdings(to_json(Holdings{})).value(), Holdings{});
}

TEST(Holdings, WhatIsServedForEverIsReadBackAsLong) {
    const Holdings said{
        .held = {{.cache = "users", .age = Duration::max(), .servable_for = Duration::max()}}};

    const auto read = parse_holdings(to_json(said));

    ASSERT_TRUE(read) << read.error().message();
    EXPECT_GT(read->held[0].age, 24h * 365 * 99);
    EXPECT_GT(read->held[0].servable_for, 24h * 365 * 99);
}

TEST(Holdings, WhatIsNoneIsRefused) {
    const std::string whole = to_json(
        Holdings{.node = "web-1", .member = "web-1:7f", .held = {{.cache = "users", .age = 1s}}});
    const auto with = [&](const std::string& old, const std::string& text) {
        std::string changed = whole;
        changed.replace(changed.find(old), old.size(), text);
        return changed;
    };
    for (const std::string& text :
         {std::string(), std::string("{}"), std::string("<html>"),
          with("\"ageUs\":1000000", "\"ageUs\":-1"),
          with("\"ageUs\":1000000", "\"ageUs\":9223372036854775807"),
          with("\"ageUs\":1000000", "\"ageUs\":1e300"), with("\"ageUs\":1000000", "\"age\":1"),
          with("\"0000000000000000\"", "\"xyz\""), with("\"held\":[", "\"held\":[7,")}) {
        EXPECT_EQ(parse_holdings(text).error().code, Errc::protocol) << text;
    }
    const std::string large(70'000, ' ');
    EXPECT_EQ(parse_holdings(large + whole).error().code, Errc::too_large);
}

// Grants leases, and pushes what a test has published.
class PushingBus final : public testing::QuietBus {
public:
    void subscribe(std::vector<Subscription>, BusListener& listener) override {
        listener_ = &listener;
        listener.on_subscribed();
    }
    void renew(RenewRequest, TimePoint, Completion<Renewed> done) override {
        done(Renewed{.position = position()});
    }
    void leave(std::string, std::string, TimePoint, Completion<void> done) override { done({}); }

    void push(const std::string& key) {
        const Chain previous = position().chain;
        ++sequence_;
        listener_->on_entry("rows", {position(), previous, KeySet::of(key)});
    }
    [[nodiscard]] BusPosition position() const {
        return {.epoch = Epoch{1}, .sequence = sequence_, .chain = Chain{sequence_ + 1}};
    }

private:
    BusListener* listener_ = nullptr;
    Sequence sequence_ = 0;
};

// What happens between two steps of a function that looks at its clock there.
class ClockThatIsLookedAt final : public Clock {
public:
    explicit ClockThatIsLookedAt(const Clock& clock) : clock_(clock) {}

    [[nodiscard]] TimePoint now() const noexcept override {
        if (happens_ && looks_left_-- == 0) std::exchange(happens_, nullptr)();
        return clock_.now();
    }
    void after(int looks, std::function<void()> happens) {
        looks_left_ = looks;
        happens_ = std::move(happens);
    }
    [[nodiscard]] bool has_happened() const { return !happens_; }

private:
    const Clock& clock_;
    mutable int looks_left_ = 0;
    mutable std::function<void()> happens_;
};

class HoldingsOfANode : public ::testing::Test {
protected:
    HoldingsOfANode() {
        for (const char* name : {"one", "two"}) {
            caches_.emplace_back(engine_->declare(
                Pattern::coherent, detail::untyped(CacheOptions<std::string, int>{
                                       .name = name,
                                       .caches = "numbers",
                                       .stale = Stale::wrong,
                                       .ttl = 30s,
                                       .bound = entries(10),
                                       .load = [](const std::string&, const LoadContext&,
                                                  Completion<Loaded<int>> done) { done(1); },
                                       .channel = "rows",
                                   })));
        }
        engine_->start(10s, [](const Result<void>&) {});
        executor_.run_ready();
    }
    ~HoldingsOfANode() override {
        engine_->stop([] {});
        executor_.run_ready();
    }

    void load() {
        for (const auto& cache : caches_) cache.get("key", {}, [](const auto&) {});
        executor_.run_ready();
    }
    [[nodiscard]] Holdings holdings() const { return engine_->holdings("rows", "key"); }

    testing::ManualClock time_;
    ClockThatIsLookedAt clock_{time_};
    testing::ManualExecutor executor_{time_};
    std::shared_ptr<PushingBus> bus_ = std::make_shared<PushingBus>();
    std::shared_ptr<Engine> engine_ =
        std::make_shared<Engine>(NodeOptions{.name = "node", .lease = 2s},
                                 EngineParts{.store = nullptr,
                                             .bus = bus_,
                                             .executor = tests::unowned<Executor>(executor_),
                                             .workers = nullptr,
                                             .clock = &clock_,
                                             .member = "m"});
    std::vector<Coherent<std::string, int>> caches_;
};

TEST_F(HoldingsOfANode, NothingIsHeldThatIsSaidToBeAppliedWheneverTheInvalidationComes) {
    int looks = 0;
    for (;; ++looks) {
        load();
        ASSERT_THAT(holdings().held, SizeIs(2));
        clock_.after(looks, [&] { bus_->push("key"); });

        const Holdings said = holdings();
        if (!clock_.has_happened()) break;

        const bool applied = said.applied == bus_->position().sequence;
        EXPECT_THAT(said.held, Conditional(applied, IsEmpty(), _)) << "look " << looks;
        EXPECT_THAT(holdings().held, IsEmpty());
        EXPECT_EQ(holdings().applied, bus_->position().sequence);
    }
    EXPECT_GE(looks, 3) << "of the channel's state, and of each cache";
    clock_.after(0, nullptr);
}

}  // namespace
}  // namespace tutti
