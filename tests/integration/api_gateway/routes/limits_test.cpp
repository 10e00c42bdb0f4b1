// What is accepted can be read again, by the gateway and by those that read it there; on both
// databases.
#include "common/domain/limits.hpp"

#include <gmock/gmock.h>

#include <string>

#include "api-gateway/database/database.hpp"
#include "common/domain/persona.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::HasSubstr;

class Limits : public BothDatabases {
protected:
    http::Response create(const std::string& slug, const std::string& more) {
        return call("POST", "/user/personality", stranger,
                    R"({"name":"Echo","slug":")" + slug + '"' + more + '}');
    }
    http::Response change(const std::string& slug, const std::string& body) {
        return call("PUT", "/user/personality/" + slug, stranger, body);
    }
    http::Response read_as_a_bot(const std::string& slug) {
        return call("GET", "/internal/personality/" + slug);
    }
    static std::string member(const char* name, const std::string& text) {
        return std::string(",\"") + name + "\":\"" + text + '"';
    }
    static std::string repeated(std::string_view text, std::size_t bytes) {
        std::string all;
        while (all.size() + text.size() <= bytes) all += text;
        return all;
    }
};
TUTTI_ON_BOTH_DATABASES(Limits);

TEST_P(Limits, TextsOfAPersonalityAreBoundedTogetherAndNothingIsCommitted) {
    const std::string half(domain::personality_bytes_max / 2, 'x');
    EXPECT_EQ(create("two", member("systemPrompt", half)).status, 201);

    expect_error(change("two", R"({"characterInfo":")" + half + R"("})"), 400, "VALIDATION_ERROR");

    const auto kept = read<domain::GetPersonalityResponse>(read_as_a_bot("two"));
    EXPECT_EQ(kept.personality.character_info, "");
    EXPECT_EQ(kept.personality.system_prompt.size(), half.size());
    expect_error(create("three", member("systemPrompt", half) + member("characterInfo", half)), 400,
                 "VALIDATION_ERROR");
    EXPECT_EQ(read_as_a_bot("three").status, 404);
}

TEST_P(Limits, PlaceholdersCountAsWhatTheyBecome) {
    const std::string shapes = repeated("{shape}", 16U << 10U);
    EXPECT_EQ(create("short", member("characterInfo", shapes)).status, 201);

    // Sixteen times as much.
    expect_error(change("short", R"({"name":")" + std::string(250, 'n') + R"("})"), 400,
                 "VALIDATION_ERROR");

    EXPECT_EQ(read<domain::GetPersonalityResponse>(read_as_a_bot("short")).personality.name,
              "Echo");
}

TEST_P(Limits, WhatANameBringsInIsNotLookedAtAgain) {
    const auto made =
        call("POST", "/user/personality", stranger,
             R"({"name":"{shape}{{user}}","slug":"self","characterInfo":"{shape}!"})");

    EXPECT_EQ(read<domain::GetPersonalityResponse>(made).personality.character_info,
              "{shape}{{user}}!");
}

// Control characters are what JSON spells longest.
TEST_P(Limits, TheLargestPersonalityFitsIntoAnAnswer) {
    const std::string text = repeated("\\u0001", 6 * (domain::personality_bytes_max - 100));

    const auto made = create("loud", member("characterInfo", text));
    ASSERT_EQ(made.status, 201) << made.body;

    const auto response = read_as_a_bot("loud");
    EXPECT_EQ(response.status, 200);
    EXPECT_GT(response.body.size(), 5 * domain::personality_bytes_max);
    EXPECT_LE(response.body.size(), domain::answer_bytes_max);
}

TEST_P(Limits, APersonalityOfAnotherProgramThatIsTooLargeSaysSoAndCanBeMended) {
    execute("UPDATE personalities SET character_info = '" +
            std::string(domain::personality_bytes_max + 1, 'x') + "', owner_id = '" +
            "0b9a3a52-3a54-5b6e-9f0e-6f3f1c2a7d01' WHERE slug = 'solo'");

    const auto response = read_as_a_bot("solo");
    expect_error(response, 500, "INTERNAL_ERROR");
    EXPECT_THAT(response.body, HasSubstr("too large"));
    EXPECT_EQ(read_as_a_bot("maestro").status, 200);

    const auto mended = call("PUT", std::string("/user/personality/") + solo_id, owner_of_solo,
                             R"({"characterInfo":"short"})");
    EXPECT_EQ(mended.status, 200) << mended.body;
    EXPECT_EQ(read_as_a_bot("solo").status, 200);
}

TEST_P(Limits, AllPersonasOfAUserFitIntoOneAnswer) {
    const auto create_persona = [&](const std::string& content) {
        return call("POST", "/user/persona", stranger,
                    R"({"name":"me","content":")" + content + R"("})");
    };
    const std::string quarter(domain::personas_bytes_max / 4, 'x');
    for (int i = 0; i < 3; ++i) ASSERT_EQ(create_persona(quarter).status, 201);

    expect_error(create_persona(quarter), 400, "VALIDATION_ERROR");

    const auto list = call("GET", "/user/persona", stranger);
    EXPECT_EQ(read<domain::ListPersonasResponse>(list).personas.size(), 3U);
    EXPECT_LE(list.body.size(), domain::answer_bytes_max);
}

TEST_P(Limits, AUserHasABoundedNumberOfPersonas) {
    for (std::size_t i = 0; i < domain::personas_max; ++i) {
        ASSERT_EQ(call("POST", "/user/persona", stranger, R"({"name":"me","content":"x"})").status,
                  201);
    }

    expect_error(call("POST", "/user/persona", stranger, R"({"name":"me","content":"x"})"), 400,
                 "VALIDATION_ERROR");
}

}  // namespace
}  // namespace tutti::services
