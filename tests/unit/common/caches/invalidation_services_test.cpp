#include "common/caches/invalidation_services.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tutti/node.hpp"

namespace tutti::services::caches {
namespace {

TEST(InvalidationServices, DeclareEachChannelAndPublishOnIt) {
    auto node = Node::create({.name = "test"});
    ASSERT_TRUE(node);
    const auto keys = declare_invalidation(**node, api_key_events);
    const auto personas = declare_invalidation(**node, persona_events);

    ASSERT_TRUE((*node)->start());

    EXPECT_TRUE(keys.invalidate("1").published());
    EXPECT_TRUE(personas.invalidate_all().published());
    EXPECT_TRUE((*node)->health().ready);
}

TEST(InvalidationServices, SubscribedCacheForgetsWhatTheServiceTells) {
    auto hub = EmbeddedHub::create();
    auto teller = Node::create({.name = "teller", .embedded = hub});
    auto hearer = Node::create({.name = "hearer", .embedded = hub});
    ASSERT_TRUE(teller && hearer);
    const auto personas = declare_invalidation(**teller, persona_events);
    int loads = 0;
    const auto cache = (*hearer)->coherent(subscribed_to(
        persona_events, CacheOptions<std::string, int>{
                            .name = "persona",
                            .caches = "personas",
                            .stale = Stale::wrong,
                            .ttl = std::chrono::minutes{5},
                            .bound = entries(10),
                            .load = [&loads](const std::string&, LoadContext&) { return ++loads; },
                        }));
    ASSERT_TRUE((*teller)->start());
    ASSERT_TRUE((*hearer)->start());
    EXPECT_EQ(**cache.get("1"), 1);
    EXPECT_EQ(**cache.get("1"), 1);

    EXPECT_TRUE(personas.invalidate("1").published());

    const auto give_up = Boottime::now() + std::chrono::seconds{10};
    while (**cache.get("1") == 1 && Boottime::now() < give_up) {
    }
    EXPECT_EQ(**cache.get("1"), 2);
}

}  // namespace
}  // namespace tutti::services::caches
