// Whether a model takes pictures, by a list that another node of the fleet keeps in the store.
#include "ai-worker/capability/model_capability.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "tutti/node.hpp"
#include "unit/ai_worker/fakes.hpp"

namespace tutti::services::worker::capability {
namespace {

using fakes::listed_model;

// The gateway's side is a cache of another node, as in the fleet.
class Capability : public ::testing::Test {
protected:
    void list(domain::ModelCatalogue models) {
        const auto stored = gateway_models.offer(caches::models_key, std::move(models));
        ASSERT_TRUE(stored) << stored.error().message();
    }
    void unlist() {
        ASSERT_EQ(gateway_models.invalidate(caches::models_key).outcome,
                  Invalidation::Outcome::published);
    }
    [[nodiscard]] bool supports(const std::string& id) const {
        return capability.supports_vision(id);
    }

    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create();
    std::unique_ptr<Node> gateway = Node::create({.name = "api-gateway", .embedded = hub}).value();
    caches::Models gateway_models = caches::declare_models(
        *gateway, [](const std::string&, LoadContext&) -> Result<domain::ModelCatalogue> {
            return fail(Errc::unavailable, "fetch", "no provider");
        });
    std::unique_ptr<Node> node = Node::create({.name = "ai-worker", .embedded = hub}).value();
    ModelCapability capability{caches::declare_model_capabilities(*node)};
    bool started = gateway->start().has_value() && node->start().has_value();
};

TEST_F(Capability, IsWhatTheListSays) {
    list({listed_model("a/sees", {"text", "image"}), listed_model("openai/gpt-4o", {"text"})});

    EXPECT_TRUE(supports("a/sees"));
    EXPECT_FALSE(supports("openai/gpt-4o")) << "whatever its name promises";
}

TEST_F(Capability, FreeVariantIsTheSameModel) {
    list(
        {listed_model("a/sees", {"image"}), listed_model("google/gemma-3-27b-it:free", {"image"})});

    EXPECT_TRUE(supports("a/sees:free"));
    EXPECT_TRUE(supports("google/gemma-3-27b-it"));
}

TEST_F(Capability, IsGuessedByTheNameWithoutAListAndForAModelThatItLacks) {
    EXPECT_TRUE(supports("openai/gpt-4o")) << "there is no list";
    EXPECT_FALSE(supports("a/reads"));

    list({listed_model("a/reads", {"image"})});

    EXPECT_TRUE(supports("openai/gpt-4o")) << "the list lacks it";
    EXPECT_FALSE(supports("openai/gpt-3.5-turbo"));
}

TEST_F(Capability, AGuessIsNotKept) {
    EXPECT_FALSE(supports("a/sees"));

    list({listed_model("a/sees", {"image"})});

    EXPECT_TRUE(supports("a/sees")) << "the list is asked again at once";
}

TEST_F(Capability, AnswerIsKept) {
    list({listed_model("a/sees", {"image"})});
    ASSERT_TRUE(supports("a/sees"));

    unlist();

    EXPECT_TRUE(supports("a/sees"));
}

TEST_F(Capability, ARefreshReadsTheListAnew) {
    list({listed_model("a/sees", {"image"})});
    const auto other = Node::create({.name = "ai-worker-2", .embedded = hub}).value();
    const auto cache = caches::declare_model_capabilities(*other);
    ASSERT_TRUE(other->start());
    ASSERT_TRUE(cache.get("a/sees").value_or(false));
    unlist();
    list({listed_model("a/sees", {"text"})});
    ASSERT_TRUE(cache.get("a/sees").value_or(false)) << "from memory";

    EXPECT_FALSE(cache.refresh("a/sees").value_or(true));

    EXPECT_FALSE(cache.get("a/sees").value_or(true));
}

// Nothing clears it by hand, either: a worker that starts has nothing in memory.
TEST_F(Capability, ANewWorkerReadsTheListAnew) {
    list({listed_model("a/sees", {"image"})});
    ASSERT_TRUE(supports("a/sees"));
    unlist();
    list({listed_model("a/sees", {"text"})});
    ASSERT_TRUE(supports("a/sees")) << "from memory";

    const auto other = Node::create({.name = "ai-worker-2", .embedded = hub}).value();
    const ModelCapability cleared(caches::declare_model_capabilities(*other));
    ASSERT_TRUE(other->start());

    EXPECT_FALSE(cleared.supports_vision("a/sees"));
}

TEST_F(Capability, StoppedNodeIsAnsweredByTheName) {
    node->stop();

    EXPECT_TRUE(supports("anthropic/claude-3-opus"));
    EXPECT_FALSE(supports("a/sees"));
}

TEST(VisionByName, IsTheListOfTheDeployment) {
    for (const char* id :
         {"openai/gpt-4-vision", "openai/gpt-4o", "openai/gpt-4-turbo", "anthropic/claude-3-opus",
          "anthropic/claude-4-opus", "google/gemini-1.5-pro", "google/gemini-2.0-flash",
          "gemma3-12b", "google/gemma-3-27b-it", "google/gemma-3-27b-it:free", "qwen/qwen-vl-plus",
          "qwen/qwen2-vl-72b", "meta-llama/llama-3.2-11b-vision", "OpenAI/GPT-4O"}) {
        EXPECT_TRUE(looks_like_vision(id)) << id;
    }
    for (const char* id : {"openai/gpt-3.5-turbo", "google/gemma-2-27b", "meta-llama/llama-3-70b",
                           "openai/gpt-4", "google/gemini-1.0", "qwen/qwen-72b", ""}) {
        EXPECT_FALSE(looks_like_vision(id)) << id;
    }
}

}  // namespace
}  // namespace tutti::services::worker::capability
