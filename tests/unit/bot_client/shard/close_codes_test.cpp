// Each row of the table of closings, and what a live session makes of it.
#include "bot-client/shard/close_codes.hpp"

#include "unit/bot_client/shard/played_gateway.hpp"

namespace tutti::services::bot::shard {
namespace {

using ::testing::HasSubstr;

struct Row {
    std::optional<std::uint16_t> code;
    AfterClose then;
    const char* says;
};
void PrintTo(const Row& row, std::ostream* out) {
    *out << (row.code ? "code_" + std::to_string(*row.code) : "none");
}

class CloseCode : public PlayedGateway, public ::testing::WithParamInterface<Row> {};

TEST_P(CloseCode, IsFollowedByWhatDiscordDocuments) {
    to_live();

    drop(GetParam().code);

    ASSERT_EQ(session.state() == State::ended, GetParam().then == AfterClose::give_up);
    if (GetParam().then == AfterClose::give_up) {
        ASSERT_TRUE(failure.has_value());
        EXPECT_EQ(failure->code, Errc::refused);
        EXPECT_THAT(failure->cause, HasSubstr(GetParam().says));
        pass(1h);
        EXPECT_EQ(urls.size(), 1U);
        return;
    }
    EXPECT_THAT(whys.back(), HasSubstr(GetParam().says));
    pass(5s);
    EXPECT_EQ(session.state(),
              GetParam().then == AfterClose::resume ? State::connecting : State::asking);
}

TEST_P(CloseCode, BeforeTheSessionIsThereOnlyTheFatalOnesEndIt) {
    to_identifying();

    drop(GetParam().code);
    pass(5s);

    EXPECT_EQ(session.state(),
              GetParam().then == AfterClose::give_up ? State::ended : State::asking);
}

constexpr Row rows[]{
    {std::nullopt, AfterClose::resume, "broke"},
    {1000, AfterClose::identify, "1000"},
    {1001, AfterClose::resume, "1001"},
    {1006, AfterClose::resume, "1006"},
    {4000, AfterClose::resume, "4000"},
    {4001, AfterClose::resume, "4001"},
    {4002, AfterClose::resume, "4002"},
    {4003, AfterClose::identify, "4003"},
    {4004, AfterClose::give_up, "DISCORD_TOKEN"},
    {4005, AfterClose::identify, "4005"},
    {4007, AfterClose::identify, "4007"},
    {4008, AfterClose::identify, "4008"},
    {4009, AfterClose::identify, "4009"},
    {4010, AfterClose::give_up, "number of shards"},
    {4011, AfterClose::give_up, "GET /gateway/bot"},
    {4012, AfterClose::give_up, "update bot-client"},
    {4013, AfterClose::give_up, "intents"},
    {4014, AfterClose::give_up, "Message Content Intent"},
    {4999, AfterClose::resume, "4999"},
};
INSTANTIATE_TEST_SUITE_P(All, CloseCode, ::testing::ValuesIn(rows),
                         ::testing::PrintToStringParamName());

TEST(CloseCodes, OursAreCounted) {
    for (const int code : {4001, 4002, 4003, 4005, 4007, 4008}) {
        EXPECT_TRUE(meaning_of(static_cast<std::uint16_t>(code)).our_fault) << code;
    }
    EXPECT_FALSE(meaning_of(4000).our_fault);
    EXPECT_FALSE(meaning_of(std::nullopt).our_fault);
}

}  // namespace
}  // namespace tutti::services::bot::shard
