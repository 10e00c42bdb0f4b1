// /user/personality and /internal/personality, on both databases.
#include <future>
#include <string>
#include <vector>

#include "common/domain/uuid.hpp"
#include "integration/api_gateway/support.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* nobody_id = "00000000-0000-4000-8000-000000000000";

class PersonalityChanges : public BothDatabases {
protected:
    domain::Personality create(std::string_view user, const std::string& body) {
        const auto response = call("POST", "/user/personality", user, body);
        EXPECT_EQ(response.status, 201) << response.body;
        return read<domain::GetPersonalityResponse>(response).personality;
    }
    std::string found(const std::string& text, std::string_view user) {
        const auto response = call("GET", "/user/personality/" + percent_encode(text), user);
        return response.status == 200
                   ? read<domain::GetPersonalityResponse>(response).personality.slug
                   : std::to_string(response.status);
    }
};
TUTTI_ON_BOTH_DATABASES(PersonalityChanges);

TEST_P(PersonalityChanges, NewOneIsReadAsItWasMade) {
    const auto made = create(stranger, R"({"name":"Echo","slug":"echo","isPublic":false,
        "systemPrompt":"You are {{char}}, talk to {{user}}.","characterInfo":"repeats",
        "personalityTone":"soft {shape}","errorMessage":"{personality} is silent"})");

    EXPECT_TRUE(domain::is_uuid(made.id));
    EXPECT_EQ(made.slug, "echo");
    EXPECT_FALSE(made.display_name);
    EXPECT_FALSE(made.is_public);
    EXPECT_EQ(made.system_prompt, "You are Echo, talk to {user}.");
    EXPECT_EQ(made.character_info, "repeats");
    EXPECT_EQ(made.personality_traits, "");
    EXPECT_EQ(made.personality_tone, "soft Echo");
    EXPECT_EQ(made.error_message, "Echo is silent");
    EXPECT_FALSE(made.personality_age);
    EXPECT_EQ(found("echo", stranger), "echo");
    EXPECT_EQ(found("echo", owner_of_solo), "404");
}

TEST_P(PersonalityChanges, PlaceholdersAreFilledInEveryTextAndTheUsersIsShortened) {
    const std::string text = "\"{{user}} {user} {{char}} {assistant} {shape} {personality} {x}\"";
    std::string body = R"({"name":"Echo","slug":"echo")";
    for (const char* field :
         {"systemPrompt", "characterInfo", "personalityTraits", "personalityTone", "personalityAge",
          "personalityAppearance", "personalityLikes", "personalityDislikes", "conversationalGoals",
          "conversationalExamples", "errorMessage"}) {
        body += ",\"" + std::string(field) + "\":" + text;
    }

    const auto p = create(stranger, body + '}');

    const std::string filled = "{user} {user} Echo Echo Echo Echo {x}";
    for (const std::string& each : {p.system_prompt, p.character_info, p.personality_traits}) {
        EXPECT_EQ(each, filled);
    }
    for (const auto& each : {p.personality_tone, p.personality_age, p.personality_appearance,
                             p.personality_likes, p.personality_dislikes, p.conversational_goals,
                             p.conversational_examples, p.error_message}) {
        EXPECT_EQ(each, filled);
    }
}

TEST_P(PersonalityChanges, NewOneNeedsANameAndASlugOfItsOwn) {
    const auto missing = call("POST", "/user/personality", stranger, "{}");
    const auto wrong =
        call("POST", "/user/personality", stranger, R"({"name":"","slug":"Not A Slug"})");

    expect_error(missing, 400, "VALIDATION_ERROR");
    EXPECT_TRUE(missing.body.contains("name: is missing; slug: is missing")) << missing.body;
    expect_error(wrong, 400, "VALIDATION_ERROR");
    expect_error(call("POST", "/user/personality", stranger, R"({"name":"M","slug":"maestro"})"),
                 409, "CONFLICT");
}

TEST_P(PersonalityChanges, OneOfManyAtTheSameTimeGetsTheSlug) {
    std::vector<std::future<int>> calls;
    for (int i = 0; i < 8; ++i) {
        calls.push_back(std::async(std::launch::async, [&] {
            return call("POST", "/user/personality", stranger, R"({"name":"E","slug":"echo"})")
                .status;
        }));
    }
    std::multiset<int> statuses;
    for (auto& done : calls) statuses.insert(done.get());

    EXPECT_EQ(statuses.count(201), 1U);
    EXPECT_EQ(statuses.count(409), 7U);
}

TEST_P(PersonalityChanges, ServiceReadsOneForAllItsUsersByIdOrSlugAndNotByName) {
    execute("UPDATE personalities SET name = 'solo-by-name' WHERE slug = 'solo'");
    const auto slug_of = [&](const std::string& text) {
        const auto response = call("GET", "/internal/personality/" + text);
        return response.status == 200
                   ? read<domain::GetPersonalityResponse>(response).personality.slug
                   : std::to_string(response.status);
    };

    EXPECT_EQ(slug_of(solo_id), "solo") << "private, and no user is asked for";
    EXPECT_EQ(slug_of("7C1E2B90-46D3-4F0C-8F5E-1D2C3B4A5F02"), "solo");
    EXPECT_EQ(slug_of("solo"), "solo");
    EXPECT_EQ(slug_of("solo-by-name"), "404");
    EXPECT_EQ(slug_of(nobody_id), "404");
    const auto owners =
        read<domain::GetPersonalityResponse>(call("GET", "/internal/personality/solo"))
            .owner_discord_ids;
    EXPECT_EQ(owners, std::vector<std::string>{std::string(owner_of_solo)});
}

