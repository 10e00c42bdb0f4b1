// Personalities on a real node, loaded from a scripted gateway: one entry for all users, and the
// access of each checked after the hit.
#include "bot-client/personality_access.hpp"

#include <map>

#include "bot-client/gateway_loaders.hpp"
#include "common/caches/catalogue.hpp"
#include "common/caches/invalidation_services.hpp"
#include "tutti/node.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* bot_owner = "999";

domain::GetPersonalityResponse shared_by_two() {
    domain::GetPersonalityResponse found{.personality = maestro(),
                                         .owner_discord_ids = {{"100", "101"}}};
    found.personality.is_public = false;
    return found;
}

// A gateway with one personality.
class OnePersonality final : public GatewayApi {
public:
    GatewayResult<std::optional<domain::GetPersonalityResponse>> read_personality(
        const std::string& text, TimePoint) override {
        asked.push_back(text);
        if (failure) return std::unexpected(*failure);
        if (text == found.personality.id || text == found.personality.slug) return found;
        return std::nullopt;
    }
    GatewayResult<domain::GetChannelActivationResponse> read_activation(const std::string&,
                                                                        TimePoint) override {
        return std::unexpected(GatewayFailure{});
    }
    GatewayResult<domain::ActivateChannelResponse> activate(const domain::ActivateChannelRequest&,
                                                            const std::string&,
                                                            TimePoint) override {
        return std::unexpected(GatewayFailure{});
    }
    GatewayResult<domain::DeactivateChannelResponse> deactivate(
        const domain::DeactivateChannelRequest&, const std::string&, TimePoint) override {
        return std::unexpected(GatewayFailure{});
    }
    GatewayResult<std::vector<domain::Activation>> list_activations(
        const std::optional<std::string>&, const std::string&, TimePoint) override {
        return std::unexpected(GatewayFailure{});
    }
    GatewayResult<bool> update_guild(const domain::UpdateChannelGuildRequest&, const std::string&,
                                     TimePoint) override {
        return std::unexpected(GatewayFailure{});
    }
    GatewayResult<std::vector<domain::PersonalitySummary>> list_personalities(const std::string&,
                                                                              TimePoint) override {
        return std::unexpected(GatewayFailure{});
    }
    GatewayResult<std::vector<domain::PersonaSummary>> list_personas(const std::string&,
                                                                     TimePoint) override {
        return std::unexpected(GatewayFailure{});
    }
    GatewayResult<std::vector<domain::LlmConfig>> list_llm_configs(TimePoint) override {
        return std::unexpected(GatewayFailure{});
    }

    domain::GetPersonalityResponse found{.personality = maestro()};
    std::optional<GatewayFailure> failure;
    std::vector<std::string> asked;
};

class Access : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(node->start().has_value()); }

    // The slug of what this user gets; "none"; or "failed".
    std::string get(const std::string& slug, const std::string& user) {
        const auto found = access.find(slug, user);
        if (!found) return "failed";
        return *found ? (*found)->personality.slug : "none";
    }

    OnePersonality gateway;
    std::unique_ptr<Node> node = Node::create({.name = "bot"}).value();
    caches::InvalidationService changes =
        caches::declare_invalidation(*node, caches::personality_events);
    bool gateway_comes_back = false;
    PatientReads reads{{.wait = [this](Duration) {
        if (gateway_comes_back) gateway.failure.reset();
        return gateway_comes_back;
    }}};
    PersonalityAccess access{caches::declare_personality_ids(*node, personality_id_loader(gateway)),
                             caches::declare_personalities(*node, personality_loader(gateway)),
                             reads, bot_owner};
};

TEST_F(Access, SlugIsMappedToAnIdAndTheIdIsWhatIsKept) {
    EXPECT_EQ(get("maestro", "200"), "maestro");

    EXPECT_THAT(gateway.asked, ElementsAre("maestro", maestro().id));
}

TEST_F(Access, AGatewayThatIsRestartedIsWaitedFor) {
    gateway.failure = GatewayFailure{GatewayFailure::Kind::network, 0, "away"};
    gateway_comes_back = true;

    EXPECT_EQ(get("maestro", "200"), "maestro");
}

TEST_F(Access, SecondUserIsAHit) {
    (void)get("maestro", "200");
    (void)get("MAESTRO", "201");

    EXPECT_THAT(gateway.asked, SizeIs(2)) << "both caches were asked before";
}

TEST_F(Access, PrivateOneIsForItsOwnersAndTheBotsOwner) {
    gateway.found = shared_by_two();

    EXPECT_EQ(get("maestro", "100"), "maestro");
    EXPECT_EQ(get("maestro", "101"), "maestro") << "a co-owner who may activate it may talk to it";
    EXPECT_EQ(get("maestro", bot_owner), "maestro");
    EXPECT_EQ(get("maestro", "200"), "none");
    EXPECT_THAT(gateway.asked, SizeIs(2)) << "access is checked after the hit";
}

TEST_F(Access, WhoIsRefusedFirstDoesNotSpoilItForTheOwner) {
    gateway.found = shared_by_two();

    EXPECT_EQ(get("maestro", "200"), "none");

    EXPECT_EQ(get("maestro", "100"), "maestro");
}

TEST_F(Access, UnknownSlugIsRememberedUntilAnyPersonalityChanges) {
    EXPECT_EQ(get("echo", "200"), "none");
    EXPECT_EQ(get("echo", "201"), "none");
    EXPECT_THAT(gateway.asked, SizeIs(1));
    gateway.found.personality.slug = "echo";

    EXPECT_TRUE(changes.invalidate(maestro().id).published());

    EXPECT_EQ(get("echo", "200"), "echo");
}

TEST_F(Access, ChangedPersonalityIsLoadedAgain) {
    (void)get("maestro", "200");
    gateway.found = shared_by_two();
    EXPECT_EQ(get("maestro", "200"), "maestro") << "not changed yet, as far as anybody was told";

    EXPECT_TRUE(changes.invalidate(maestro().id).published());

    EXPECT_EQ(get("maestro", "200"), "none");
}

TEST_F(Access, AllIsAllOfThem) {
    (void)get("maestro", "200");

    EXPECT_TRUE(changes.invalidate_all().published());

    EXPECT_EQ(get("maestro", "200"), "maestro");
    EXPECT_THAT(gateway.asked, SizeIs(4));
}

TEST_F(Access, FailureIsNeitherNoneNorKept) {
    for (const auto& failure : {GatewayFailure{GatewayFailure::Kind::timeout, 0, "late"},
                                GatewayFailure{GatewayFailure::Kind::network, 0, "away"},
                                GatewayFailure{GatewayFailure::Kind::http, 500, "INTERNAL_ERROR"},
                                GatewayFailure{GatewayFailure::Kind::http, 403, "UNAUTHORIZED"}}) {
        gateway.failure = failure;
        EXPECT_EQ(get("maestro", "200"), "failed") << failure.text;
    }
    gateway.failure.reset();

    EXPECT_EQ(get("maestro", "200"), "maestro");
}

TEST_F(Access, OtherPersonalitiesStayWhenOneChanges) {
    (void)get("maestro", "200");
    gateway.asked.clear();

    EXPECT_TRUE(changes.invalidate("00000000-0000-4000-8000-000000000000").published());
    (void)get("maestro", "200");

    EXPECT_THAT(gateway.asked, ElementsAre("maestro")) << "only the slug is looked up again";
}

}  // namespace
}  // namespace tutti::services::bot
