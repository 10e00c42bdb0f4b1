// Looks at the table, event by event: the bus answers at once, the clock stands still.
#include "outbox/sweeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "tutti/testing/manual_clock.hpp"

namespace tutti::outbox {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// What is committed and not removed; every row is due.
class Table : public Rows {
public:
    Result<std::vector<Row>> take() override {
        ++takes;
        if (throws) throw std::runtime_error("the driver is broken");
        if (is_away) return fail(Errc::unavailable, "take", "the database is away");
        return std::vector<Row>(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                 rows.size(), Sql::rows_max)));
    }
    Result<void> remove(std::span<const RowId> ids) override {
        if (keeps) return fail(Errc::unavailable, "remove", "the database is away");
        std::erase_if(rows, [&](const Row& row) { return std::ranges::count(ids, row.id) > 0; });
        return {};
    }
    void add(std::string channel, std::optional<std::string> key, std::string reach = "published") {
        rows.push_back({.id = ++last_id,
                        .channel = std::move(channel),
                        .key = std::move(key),
                        .reach = std::move(reach)});
    }
    void add_tag(std::string channel, std::string tag, std::string reach = "published") {
        add(std::move(channel), std::nullopt, std::move(reach));
        rows.back().tag = std::move(tag);
    }

    std::vector<Row> rows;
    RowId last_id = 0;
    int takes = 0;
    bool is_away = false;
    bool keeps = false;
    bool throws = false;
};

class Sweeping : public ::testing::Test {
protected:
    Channel channel(const std::string& name) {
        return {.name = name,
                .invalidate = [this, name](const KeySet& changed, InvalidateOptions options,
                                           std::move_only_function<void(Invalidation)> done) {
                    if (bus == "throws") throw std::runtime_error("no bus");
                    if (bus == "drops") return;
                    std::string text = name;
                    for (const auto& key : changed.keys) text += ' ' + key;
                    for (const auto& tag : changed.tags) text += " #" + tag;
                    if (changed.all) text += " *";
                    if (options.ack == Ack::every_instance) text += " (done)";
                    told.push_back(text);
                    if (text == refused) return done({});
                    done({.outcome = outcome, .position = {}, .reason = reason});
                }};
    }
    Sweeper sweeper(PublisherOptions options) {
        options.channels = {channel("a"), channel("b")};
        options.log = [this](LogLevel, std::string_view line) { log.emplace_back(line); };
        return {std::move(options), table, {.clock = &clock, .random = [] { return 0U; }}};
    }

    std::shared_ptr<Table> table = std::make_shared<Table>();
    testing::ManualClock clock;
    std::vector<std::string> told;
    std::vector<std::string> log;
    std::string bus = "answers";
    std::string refused;
    Invalidation::Outcome outcome = Invalidation::Outcome::published;
    std::string reason;
    PublisherOptions defaults{.channels = {}};
};

TEST_F(Sweeping, RowsOfAChannelAreOnePublicationAndGo) {
    Sweeper it = sweeper(defaults);
    table->add("a", "1");
    table->add("b", "1");
    table->add("a", "2");
    table->add("a", "1");

    EXPECT_EQ(it.look(), 1s);

    EXPECT_THAT(told, UnorderedElementsAre("a 1 2", "b 1"));
    EXPECT_THAT(table->rows, IsEmpty());
    EXPECT_EQ(it.figures().published, 4U);
}

TEST_F(Sweeping, NullIsEveryKeyWhateverElseIsDue) {
    Sweeper it = sweeper(defaults);
    table->add("a", "1");
    table->add("a", std::nullopt);

    (void)it.look();

    EXPECT_THAT(told, ElementsAre("a *"));
}

TEST_F(Sweeping, TagsOfAChannelAreOnePublicationBesideItsKeys) {
    Sweeper it = sweeper(defaults);
    table->add_tag("a", "red");
    table->add("a", "1");
    table->add_tag("a", "blue");
    table->add_tag("a", "red");
    table->add_tag("a", "green", "done");

    (void)it.look();

    EXPECT_THAT(told, UnorderedElementsAre("a 1", "a #blue #red", "a #green (done)"));
    ASSERT_EQ(table->rows.size(), 1U) << "published is not done";
    EXPECT_EQ(table->rows[0].tag, "green");
    EXPECT_EQ(it.figures().published, 4U);
}

