// The declared cache on a real node, loaded from a scripted gateway, and what the audit says about
// it.
#include <map>

#include "bot-client/gateway_loaders.hpp"
#include "common/caches/catalogue.hpp"
#include "tutti/inventory.hpp"
#include "tutti/node.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class Activations : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(node->start().has_value()); }

    ScriptedPeer peer;
    HttpGateway gateway{"http://gateway",
                        process::Secret("s3cret"),
                        {.interactive = peer.send(), .background = peer.send()}};
    std::unique_ptr<Node> node = Node::create({.name = "bot"}).value();
    caches::ChannelActivations activations =
        caches::declare_channel_activations(*node, {}, activation_loader(gateway));
};

TEST_F(Activations, AnswerIsTheBodyAsSent) {
    peer.answer(200, active_body());

    const auto found = activations.get("500");

    ASSERT_TRUE(found.has_value());
    EXPECT_EQ((*found)->activation, activation_of_maestro());
    EXPECT_EQ(found->tier(), Tier::source);
}

TEST_F(Activations, RequestCarriesTheSecretAndNoUser) {
    peer.answer(200, active_body());

    (void)activations.get("500");

    const SentRequest& sent = peer.requests.front();
    EXPECT_EQ(sent.request.method, "GET");
    EXPECT_EQ(sent.request.path, "/user/channel/500");
    EXPECT_EQ(sent.header("X-Service-Auth"), "s3cret");
    EXPECT_EQ(sent.header("X-User-Id"), "(none)");
    EXPECT_LE(sent.deadline, Boottime::now() + 5s);
}

TEST_F(Activations, SecondReadIsServedFromMemory) {
    peer.answer(200, active_body());

    (void)activations.get("500");
    const auto again = activations.get("500");

    EXPECT_EQ(again->tier(), Tier::memory);
    EXPECT_THAT(peer.requests, SizeIs(1));
}

TEST_F(Activations, InactiveIsAnAnswerAndIsCached) {
    peer.answer(200, R"({"isActivated":false})");

    (void)activations.get("500");
    const auto again = activations.get("500");

    EXPECT_FALSE((*again)->is_activated);
    EXPECT_EQ(again->tier(), Tier::memory);
    EXPECT_THAT(peer.requests, SizeIs(1));
}

TEST_F(Activations, FailureIsNotCached) {
    peer.answer(http::ErrorCode::internal_error);
    peer.fail_with(Errc::unavailable);
    peer.answer(200, R"({"isActivated":"perhaps"})");
    peer.answer(200, active_body());

    EXPECT_FALSE(activations.get("500").has_value());
    EXPECT_FALSE(activations.get("500").has_value());
    EXPECT_FALSE(activations.get("500").has_value());
    EXPECT_TRUE(activations.get("500").has_value());
    EXPECT_THAT(peer.requests, SizeIs(4));
}

TEST_F(Activations, InvalidatedActivationIsAskedForAgain) {
    peer.answer(200, R"({"isActivated":false})");
    peer.answer(200, active_body());
    (void)activations.get("500");

    const auto sent = activations.invalidate("500", 1s);

    EXPECT_TRUE(sent.published()) << sent.reason;
    EXPECT_TRUE((*activations.get("500"))->is_activated);
}

process::Environment environment(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

const Declaration& declared(const Inventory& inventory, std::string_view name) {
    for (const InventoryRow& row : inventory) {
        if (row.declaration.name == name) return row.declaration;
    }
    throw std::runtime_error("not declared");
}

TEST(Catalogue, DemonstrationIsCriticalAndSaysSo) {
    const auto node = Node::create({.name = "bot"}).value();
    const auto demonstration = caches::Demonstration::parse(
        environment({{"TUTTI_DEMO_CHANNEL_ACTIVATION", "local"}, {"TUTTI_DEMO_TTL_MS", "2000"}}));

    const auto cache = caches::declare_channel_activations(
        *node, *demonstration,
        [](const std::string&, LoadContext&) { return domain::GetChannelActivationResponse{}; });

    const Inventory inventory = node->inventory();
    const Declaration& row = declared(inventory, "channel-activation");
    EXPECT_EQ(grade(row).risk, Risk::critical);
    EXPECT_EQ(row.memory_ttl, Ttl(2s));
    EXPECT_THAT(row.note, HasSubstr("demonstration"));
    ASSERT_TRUE(node->start().has_value());
    const auto sent = cache.invalidate("500", 1s);
    EXPECT_FALSE(sent.published());
    EXPECT_THAT(sent.reason, HasSubstr("not told"));
}

TEST(Catalogue, WithoutSwitchesThereIsNoDemonstration) {
    const auto none = caches::Demonstration::parse(environment({}));
    const auto empty =
        caches::Demonstration::parse(environment({{"TUTTI_DEMO_CHANNEL_ACTIVATION", ""}}));

    EXPECT_EQ(none->channel_activation, caches::Demonstration::ChannelActivation::coherent);
    EXPECT_EQ(empty->channel_activation, caches::Demonstration::ChannelActivation::coherent);
    EXPECT_FALSE(none->local_ttl.has_value());
}

TEST(Catalogue, WrongSwitchesAreNamedTogether) {
    for (const char* ttl : {"0", "-1", "2s", "3600001", "99999999999999999999"}) {
        const auto parsed = caches::Demonstration::parse(
            environment({{"TUTTI_DEMO_CHANNEL_ACTIVATION", "remote"}, {"TUTTI_DEMO_TTL_MS", ttl}}));

        ASSERT_FALSE(parsed.has_value()) << ttl;
        EXPECT_EQ(parsed.error().code, Errc::invalid_option);
        EXPECT_THAT(parsed.error().cause, AllOf(HasSubstr("TUTTI_DEMO_CHANNEL_ACTIVATION"),
                                                HasSubstr("TUTTI_DEMO_TTL_MS")));
    }
}

}  // namespace
}  // namespace tutti::services::bot
