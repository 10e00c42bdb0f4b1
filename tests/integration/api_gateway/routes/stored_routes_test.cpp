// The routes that read and change what users and the operator have stored, on both databases.
#include <algorithm>
#include <future>
#include <set>
#include <vector>

#include "common/domain/llm_config.hpp"
#include "common/domain/persona.hpp"
#include "common/domain/uuid.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* maestro_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01";
constexpr const char* solo_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02";
constexpr const char* nobody_id = "00000000-0000-4000-8000-000000000000";

class PersonalityChanges : public BothDatabases {
protected:
    Personality create(std::string_view user, const std::string& body) {
        const auto response = call("POST", "/user/personality", user, body);
        EXPECT_EQ(response.status, 201) << response.body;
        return read<GetPersonalityResponse>(response).personality;
    }
    std::string found(const std::string& text, std::string_view user) {
        const auto response = call("GET", "/user/personality/" + percent_encode(text), user);
        return response.status == 200 ? read<GetPersonalityResponse>(response).personality.slug
                                      : std::to_string(response.status);
    }
};
TUTTI_ON_BOTH_DATABASES(PersonalityChanges);

TEST_P(PersonalityChanges, NewOneIsReadAsItWasMade) {
    const auto made = create(stranger, R"({"name":"Echo","slug":"echo","isPublic":false,
        "systemPrompt":"You are {{char}}, talk to {{user}}.","characterInfo":"repeats",
        "personalityTone":"soft {shape}","errorMessage":"{personality} is silent"})");

    EXPECT_TRUE(is_uuid(made.id));
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
        return response.status == 200 ? read<GetPersonalityResponse>(response).personality.slug
                                      : std::to_string(response.status);
    };

    EXPECT_EQ(slug_of(solo_id), "solo") << "private, and no user is asked for";
    EXPECT_EQ(slug_of("7C1E2B90-46D3-4F0C-8F5E-1D2C3B4A5F02"), "solo");
    EXPECT_EQ(slug_of("solo"), "solo");
    EXPECT_EQ(slug_of("solo-by-name"), "404");
    EXPECT_EQ(slug_of(nobody_id), "404");
    const auto owners =
        read<GetPersonalityResponse>(call("GET", "/internal/personality/solo")).owner_discord_ids;
    EXPECT_EQ(owners, std::vector<std::string>{std::string(owner_of_solo)});
}

TEST_P(PersonalityChanges, UpdateChangesWhatItNamesAndIsSeenAtOnce) {
    EXPECT_EQ(found("solo", owner_of_solo), "solo");  // from now on in memory

    const auto response =
        call("PUT", "/user/personality/solo", owner_of_solo,
             R"({"displayName":"Solo!","systemPrompt":"Play.","personalityAge":"30"})");

    ASSERT_EQ(response.status, 200) << response.body;
    const auto updated = read<GetPersonalityResponse>(response).personality;
    EXPECT_EQ(updated.display_name, "Solo!");
    EXPECT_EQ(updated.system_prompt, "Play.");
    EXPECT_EQ(updated.personality_age, "30");
    EXPECT_EQ(updated.character_info, "Plays only for friends.");
    EXPECT_EQ(read<GetPersonalityResponse>(call("GET", "/user/personality/solo", owner_of_solo))
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
        read<GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger));
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
        read<GetPersonalityResponse>(call("GET", "/user/personality/solo", bot_owner));

    EXPECT_EQ(solo.owner_discord_ids, std::vector<std::string>{owner_of_solo});
}

TEST_P(PersonalityChanges, IdThatWasNobodysIsFoundAsSoonAsItIsSomebodys) {
    EXPECT_EQ(found(nobody_id, owner_of_solo), "404");

    execute(std::string("UPDATE personalities SET id = '") + nobody_id + "' WHERE slug = 'solo'");

    EXPECT_EQ(found(nobody_id, owner_of_solo), "solo");
}