TEST_F(Sweeping, EveryKeyIsWhatCarriesATagToo) {
    Sweeper it = sweeper(defaults);
    table->add_tag("a", "red");
    table->add("a", std::nullopt);

    (void)it.look();

    EXPECT_THAT(told, ElementsAre("a *"));
    EXPECT_THAT(table->rows, IsEmpty());
}

TEST_F(Sweeping, KeysAndTagsThatAreTooManyTogetherAreEveryKey) {
    defaults.keys_max = 3;
    Sweeper it = sweeper(defaults);
    for (const char* name : {"1", "2"}) {
        table->add("a", name);
        table->add_tag("a", name);
        table->add_tag("b", name);
    }

    (void)it.look();

    EXPECT_THAT(told, UnorderedElementsAre("a *", "b #1 #2"));
    EXPECT_THAT(table->rows, IsEmpty());
    EXPECT_EQ(it.figures().flushes, 1U);
}

TEST_F(Sweeping, OfKeysAndTagsWhatTheBusDoesNotTakeStays) {
    Sweeper it = sweeper(defaults);
    table->add("a", "1");
    table->add_tag("a", "red");
    refused = "a #red";

    (void)it.look();

    ASSERT_EQ(table->rows.size(), 1U);
    EXPECT_EQ(table->rows[0].tag, "red");
}

TEST_F(Sweeping, ATagThatIsNoneIsEveryKeyAndIsSaid) {
    Sweeper it = sweeper(defaults);
    const auto look_at = [&](const std::string& tag, std::optional<std::string> key) {
        table->add("a", std::move(key));
        table->rows.back().tag = tag;
        (void)it.look();
    };

    look_at("", std::nullopt);
    look_at(std::string(tag_bytes_max + 1, 'x'), std::nullopt);
    look_at("red", "beside a key");

    EXPECT_THAT(told, ElementsAre("a *", "a *", "a *"));
    EXPECT_THAT(table->rows, IsEmpty());
    EXPECT_EQ(it.figures().malformed, 3U);
    EXPECT_THAT(log, ElementsAre(HasSubstr("a tag that is none (it has 1 to 256 bytes, and its row "
                                           "no key)")));
}

TEST_F(Sweeping, DoneIsAskedForApartAndKeptUntilItIs) {
    Sweeper it = sweeper(defaults);
    table->add("a", "1", "done");
    table->add("a", "2");

    (void)it.look();
    EXPECT_THAT(told, UnorderedElementsAre("a 1 (done)", "a 2"));
    ASSERT_EQ(table->rows.size(), 1U) << "published is not done";

    outcome = Invalidation::Outcome::done;
    (void)it.look();
    EXPECT_THAT(table->rows, IsEmpty());
}

TEST_F(Sweeping, WhatTheBusDoesNotTakeStaysAndIsTriedLessOften) {
    Sweeper it = sweeper(defaults);
    outcome = Invalidation::Outcome::unconfirmed;
    reason = "Redis is away";
    table->add("a", "1");

    EXPECT_EQ(it.look(), 1s);
    EXPECT_EQ(it.look(), 2s);
    for (int i = 0; i < 10; ++i) (void)it.look();
    EXPECT_EQ(it.look(), 30s);
    EXPECT_EQ(table->rows.size(), 1U);
    EXPECT_THAT(it.figures().failure, HasSubstr("Redis is away"));

    outcome = Invalidation::Outcome::published;
    EXPECT_EQ(it.look(), 1s);
    EXPECT_THAT(table->rows, IsEmpty());
    EXPECT_EQ(it.figures().failure, "");
}

TEST_F(Sweeping, AnAnswerThatNeverComesIsNoPublication) {
    Sweeper it = sweeper(defaults);
    table->add("a", "1");

    for (const char* broken : {"throws", "drops"}) {
        bus = broken;
        (void)it.look();
        EXPECT_EQ(table->rows.size(), 1U) << broken;
    }
    EXPECT_EQ(it.figures().unconfirmed, 2U);
}

