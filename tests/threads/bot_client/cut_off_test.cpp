// Nobody tells this bot any more what has changed: whoever types may see a list that is a minute
// old, but no message is answered by what may be wrong.
#include <chrono>
#include <thread>

#include "bot-client/gateway_loaders.hpp"
#include "common/caches/catalogue.hpp"
#include "tutti/node.hpp"
#include "tutti/testing/embedded_server.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;

TEST(CutOff, KeystrokesGoOnFromMemoryAndMessagesAskTheGateway) {
    const auto hub = EmbeddedHub::create();
    tutti::testing::EmbeddedServer server(hub);
    const auto node = Node::create({.name = "bot", .embedded = hub, .lease = 500ms}).value();
    ScriptedPeer peer;
    HttpGateway gateway{"http://gateway",
                        process::Secret("s3cret"),
                        {.interactive = peer.send(), .background = peer.send()}};
    const auto lists = caches::declare_personality_lists(*node, personality_list_loader(gateway));
    const auto personas = caches::declare_persona_lists(*node, persona_list_loader(gateway));
    const auto activations =
        caches::declare_channel_activations(*node, {}, activation_loader(gateway));
    ASSERT_TRUE(node->start());
    peer.answer(200, R"({"personalities":[]})");
    peer.answer(200, R"({"personas":[]})");
    peer.answer(200, active_body());
    ASSERT_TRUE(lists.get("200") && personas.get("200") && activations.get("500"));

    server.go_away();
    const auto give_up = Boottime::now() + 10s;
    while (node->health().reasons.size() < 3 && Boottime::now() < give_up) {
        std::this_thread::yield();
    }

    EXPECT_EQ(lists.get("200")->tier(), Tier::memory);
    EXPECT_EQ(personas.get("200")->tier(), Tier::memory);
    EXPECT_EQ(activations.get("500")->tier(), Tier::source);
    EXPECT_THAT(peer.requests, ::testing::SizeIs(4));
}

}  // namespace
}  // namespace tutti::services::bot
