// The lists to choose from on a real node, loaded from a scripted gateway, and what a user sees of
// them.
#include "bot-client/autocomplete.hpp"

#include <chrono>
#include <thread>

#include "bot-client/gateway_loaders.hpp"
#include "common/caches/catalogue.hpp"
#include "common/caches/invalidation_services.hpp"
#include "tutti/node.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* owner = "999";

domain::PersonalitySummary summary(std::string name, std::string slug) {
    domain::PersonalitySummary summary;
    summary.id = "id-of-" + slug;
    summary.name = std::move(name);
    summary.slug = std::move(slug);
    return summary;
}
std::string personalities(std::vector<domain::PersonalitySummary> list) {
    return json::write(domain::ListPersonalitiesResponse{std::move(list)});
}
std::string one_personality() { return personalities({summary("Maestro", "maestro")}); }
constexpr const char* one_persona =
    R"({"personas":[{"id":"p1","name":"Me","content":"a long text","isDefault":true}]})";

std::vector<std::string> values(const Autocomplete::Outcome& outcome) {
    std::vector<std::string> found;
    for (const Choice& choice : outcome.choices) found.push_back(choice.value);
    return found;
}

class Choosing : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(node->start().has_value()); }

    Autocomplete::Outcome type(std::string option, std::string text = "",
                               std::string user = "200") {
        return autocomplete.choose({.command = "channel activate",
                                    .option = std::move(option),
                                    .text = std::move(text),
                                    .user_id = std::move(user)});
    }
    Autocomplete::Outcome type_config(const std::string& command, std::string text = "",
                                      std::string user = owner) {
        return autocomplete.choose({.command = "preset global " + command,
                                    .option = "config",
                                    .text = std::move(text),
                                    .user_id = std::move(user)});
    }

    ScriptedPeer peer;
    HttpGateway gateway{"http://gateway",
                        process::Secret("s3cret"),
                        {.interactive = peer.send(), .background = peer.send()}};
    std::unique_ptr<Node> node = Node::create({.name = "bot"}).value();
    caches::PersonalityLists personality_lists =
        caches::declare_personality_lists(*node, personality_list_loader(gateway));
    caches::PersonaLists persona_lists =
        caches::declare_persona_lists(*node, persona_list_loader(gateway));
    caches::GlobalConfigs global_configs =
        caches::declare_global_configs(*node, global_config_loader(gateway));
    caches::InvalidationService personality_changes =
        caches::declare_invalidation(*node, caches::personality_events);
    Autocomplete autocomplete{
        {.personalities = [this](const std::string& id) { return personality_lists.get(id); },
         .personas = [this](const std::string& id) { return persona_lists.get(id); },
         .global_configs = [this] { return global_configs.get(caches::global_configs_key); }},
        owner};
};

TEST_F(Choosing, MissAsksTheGatewayOnBehalfOfTheUser) {
    peer.answer(200, one_personality());
    peer.answer(200, one_persona);

    (void)type("personality");
    (void)type("persona");

    ASSERT_THAT(peer.requests, SizeIs(2));
    EXPECT_EQ(peer.requests[0].request.path, "/user/personality");
    EXPECT_EQ(peer.requests[1].request.path, "/user/persona");
    for (const SentRequest& sent : peer.requests) {
        EXPECT_EQ(sent.header("X-User-Id"), "200");
        EXPECT_LE(sent.deadline, Boottime::now() + 3s) << "Discord does not wait longer";
    }
}

TEST_F(Choosing, NextKeystrokeAsksNobody) {
    peer.answer(200, one_personality());

    EXPECT_EQ(type("personality", "m").tier, Tier::source);
    EXPECT_EQ(type("personality", "ma").tier, Tier::memory);

    EXPECT_THAT(peer.requests, SizeIs(1));
}

TEST_F(Choosing, EmptyListIsAHit) {
    peer.answer(200, personalities({}));
    peer.answer(200, R"({"personas":[]})");

    for (const char* option : {"personality", "persona"}) {
        EXPECT_THAT(type(option).choices, IsEmpty());
        EXPECT_THAT(type(option).choices, IsEmpty());
    }

    EXPECT_THAT(peer.requests, SizeIs(2));
}

TEST_F(Choosing, UsersHaveListsOfTheirOwn) {
    peer.answer(200, one_personality());
    peer.answer(200, personalities({summary("Solo", "solo")}));

    EXPECT_THAT(values(type("personality", "", "200")), ElementsAre("maestro"));
    EXPECT_THAT(values(type("personality", "", "201")), ElementsAre("solo"));
    EXPECT_THAT(values(type("personality", "", "200")), ElementsAre("maestro"));
}