class Personas : public BothDatabases {
protected:
    Persona create(std::string_view user, const std::string& body) {
        const auto response = call("POST", "/user/persona", user, body);
        EXPECT_EQ(response.status, 201) << response.body;
        return read<GetPersonaResponse>(response).persona;
    }
    std::string names(std::string_view user) {
        std::string text;
        for (const auto& persona :
             read<ListPersonasResponse>(call("GET", "/user/persona", user)).personas) {
            text += persona.name + (persona.is_default ? "* " : " ");
        }
        return text;
    }
};
TUTTI_ON_BOTH_DATABASES(Personas);

TEST_P(Personas, ListMakesTheUsersRow) {
    EXPECT_EQ(call("GET", "/user/persona", "777").body, R"({"personas":[]})");

    execute("UPDATE users SET is_superuser = TRUE WHERE discord_id = '777'");
    EXPECT_EQ(create("777", R"({"name":"A","content":"c"})").name, "A");
}

TEST_P(Personas, FirstOneIsTheDefaultUntilAnotherIs) {
    create(stranger, R"({"name":"Bea","content":"b"})");
    const auto other = create(stranger, R"({"name":"Al","content":"a","pronouns":"they/them"})");
    EXPECT_EQ(names(stranger), "Al Bea* ");

    EXPECT_EQ(call("PATCH", "/user/persona/" + other.id + "/default", stranger).status, 200);

    EXPECT_EQ(names(stranger), "Al* Bea ");
    EXPECT_EQ(other.pronouns, "they/them");
    EXPECT_FALSE(other.preferred_name);
    EXPECT_EQ(other.created_at.size(), std::string_view("2026-01-01T00:00:00.000Z").size());
    EXPECT_TRUE(other.created_at.ends_with('Z'));
}

TEST_P(Personas, UpdateAndDeleteAreForTheOwner) {
    const auto mine = create(stranger, R"({"name":"Bea","content":"b"})");
    const std::string path = "/user/persona/" + mine.id;

    expect_error(call("PUT", path, bot_owner, R"({"name":"X"})"), 404, "NOT_FOUND");
    expect_error(call("DELETE", path, bot_owner), 404, "NOT_FOUND");
    expect_error(call("GET", path, bot_owner), 404, "NOT_FOUND");
    expect_error(call("GET", "/user/persona/nonsense", stranger), 404, "NOT_FOUND");
    const auto updated =
        call("PUT", path, stranger, R"({"content":"new","shareLtmAcrossPersonalities":true})");
    EXPECT_EQ(read<GetPersonaResponse>(updated).persona.content, "new");
    EXPECT_TRUE(read<GetPersonaResponse>(call("GET", path, stranger))
                    .persona.share_ltm_across_personalities);
    EXPECT_EQ(call("DELETE", path, stranger).status, 200);
    EXPECT_EQ(names(stranger), "");
}

TEST_P(Personas, NewOneNeedsANameAndContent) {
    const auto missing = call("POST", "/user/persona", stranger, "{}");

    expect_error(missing, 400, "VALIDATION_ERROR");
    EXPECT_TRUE(missing.body.contains("name: is missing; content: is missing")) << missing.body;
}

class LlmConfigs : public BothDatabases {
protected:
    LlmConfig create(const std::string& name, const std::string& more = "") {
        const auto response =
            call_as_owner("POST", "/admin/llm-config",
                          R"({"name":")" + name + R"(","model":"m/)" + name + '"' + more + '}');
        EXPECT_EQ(response.status, 201) << response.body;
        return read<GetLlmConfigResponse>(response).config;
    }
    std::string names() {
        std::string text;
        for (const auto& config :
             read<ListLlmConfigsResponse>(call("GET", "/admin/llm-config")).configs) {
            text += config.name + (config.is_default ? "*" : "") +
                    (config.is_free_default ? "+" : "") + ' ';
        }
        return text;
    }
    int make_default(const LlmConfig& config, const std::string& which = "set-default") {
        return call_as_owner("PUT", "/admin/llm-config/" + config.id + '/' + which).status;
    }
};
TUTTI_ON_BOTH_DATABASES(LlmConfigs);