TEST_F(Sweeping, TenThousandRowsAfterAnOutageAreAFewPublications) {
    Sweeper it = sweeper(defaults);
    for (int i = 0; i < 25'000; ++i) table->add("a", std::to_string(i));
    table->add("b", "1");

    (void)it.look();

    EXPECT_THAT(told, ElementsAre("a *", "a *", "a *", "b 1"));
    EXPECT_THAT(table->rows, IsEmpty());
    EXPECT_EQ(it.figures().flushes, 3U);
}

TEST_F(Sweeping, AStopWaitsForOnePublicationOfAnOutage) {
    Sweeper it = sweeper(defaults);
    for (int i = 0; i < 25'000; ++i) table->add("a", std::to_string(i));
    std::stop_source stop;
    stop.request_stop();

    (void)it.look(stop.get_token());

    EXPECT_THAT(told, ElementsAre("a *"));
    EXPECT_EQ(table->rows.size(), 15'000U);
}

TEST_F(Sweeping, RowsAreUntrusted) {
    Sweeper it = sweeper(defaults);
    table->add("nobody's", "1");
    table->add("a", "1", "everywhere");
    table->add("b", std::string(Bus::key_bytes_max + 1, 'x'));

    (void)it.look();

    EXPECT_THAT(told, UnorderedElementsAre("a 1", "b *"));
    ASSERT_EQ(table->rows.size(), 1U) << "of a channel that is not ours nothing is removed";
    EXPECT_EQ(table->rows[0].channel, "nobody's");
    EXPECT_EQ(it.figures().malformed, 2U);
    EXPECT_THAT(log, ElementsAre(HasSubstr("malformed")));
}

TEST_F(Sweeping, WhatATransactionTookIsPublishedAtOnceAndRemovedWithTheNextLook) {
    Sweeper it = sweeper(defaults);
    table->add("a", "1");

    EXPECT_TRUE(it.publish(table->rows));
    EXPECT_THAT(told, ElementsAre("a 1"));
    EXPECT_EQ(table->takes, 0) << "the caller waits for no query";

    (void)it.look();
    EXPECT_THAT(told, ElementsAre("a 1"));
    EXPECT_THAT(table->rows, IsEmpty());
}

TEST_F(Sweeping, WhatCannotBeRemovedIsPublishedAgain) {
    Sweeper it = sweeper(defaults);
    table->keeps = true;
    table->add("a", "1");

    (void)it.look();
    EXPECT_THAT(it.figures().failure, HasSubstr("away"));
    table->keeps = false;
    (void)it.look();

    EXPECT_THAT(table->rows, IsEmpty());
    EXPECT_THAT(told, ElementsAre("a 1")) << "it was removed before the table was read again";
}

TEST_F(Sweeping, ADriverThatThrowsIsAFailure) {
    Sweeper it = sweeper(defaults);
    table->throws = true;

    EXPECT_EQ(it.look(), 1s);

    EXPECT_THAT(it.figures().failure, HasSubstr("the driver is broken"));
    EXPECT_THAT(log, ElementsAre(HasSubstr("the outbox is not read")));
}

TEST_F(Sweeping, WhereRowsAreDeletedAReaderThatWasAwayTellsEveryKey) {
    defaults.rows_kept = 1h;
    Sweeper it = sweeper(defaults);

    (void)it.look();
    EXPECT_THAT(told, UnorderedElementsAre("a *", "b *")) << "it may have been away before";
    told.clear();

    clock.advance(59min);
    (void)it.look();
    EXPECT_THAT(told, IsEmpty());

    table->is_away = true;
    clock.advance(50min);
    (void)it.look();
    clock.advance(10min);
    table->is_away = false;
    (void)it.look();
    EXPECT_THAT(told, UnorderedElementsAre("a *", "b *"));
}

TEST_F(Sweeping, WhereRowsStayNothingIsToldForAnAbsence) {
    Sweeper it = sweeper(defaults);

    (void)it.look();
    clock.advance(24h);
    (void)it.look();

    EXPECT_THAT(told, IsEmpty());
}

TEST_F(Sweeping, AnAbsenceThatCouldNotBeToldIsToldWithTheNextLook) {
    defaults.rows_kept = 1h;
    Sweeper it = sweeper(defaults);
    outcome = Invalidation::Outcome::unconfirmed;

    (void)it.look();
    told.clear();
    outcome = Invalidation::Outcome::published;
    (void)it.look();

    EXPECT_THAT(told, UnorderedElementsAre("a *", "b *"));
}

}  // namespace
}  // namespace tutti::outbox
