// Whether a model takes pictures, by the list that a gateway keeps in a real Redis.
#include <gtest/gtest.h>

#include <memory>

#include "ai-worker/capability/model_capability.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"
#include "unit/ai_worker/fakes.hpp"

namespace tutti::services::worker::capability {
namespace {

class CapabilityOnRedis : public ::testing::Test {
protected:
    std::unique_ptr<Node> node(const std::string& name) const {
        return Node::create(
                   {.name = name, .redis = redis.url(), .app = std::string(caches::app_name)})
            .value();
    }
    void list(domain::ModelCatalogue models) {
        ASSERT_TRUE(listed.offer(caches::models_key, std::move(models)));
    }

    tests::RedisServer redis;
    std::unique_ptr<Node> gateway = node("api-gateway");
    caches::Models listed = caches::declare_models(
        *gateway, [](const std::string&, LoadContext&) -> Result<domain::ModelCatalogue> {
            return fail(Errc::unavailable, "fetch", "no provider");
        });
    std::unique_ptr<Node> worker = node("ai-worker");
    ModelCapability capability{caches::declare_model_capabilities(*worker)};
    bool started = gateway->start().has_value() && worker->start().has_value();
};

TEST_F(CapabilityOnRedis, IsReadOnceAndThenFromMemory) {
    list({fakes::listed_model("a/sees", {"text", "image"}),
          fakes::listed_model("openai/gpt-4o", {"text"}),
          fakes::listed_model("google/gemma-3-27b-it:free", {"image"})});
    EXPECT_TRUE(capability.supports_vision("a/sees"));
    EXPECT_FALSE(capability.supports_vision("openai/gpt-4o")) << "whatever its name promises";
    EXPECT_TRUE(capability.supports_vision("google/gemma-3-27b-it"));

    redis.command({"DEL", "openrouter:models"});

    EXPECT_TRUE(capability.supports_vision("a/sees:free"));
    EXPECT_FALSE(capability.supports_vision("openai/gpt-4o"));
}

TEST_F(CapabilityOnRedis, IsGuessedByTheNameWithoutAListWithAListThatIsNoneAndWithoutRedis) {
    EXPECT_TRUE(capability.supports_vision("openai/gpt-4o"));
    EXPECT_FALSE(capability.supports_vision("a/sees"));

    redis.command({"SET", "openrouter:models", "no list"});
    EXPECT_TRUE(capability.supports_vision("openai/gpt-4o"));
    EXPECT_FALSE(capability.supports_vision("a/sees"));

    redis.kill();
    EXPECT_TRUE(capability.supports_vision("openai/gpt-4o"));
    EXPECT_FALSE(capability.supports_vision("a/sees"));
}

TEST_F(CapabilityOnRedis, AGuessDoesNotOutliveTheOutage) {
    EXPECT_FALSE(capability.supports_vision("a/sees"));

    list({fakes::listed_model("a/sees", {"image"})});

    EXPECT_TRUE(capability.supports_vision("a/sees")) << "a guess was kept";
}

}  // namespace
}  // namespace tutti::services::worker::capability