TEST_P(LlmConfigs, ListIsDefaultThenFreeDefaultThenGlobalThenByName) {
    const auto zeta = create("zeta");
    const auto yak = create("yak");
    create("beta");
    create("alpha");
    execute("UPDATE llm_configs SET is_global = FALSE WHERE name = 'alpha'");

    EXPECT_EQ(make_default(zeta), 200);
    EXPECT_EQ(make_default(yak, "set-free-default"), 200);

    EXPECT_EQ(names(), "zeta* yak+ beta alpha ");
}

TEST_P(LlmConfigs, ListItemHasTheAgreedShape) {
    const auto made = create("a", R"(,"visionModel":"v","description":"d")");

    const std::string body = call("GET", "/admin/llm-config").body;

    EXPECT_TRUE(body.starts_with(
        R"({"configs":[{"id":")" + made.id +
        R"(","name":"a","description":"d","provider":"openrouter","model":"m/a","visionModel":"v",)"
        R"("isGlobal":true,"isDefault":false,"isFreeDefault":false,"ownerId":")"))
        << body;
    EXPECT_TRUE(body.ends_with(std::string(R"("ownerInfo":{"discordId":")") + bot_owner +
                               R"(","username":")" + bot_owner + R"("}}]})"))
        << body;
}

TEST_P(LlmConfigs, OnlyOneIsTheDefaultHoweverManyAskAtOnce) {
    std::vector<LlmConfig> configs;
    for (const char* name : {"a", "b", "c", "d"}) configs.push_back(create(name));

    std::vector<std::future<int>> calls;
    for (int i = 0; i < 16; ++i) {
        calls.push_back(std::async(std::launch::async, [&, i] {
            return make_default(configs[static_cast<std::size_t>(i) % configs.size()]);
        }));
    }
    for (auto& done : calls) EXPECT_EQ(done.get(), 200);

    EXPECT_EQ(std::ranges::count(names(), '*'), 1);
}

TEST_P(LlmConfigs, DefaultIsWhatPersonalitiesWithoutTheirOwnGet) {
    const auto before =
        read<GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger));
    EXPECT_EQ(before.personality.model, "anthropic/claude-haiku-4.5");

    make_default(create("a", R"(,"temperature":0.25,"topP":0.9,"topK":7,"memoryLimit":3)"));

    const auto after =
        read<GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger))
            .personality;
    EXPECT_EQ(after.model, "m/a");
    EXPECT_DOUBLE_EQ(after.temperature, 0.25);
    EXPECT_DOUBLE_EQ(after.top_p.value_or(0), 0.9);
    EXPECT_EQ(after.top_k, 7);
    EXPECT_EQ(after.memory_limit, 3);
    EXPECT_FALSE(after.frequency_penalty);
}

TEST_P(LlmConfigs, UpdateIsSeenInPersonalitiesAtOnce) {
    const auto config = create("a");
    make_default(config);
    call("GET", "/user/personality/maestro", stranger);

    const auto response =
        call_as_owner("PUT", "/admin/llm-config/" + config.id, R"({"model":"m/new"})");

    EXPECT_EQ(read<GetLlmConfigResponse>(response).config.model, "m/new");
    EXPECT_EQ(read<GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger))
                  .personality.model,
              "m/new");
}

TEST_P(LlmConfigs, DefaultCannotBeDeletedAndAnotherCan) {
    const auto first = create("a");
    const auto second = create("b");
    make_default(first);

    expect_error(call_as_owner("DELETE", "/admin/llm-config/" + first.id), 409, "CONFLICT");
    EXPECT_EQ(call_as_owner("DELETE", "/admin/llm-config/" + second.id).status, 200);
    expect_error(call_as_owner("DELETE", "/admin/llm-config/" + second.id), 404, "NOT_FOUND");
    EXPECT_EQ(names(), "a* ");
}

TEST_P(LlmConfigs, OnlyTheOwnerChanges) {
    const std::string body = R"({"name":"a","model":"m"})";

    expect_error(call("POST", "/admin/llm-config", stranger, body), 403, "UNAUTHORIZED");
    expect_error(call("POST", "/admin/llm-config", bot_owner, body), 403, "UNAUTHORIZED");
    EXPECT_EQ(call("GET", "/admin/llm-config").status, 200);
}