TEST_F(Choosing, PersonasLeaveThePersonalitiesAloneAndBothServeFromMemory) {
    peer.answer(200, one_personality());
    peer.answer(200, one_persona);
    (void)type("personality");
    (void)type("persona");

    EXPECT_EQ(type("personality").tier, Tier::memory);
    EXPECT_EQ(type("persona").tier, Tier::memory);
    EXPECT_THAT(peer.requests, SizeIs(2));
}

TEST_F(Choosing, FailureIsAChoiceThatSaysSoAndIsNotKept) {
    peer.answer(http::ErrorCode::internal_error);
    peer.fail_with(Errc::unavailable);
    peer.answer(200, R"({"personalities":"none"})");
    peer.answer(200, one_personality());

    for (int i = 0; i < 3; ++i) {
        const auto failed = type("personality", "zzz");
        EXPECT_THAT(values(failed), ElementsAre(autocomplete_error));
        EXPECT_FALSE(failed.freshness.has_value());
    }
    EXPECT_THAT(values(type("personality")), ElementsAre("maestro"));
}

TEST_F(Choosing, ChangedPersonaConcernsItsUserAlone) {
    peer.answer(200, one_persona);
    peer.answer(200, R"({"personas":[]})");
    (void)type("persona", "", "200");
    (void)type("persona", "", "201");
    peer.answer(200, R"({"personas":[]})");

    EXPECT_TRUE(persona_lists.invalidate("200").published());

    EXPECT_EQ(type("persona", "", "200").tier, Tier::source);
    EXPECT_EQ(type("persona", "", "201").tier, Tier::memory);
}

TEST_F(Choosing, AnyChangeOfAPersonalityEmptiesTheListsOfAllUsers) {
    peer.answer(200, one_personality());
    (void)type("personality", "", "200");
    (void)type("personality", "", "201");

    EXPECT_TRUE(personality_changes.invalidate("7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01").published());

    EXPECT_EQ(type("personality", "", "200").tier, Tier::source);
    EXPECT_EQ(type("personality", "", "201").tier, Tier::source);
}

TEST_F(Choosing, PersonaShowsItsPreferredNameAndWhichIsTheDefault) {
    peer.answer(200, R"({"personas":[{"id":"p1","name":"Me","preferredName":null,"isDefault":true},
        {"id":"p2","name":"Other","preferredName":"Cap","isDefault":false}]})");

    const auto all = type("persona");

    ASSERT_THAT(all.choices, SizeIs(2));
    EXPECT_EQ(all.choices[0].name, "Me (default)");
    EXPECT_EQ(all.choices[1].name, "Cap");
    EXPECT_THAT(values(type("persona", "cAP")), ElementsAre("p2"));
    EXPECT_THAT(values(type("persona", "oth")), ElementsAre("p2"));
}

TEST_F(Choosing, PersonalityShowsWhoseItIsAndIsFoundByNameSlugOrDisplayName) {
    auto own_private = summary("Solo", "one");
    own_private.is_owned = true;
    auto own_public = own_private;
    own_public.is_public = true;
    own_public.slug = "two";
    own_public.display_name = {"The Soloist"};
    peer.answer(200, personalities({own_private, own_public, summary("Echo", "three")}));

    const auto all = type("personality");

    ASSERT_THAT(all.choices, SizeIs(3));
    EXPECT_EQ(all.choices[0].name, "\xF0\x9F\x94\x92 Solo (one)");
    EXPECT_EQ(all.choices[1].name, "\xF0\x9F\x8C\x90 The Soloist (two)");
    EXPECT_EQ(all.choices[2].name, "\xF0\x9F\x93\x96 Echo (three)");
    EXPECT_THAT(values(type("personality", "SOLO")), ElementsAre("one", "two"));
    EXPECT_THAT(values(type("personality", "soloist")), ElementsAre("two"));
    EXPECT_THAT(values(type("personality", "hre")), ElementsAre("three"));
    EXPECT_THAT(values(type("personality", "nobody")), IsEmpty());
}

TEST_F(Choosing, ThereAreAtMostAsManyChoicesOfSuchALengthAsDiscordTakes) {
    std::vector<domain::PersonalitySummary> many{summary("Too long", std::string(101, 's'))};
    for (int i = 0; i < 30; ++i) many.push_back(summary(std::string(120, 'n'), std::to_string(i)));
    many[1].name = std::string(97, 'n') + "\xF0\x9F\x94\x92\xF0\x9F\x94\x92";
    peer.answer(200, personalities(many));

    const auto chosen = type("personality");

    ASSERT_THAT(chosen.choices, SizeIs(25));
    EXPECT_EQ(chosen.choices.front().value, "0");
    EXPECT_THAT(chosen.choices.front().name, EndsWith("n")) << "half a character";
    for (const Choice& choice : chosen.choices) EXPECT_LE(choice.name.size(), 102U);
}

TEST_F(Choosing, UnknownOptionHasNoChoices) {
    EXPECT_THAT(type("colour").choices, IsEmpty());
    EXPECT_THAT(type("config", "", owner).choices, IsEmpty()) << "of another command";
}

