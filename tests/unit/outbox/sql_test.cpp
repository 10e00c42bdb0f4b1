// The statements hold no parameters, and what a table answers is not believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "tutti/outbox.hpp"

namespace tutti::outbox {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Sql sql_for(Dialect dialect) {
    return Sql({.dialect = dialect, .channels = {"cache:users", "it's"}});
}

TEST(OutboxSql, RowsThatAnotherTransactionHoldsAreLeftToIt) {
    EXPECT_THAT(sql_for(Dialect::postgresql).take(), HasSubstr("FOR UPDATE SKIP LOCKED"));
    EXPECT_THAT(sql_for(Dialect::sqlite).take(), Not(HasSubstr("SKIP")));
}

TEST(OutboxSql, ANameOfAChannelEndsNoLiteral) {
    for (const Dialect dialect : {Dialect::postgresql, Dialect::sqlite}) {
        EXPECT_THAT(sql_for(dialect).take(), HasSubstr("channel IN ('cache:users', 'it''s')"));
    }
}

TEST(OutboxSql, WithoutChannelsNothingIsTaken) {
    EXPECT_THAT(Sql({.dialect = Dialect::sqlite, .channels = {}}).take(),
                HasSubstr("channel IN (NULL)"));
}

TEST(OutboxSql, RemovesByIdAlone) {
    EXPECT_EQ(sql_for(Dialect::sqlite).remove(std::array<RowId, 2>{3, 7}),
              "DELETE FROM tutti_outbox WHERE id IN (3, 7)");
}

TEST(OutboxSql, ATableWithoutTagsIsAskedForNone) {
    EXPECT_THAT(sql_for(Dialect::sqlite).take(), Not(HasSubstr("cache_tag")));
}

// '' stands in its place, which is no tag: every key.
TEST(OutboxSql, ATagThatIsTooLongIsNotSent) {
    const auto take = [](Dialect dialect) {
        return Sql({.dialect = dialect, .channels = {"c"}, .tags = true}).take();
    };

    EXPECT_THAT(take(Dialect::postgresql),
                EndsWith(", reach, CASE WHEN octet_length(cache_tag) > 256 THEN '' "
                         "ELSE cache_tag END"));
    EXPECT_THAT(take(Dialect::sqlite),
                EndsWith(", reach, CASE WHEN length(CAST(cache_tag AS BLOB)) > 256 THEN '' "
                         "ELSE cache_tag END"));
}

TEST(OutboxRows, AreReadAsTheTableAnswers) {
    const std::vector<Cells> answer{{"1", "cache:users", "42", "published"},
                                    {"2", "cache:users", std::nullopt, "done"}};

    EXPECT_THAT(read_rows(answer).value(),
                ElementsAre(Row{.id = 1, .channel = "cache:users", .key = "42"},
                            Row{.id = 2, .channel = "cache:users", .reach = "done"}));
}

TEST(OutboxRows, ATagIsReadWhereTheTableHasThem) {
    const std::vector<Cells> answer{{"1", "cache:users", std::nullopt, "published", "team:10"},
                                    {"2", "cache:users", "42", "published", std::nullopt}};

    EXPECT_THAT(read_rows(answer).value(),
                ElementsAre(Row{.id = 1, .channel = "cache:users", .tag = "team:10"},
                            Row{.id = 2, .channel = "cache:users", .key = "42"}));
}

TEST(OutboxRows, OfAnotherFormAreRefused) {
    const std::vector<std::vector<Cells>> answers{{{"1", "c", "k"}},
                                                  {{"1", "c", "k", "published", "tag", "more"}},
                                                  {{std::nullopt, "c", "k", "published"}},
                                                  {{"1", std::nullopt, "k", "published"}},
                                                  {{"1", "c", "k", std::nullopt}},
                                                  {{"", "c", "k", "published"}},
                                                  {{"0", "c", "k", "published"}},
                                                  {{"-1", "c", "k", "published"}},
                                                  {{"1; DROP TABLE users", "c", "k", "published"}},
                                                  {{"9223372036854775808", "c", "k", "published"}}};
    for (const auto& answer : answers) {
        const auto rows = read_rows(answer);
        ASSERT_FALSE(rows) << ::testing::PrintToString(answer);
        EXPECT_EQ(rows.error().code, Errc::protocol);
        EXPECT_THAT(rows.error().cause, HasSubstr("every column that the statement of Sql::take"));
    }
}

}  // namespace
}  // namespace tutti::outbox