TEST_P(LlmConfigs, NumbersOutOfRangeAreNamed) {
    const auto response = call_as_owner("POST", "/admin/llm-config",
                                        R"({"name":"a","model":"m","temperature":3,"topK":-1})");

    expect_error(response, 400, "VALIDATION_ERROR");
    EXPECT_TRUE(response.body.contains("temperature: must be from")) << response.body;
    EXPECT_TRUE(response.body.contains("topK: must be from")) << response.body;
}

class UserSettings : public LlmConfigs {};
TUTTI_ON_BOTH_DATABASES(UserSettings);

TEST_P(UserSettings, OverrideIsSetReplacedListedAndRemoved) {
    const auto first = create("a");
    const auto second = create("b");
    const auto set = [&](const LlmConfig& config) {
        return call("PUT", "/user/model-override", stranger,
                    R"({"personalityId":")" + std::string(maestro_id) + R"(","configId":")" +
                        config.id + "\"}");
    };

    set(first);
    const auto answer = set(second);

    EXPECT_EQ(answer.body, R"({"override":{"personalityId":")" + std::string(maestro_id) +
                               R"(","personalityName":"Maestro","configId":")" + second.id +
                               R"(","configName":"b"}})");
    const auto list =
        read<ListModelOverridesResponse>(call("GET", "/user/model-override", stranger));
    ASSERT_EQ(list.overrides.size(), 1U);
    EXPECT_EQ(list.overrides[0].config_id, second.id);
    const std::string path = std::string("/user/model-override/") + maestro_id;
    EXPECT_EQ(call("DELETE", path, stranger).body, R"({"deleted":true})");
    EXPECT_EQ(call("DELETE", path, stranger).body, R"({"deleted":false})");
    EXPECT_EQ(call("GET", "/user/model-override", stranger).body,
              R"({"overrides":[],"defaultConfigId":null})");
}

TEST_P(UserSettings, DefaultOfAUserIsSetAndRemoved) {
    const auto config = create("a");

    const auto set = call("PUT", "/user/model-override/default", stranger,
                          R"({"configId":")" + config.id + "\"}");

    EXPECT_EQ(set.body, R"({"defaultConfigId":")" + config.id + "\"}");
    EXPECT_EQ(read<ListModelOverridesResponse>(call("GET", "/user/model-override", stranger))
                  .default_config_id,
              config.id);
    EXPECT_EQ(call("DELETE", "/user/model-override/default", stranger).body,
              R"({"defaultConfigId":null})");
}

TEST_P(UserSettings, UnknownAndForbiddenChoicesAreNotFound) {
    const auto config = create("a");
    const auto set = [&](const std::string& personality, const std::string& config_id) {
        return call(
            "PUT", "/user/model-override", stranger,
            R"({"personalityId":")" + personality + R"(","configId":")" + config_id + "\"}");
    };

    expect_error(set(solo_id, config.id), 404, "NOT_FOUND");
    expect_error(set(maestro_id, nobody_id), 404, "NOT_FOUND");
    expect_error(set("x", "y"), 404, "NOT_FOUND");
    expect_error(set("", ""), 400, "VALIDATION_ERROR");
}

TEST_P(UserSettings, KeyIsNotedAndNotKept) {
    const std::string key = "sk-very-secret-key";

    const auto set = call("POST", "/wallet/set", stranger,
                          R"({"provider":"openrouter","apiKey":")" + key + "\"}");

    EXPECT_EQ(set.status, 200) << set.body;
    EXPECT_TRUE(set.body.starts_with(
        R"({"success":true,"provider":"openrouter","stored":false,"timestamp":)"))
        << set.body;
    EXPECT_EQ(call("GET", "/wallet/list", stranger).body, R"({"providers":["openrouter"]})");
    EXPECT_EQ(call("DELETE", "/wallet/openrouter", stranger).body, R"({"deleted":true})");
    expect_error(call("DELETE", "/wallet/openrouter", stranger), 404, "NOT_FOUND");
    expect_error(call("POST", "/wallet/set", stranger, R"({"provider":"X Y","apiKey":""})"), 400,
                 "VALIDATION_ERROR");
}

}  // namespace
}  // namespace tutti::services