TEST_P(PersonalityChanges, UpdateChangesWhatItNamesAndIsSeenAtOnce) {
    EXPECT_EQ(found("solo", owner_of_solo), "solo");  // from now on in memory

    const auto response =
        call("PUT", "/user/personality/solo", owner_of_solo,
             R"({"displayName":"Solo!","systemPrompt":"Play.","personalityAge":"30"})");

    ASSERT_EQ(response.status, 200) << response.body;
    const auto updated = read<domain::GetPersonalityResponse>(response).personality;
    EXPECT_EQ(updated.display_name, "Solo!");
    EXPECT_EQ(updated.system_prompt, "Play.");
    EXPECT_EQ(updated.personality_age, "30");
    EXPECT_EQ(updated.character_info, "Plays only for friends.");
    EXPECT_EQ(
        read<domain::GetPersonalityResponse>(call("GET", "/user/personality/solo", owner_of_solo))
            .personality,
        updated);
}

TEST_P(PersonalityChanges, EmptyTextTakesAnOptionalFieldAway) {
    call("PUT", "/user/personality/solo", owner_of_solo, R"({"displayName":"Solo!"})");

    const auto response =
        call("PUT", "/user/personality/solo", owner_of_solo, R"({"displayName":""})");

    EXPECT_TRUE(response.body.contains(R"("displayName":null)")) << response.body;
}

TEST_P(PersonalityChanges, PromptThatOthersUseTooIsLeftToThem) {
    execute(std::string("UPDATE personalities SET system_prompt_id = (SELECT system_prompt_id FROM "
                        "personalities WHERE slug = 'maestro') WHERE id = '") +
            solo_id + "'");

    call("PUT", "/user/personality/solo", owner_of_solo, R"({"systemPrompt":"Mine."})");

    const auto maestro =
        read<domain::GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger));
    EXPECT_TRUE(maestro.personality.system_prompt.starts_with("You are Maestro"));
}

TEST_P(PersonalityChanges, OnlyTheOwnerAndTheBotOwnerMayChange) {
    const std::string edit = R"({"characterInfo":"changed"})";

    expect_error(call("PUT", "/user/personality/maestro", stranger, edit), 403, "UNAUTHORIZED");
    expect_error(call("DELETE", "/user/personality/maestro", stranger), 403, "UNAUTHORIZED");
    expect_error(call("PUT", "/user/personality/solo", stranger, edit), 404, "NOT_FOUND");
    EXPECT_EQ(call("PUT", "/user/personality/maestro", bot_owner, edit).status, 200);
    EXPECT_EQ(call("PUT", "/user/personality/maestro", owner_of_solo, edit).status, 200);
}

TEST_P(PersonalityChanges, DeletedOneIsGoneWithItsActivations) {
    activate("500", "maestro", stranger);
    EXPECT_EQ(found("maestro", stranger), "maestro");

    const auto response = call("DELETE", "/user/personality/maestro", owner_of_solo);

    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(found("maestro", stranger), "404");
    EXPECT_EQ(found(maestro_id, stranger), "404");
    EXPECT_FALSE(activation_of("500").is_activated);
}

TEST_P(PersonalityChanges, IdBeatsNameBeatsSlugBeatsAlias) {
    create(stranger, R"({"name":"Echo","slug":"first"})");
    create(stranger, R"({"name":"ECHO","slug":"second"})");
    create(stranger, R"({"name":"Third","slug":"echo"})");
    execute(
        std::string("INSERT INTO personality_aliases (alias, personality_id) VALUES ('Boss', '") +
        maestro_id + "'), ('third', '" + maestro_id + "')");

    EXPECT_EQ(found("eCHo", stranger), "first");  // the oldest of that name
    EXPECT_EQ(found("second", stranger), "second");
    EXPECT_EQ(found("THIRD", stranger), "echo");
    EXPECT_EQ(found("boss", stranger), "maestro");
    EXPECT_EQ(found(maestro_id, stranger), "maestro");
    EXPECT_EQ(found("7C1E2B90-46D3-4F0C-8F5E-1D2C3B4A5F01", stranger), "maestro");
    EXPECT_EQ(found(nobody_id, stranger), "404");
}

TEST_P(PersonalityChanges, NameThatIsNotForThisUserLeavesTheSlugToAnother) {
    create(stranger, R"({"name":"Echo","slug":"hidden","isPublic":false})");
    create(owner_of_solo, R"({"name":"Open","slug":"echo"})");

    EXPECT_EQ(found("echo", stranger), "hidden");
    EXPECT_EQ(found("echo", owner_of_solo), "echo");
}

TEST_P(PersonalityChanges, AccessIsCheckedAfterTheHit) {
    EXPECT_EQ(found(solo_id, owner_of_solo), "solo");

    EXPECT_EQ(found(solo_id, stranger), "404");
    EXPECT_EQ(found(solo_id, bot_owner), "solo");
}

TEST_P(PersonalityChanges, AnswerNamesItsOwnersForWhoeverKeepsIt) {
    const auto solo =
        read<domain::GetPersonalityResponse>(call("GET", "/user/personality/solo", bot_owner));

    EXPECT_EQ(solo.owner_discord_ids, std::vector<std::string>{owner_of_solo});
}

TEST_P(PersonalityChanges, IdThatWasNobodysIsFoundAsSoonAsItIsSomebodys) {
    EXPECT_EQ(found(nobody_id, owner_of_solo), "404");

    execute(std::string("UPDATE personalities SET id = '") + nobody_id + "' WHERE slug = 'solo'");

    EXPECT_EQ(found(nobody_id, owner_of_solo), "solo");
}

}  // namespace
}  // namespace tutti::services