constexpr const char* configs =
    R"({"configs":[{"id":"1","name":"Quick","provider":"o","model":"a/haiku","isGlobal":true,
    "isDefault":true,"isFreeDefault":false},{"id":"2","name":"Gratis","provider":"o",
    "model":"g/gemma:free","isGlobal":true,"isDefault":false,"isFreeDefault":true},{"id":"3",
    "name":"Mine","provider":"o","model":"m/own","isGlobal":false,"isDefault":false,
    "isFreeDefault":false}]})";

TEST_F(Choosing, OwnerChoosesFromTheGlobalConfigurations) {
    peer.answer(200, configs);

    const auto all = type_config("set-default");

    ASSERT_THAT(all.choices, SizeIs(2)) << "a user's own is not global";
    EXPECT_EQ(all.choices[0].name, "Quick (haiku) [DEFAULT]");
    EXPECT_EQ(all.choices[1].name, "Gratis (gemma:free) [FREE]");
    EXPECT_THAT(values(type_config("set-free-default")), ElementsAre("2"));
    EXPECT_THAT(values(type_config("set-default", "QUI")), ElementsAre("1"));
    EXPECT_THAT(values(type_config("set-default", "gemma")), ElementsAre("2"));
    EXPECT_THAT(peer.requests, SizeIs(1));
    EXPECT_EQ(peer.requests.front().request.path, "/admin/llm-config");
}

TEST_F(Choosing, NobodyElseDoes) {
    EXPECT_THAT(type_config("set-default", "", "200").choices, IsEmpty());
    EXPECT_THAT(peer.requests, IsEmpty());
}

TEST_F(Choosing, NoGlobalConfigurationIsAHitAndAFailureIsNot) {
    peer.answer(http::ErrorCode::internal_error);
    peer.answer(200, R"({"configs":[]})");

    EXPECT_THAT(values(type_config("set-default")), ElementsAre(autocomplete_error));
    EXPECT_THAT(type_config("set-default").choices, IsEmpty());
    EXPECT_EQ(type_config("set-default").tier, Tier::memory);
    EXPECT_THAT(peer.requests, SizeIs(2));
}

// As declared, but with a TTL that a test can outwait.
class ShortLived : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(node->start().has_value()); }

    // Waits until what is in memory is past its TTL.
    void outlive() {
        const auto end = Boottime::now() + 5ms;
        while (Boottime::now() < end) std::this_thread::yield();
    }
    Result<Lookup<std::vector<domain::PersonalitySummary>>> get() { return cache.get("200"); }
    CacheOptions<std::string, std::vector<domain::PersonalitySummary>> options() {
        auto declared = caches::personality_list_options(personality_list_loader(gateway));
        declared.ttl = 1ms;
        return declared;
    }

    ScriptedPeer peer;
    HttpGateway gateway{"http://gateway",
                        process::Secret("s3cret"),
                        {.interactive = peer.send(), .background = peer.send()}};
    std::unique_ptr<Node> node = Node::create({.name = "bot"}).value();
    caches::PersonalityLists cache = node->coherent(options());
};

TEST_F(ShortLived, LastKnownListIsServedWhileTheGatewayIsAway) {
    for (const int failure : {429, 500, 503, 0}) {
        ScriptedPeer& scripted = peer;
        scripted = {};
        scripted.answer(200, one_personality());
        if (failure == 0) {
            scripted.fail_with(Errc::timeout);
        } else {
            scripted.answer(failure, "{}");
        }
        ASSERT_TRUE(get().has_value());
        outlive();

        const auto again = get();

        ASSERT_TRUE(again.has_value()) << failure << ": " << again.error().message();
        EXPECT_EQ(again->freshness(), Freshness::stale) << failure;
        EXPECT_THAT(**again, SizeIs(1));
        EXPECT_TRUE(cache.invalidate("200").published());
    }
}

TEST_F(ShortLived, AccessThatWasTakenAwayIsNeverServedFromTheLastKnownList) {
    for (const int refusal : {400, 401, 403, 404}) {
        ScriptedPeer& scripted = peer;
        scripted = {};
        scripted.answer(200, one_personality());
        scripted.answer(refusal, "{}");
        ASSERT_TRUE(get().has_value());
        outlive();

        EXPECT_FALSE(get().has_value()) << refusal;
        EXPECT_TRUE(cache.invalidate("200").published());
    }
}

TEST_F(ShortLived, ListThatWasInvalidatedIsNoLastKnownOne) {
    peer.answer(200, one_personality());
    peer.fail_with(Errc::unavailable);
    ASSERT_TRUE(get().has_value());

    EXPECT_TRUE(cache.invalidate_all().published());

    EXPECT_FALSE(get().has_value());
}

}  // namespace
}  // namespace tutti::services::bot
