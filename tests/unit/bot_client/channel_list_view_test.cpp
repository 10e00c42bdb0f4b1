// How a list looks: groups, order, names of any kind, and Discord's limits.
#include "bot-client/channel_list_view.hpp"

#include <set>

#include "bot-client/discord_text.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using ::testing::HasSubstr;
using ::testing::Not;

// Channel 5xx is called as its last digits say; server 9xx likewise.
class Names final : public Directory {
public:
    std::optional<std::string> guild_of(const std::string&) const override { return std::nullopt; }
    std::optional<std::string> channel_name(const std::string& id) const override {
        return id.ends_with('9') ? std::nullopt : std::optional(prefix + id.substr(1));
    }
    std::optional<std::string> guild_name(const std::string& id) const override {
        return id.ends_with('9') ? std::nullopt : std::optional(prefix + "Server" + id.substr(1));
    }

    std::string prefix;
};

domain::Activation row(std::string channel, json::Nullable<std::string> guild,
                       std::string created_at) {
    domain::Activation activation = activation_of_maestro();
    activation.channel_id = std::move(channel);
    activation.guild_id = std::move(guild);
    activation.created_at = std::move(created_at);
    return activation;
}

ListView view_of(ListView::Scope scope, ListView::Sort sort = ListView::Sort::date) {
    return {.page = 1,
            .sort = sort,
            .scope = scope,
            .asked_by = "200",
            .asked_at = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000))};
}

std::string described(std::vector<domain::Activation> rows, const ListView& view,
                      const Names& names = {}) {
    return list_reply(std::move(rows), view, names).embed.value().description;
}

TEST(ListOfAllServers, IsGroupedByServerAndSortedWithin) {
    const std::vector<domain::Activation> rows{
        row("509", {"909"}, "2026-01-09"), row("507", {}, "2026-01-08"),
        row("503", {"902"}, "2026-01-07"), row("502", {"901"}, "2026-01-06"),
        row("501", {"902"}, "2026-01-05"), row("504", {"901"}, "2026-01-04")};

    EXPECT_EQ(described(rows, view_of(ListView::Scope::all)),
              "**Server01**\n"
              "#02: **The Maestro** since 2026-01-06\n"
              "#04: **The Maestro** since 2026-01-04\n"
              "**Server02**\n"
              "#03: **The Maestro** since 2026-01-07\n"
              "#01: **The Maestro** since 2026-01-05\n"
              "**Server 909**\n"
              "<#509>: **The Maestro** since 2026-01-09\n"
              "**Unknown server**\n"
              "#07: **The Maestro** since 2026-01-08\n");
    EXPECT_THAT(described(rows, view_of(ListView::Scope::all, ListView::Sort::name)),
                HasSubstr("**Server02**\n#01: **The Maestro** since 2026-01-05\n#03: "));
}

TEST(ListOfAllServers, ServerIsNamedAgainOnTheNextPage) {
    std::vector<domain::Activation> rows;
    for (int i = 10; i < 22; ++i) {
        rows.push_back(row("5" + std::to_string(i), {"901"}, "2026-01-01"));
    }
    auto view = view_of(ListView::Scope::all);
    view.page = 2;

    EXPECT_EQ(described(rows, view),
              "**Server01**\n"
              "#20: **The Maestro** since 2026-01-01\n"
              "#21: **The Maestro** since 2026-01-01\n");
}

TEST(ListOfAServer, IsNewestFirstAndTheOrderOfTheGatewayAmongEquals) {
    const auto text =
        described({row("501", {"901"}, "2026-01-01"), row("503", {"901"}, "2026-01-02"),
                   row("500", {"901"}, "2026-01-01")},
                  view_of(ListView::Scope::guild));

    EXPECT_LT(text.find("<#503>"), text.find("<#501>"));
    EXPECT_LT(text.find("<#501>"), text.find("<#500>"));
    EXPECT_THAT(text, Not(HasSubstr("Server")));
}

TEST(ListOfAServer, NamesAreShownAsTheyAre) {
    auto hostile = row("500", {"901"}, "2026-01-01");
    hostile.personality_name = "**x** <@1>\n# [a](https://b) @everyone `c` \\";
    auto no_id = row("<@&7>", {"901"}, "2026-01-01");

    const auto text = described({hostile, no_id}, view_of(ListView::Scope::guild));

    EXPECT_THAT(text, HasSubstr(R"(\*\*x\*\* \<\@1\> \# \[a\]\(https\://b\) \@everyone \`c\` \\)"));
    EXPECT_THAT(text, HasSubstr(R"(\<\@&7\>)"));
}

std::size_t utf16_units(std::string_view text) {
    std::size_t units = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80) units += byte >= 0xF0 ? 2 : 1;
    }
    return units;
}

TEST(ListPage, FitsIntoAnEmbedHoweverLongTheNamesAre) {
    const std::string musical_note = "\xF0\x9D\x85\x9F";
    std::string notes;
    for (int i = 0; i < 100; ++i) notes += musical_note;
    for (const std::string& name : {std::string(300, '*'), notes}) {
        Names names;
        names.prefix = name;
        std::vector<domain::Activation> rows;
        for (int i = 10; i < 20; ++i) {
            rows.push_back(
                row("5" + std::to_string(i), {"9" + std::to_string(i)}, std::string(300, '*')));
            rows.back().personality_name = name;
        }

        const auto text = described(rows, view_of(ListView::Scope::all), names);

        EXPECT_LE(utf16_units(text), embed_description_max);
        EXPECT_EQ(std::ranges::count(text, '\n'), 20);
    }
}

TEST(ListButtons, IdsDifferAndFitIntoDiscordsLimit) {
    auto view = view_of(ListView::Scope::guild, ListView::Sort::name);
    view.asked_by = std::string(20, '9');
    view.page = 9'999'999;

    for (const std::size_t pages : {view.page, view.page + 1}) {
        std::set<std::string> ids;
        for (const Button& button : list_buttons(view, pages)) {
            EXPECT_LE(button.custom_id.size(), custom_id_length_max);
            ids.insert(button.custom_id);
        }
        EXPECT_EQ(ids.size(), 4U);
    }
}

TEST(ListButtons, SayWhatTheyShow) {
    const auto view = view_of(ListView::Scope::all, ListView::Sort::name);

    EXPECT_EQ(view_of_button(list_buttons(view, 3)[1].custom_id), view);
    EXPECT_EQ(view_of_button(list_buttons(view, 3)[2].custom_id)->page, 2U);
}

TEST(DiscordText, IsCutInUnitsOfUtf16AndNotInsideOfACharacter) {
    EXPECT_EQ(shortened("abc", 2), "ab");
    EXPECT_EQ(shortened("a\xC3\xA9z", 2), "a\xC3\xA9");
    EXPECT_EQ(shortened("a\xF0\x9D\x85\x9Fz", 2), "a");
    EXPECT_EQ(shortened("a\xF0\x9D\x85\x9Fz", 3), "a\xF0\x9D\x85\x9F");
    EXPECT_EQ(shown_as_is("a*b", 2), "a\\*");
}

}  // namespace
}  // namespace tutti::services::bot
