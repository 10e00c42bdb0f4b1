// Rows by the names of members, without a database: what is selected, and what its cells become.
#include "api-gateway/database/rows.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include <boost/describe/class.hpp>

namespace tutti::services::gateway::database {
namespace {

TEST(IsoTime, PostgresqlsTextBecomesIso) {
    EXPECT_EQ(iso_time("2026-01-02 03:04:05.678+00"), "2026-01-02T03:04:05.678Z");
    EXPECT_EQ(iso_time("2026-01-02 03:04:05.6+00"), "2026-01-02T03:04:05.600Z");
    EXPECT_EQ(iso_time("2026-01-02 03:04:05+00"), "2026-01-02T03:04:05.000Z");
    EXPECT_EQ(iso_time("2026-01-02 03:04:05"), "2026-01-02T03:04:05.000Z");
}

TEST(IsoTime, WhatIsIsoOrNoTimeStaysAsItIs) {
    EXPECT_EQ(iso_time("2026-01-02T03:04:05.678Z"), "2026-01-02T03:04:05.678Z");
    EXPECT_EQ(iso_time(""), "");
    EXPECT_EQ(iso_time("x"), "x");
}

struct Place {
    std::string town;
    std::string street;
};
BOOST_DESCRIBE_STRUCT(Place, (), (town, street))

struct Thing {
    std::string id;
    json::Nullable<std::string> note;
    bool is_new = false;
    double weight = 0.5;
    std::optional<std::int64_t> count;
    json::Nullable<Place> place;
    std::string made_at;
};
BOOST_DESCRIBE_STRUCT(Thing, (), (id, note, is_new, weight, count, place, made_at))

Thing read(std::vector<Cell> row) {
    Thing thing;
    rows::Cells cells(row);
    rows::read_struct(thing, cells);
    return thing;
}

TEST(SelectList, HasAColumnForEachMemberAlsoOfStructsWithin) {
    const auto columns = Columns<Thing>("t").from("u", {"note"}).as("place.town", "p.name");

    EXPECT_EQ(columns.list().text(),
              "t.id, u.note, t.is_new, t.weight, t.count, p.name, t.street, t.made_at");
}

TEST(SelectList, AMemberThatDoesNotExistIsAMistakeOfTheProgram) {
    EXPECT_THROW((void)Columns<Thing>("t").as("colour", "t.colour"), std::logic_error);
}

TEST(Row, IsReadWhicheverDatabaseSpeltItsCells) {
    const Thing thing =
        read({"7", "", "t", "0.70", "42", "Bonn", "Markt", "2026-01-02 03:04:05.6+00"});

    EXPECT_EQ(thing.id, "7");
    EXPECT_EQ(*thing.note, "");
    EXPECT_TRUE(thing.is_new);
    EXPECT_EQ(thing.weight, 0.7);
    EXPECT_EQ(thing.count, 42);
    ASSERT_TRUE(thing.place);
    EXPECT_EQ(thing.place->street, "Markt");
    EXPECT_EQ(thing.made_at, "2026-01-02T03:04:05.600Z");
    EXPECT_TRUE(read({"7", {}, "1", {}, {}, {}, {}, {}}).is_new);
    EXPECT_FALSE(read({"7", {}, "0", {}, {}, {}, {}, {}}).is_new);
}

TEST(Row, NullsAndWhatIsNoNumberLeaveAMemberAsItWas) {
    const Thing thing = read({"7", {}, {}, "heavy", "many", {}, {}, {}});

    EXPECT_FALSE(thing.note);
    EXPECT_FALSE(thing.is_new);
    EXPECT_EQ(thing.weight, 0.5);
    EXPECT_FALSE(thing.count);
    EXPECT_FALSE(thing.place);
    EXPECT_EQ(thing.made_at, "");
}

TEST(Row, OnlyWhatItMayLackIsTakenAwayByAnEmptyText) {
    EXPECT_TRUE(rows::may_lack<Thing>("note"));
    EXPECT_FALSE(rows::may_lack<Thing>("id"));
    EXPECT_FALSE(rows::may_lack<Thing>("colour"));
}

}  // namespace
}  // namespace tutti::services::gateway::database
