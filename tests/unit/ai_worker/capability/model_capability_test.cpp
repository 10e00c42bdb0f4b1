// Whether a model takes pictures, by a list that another node of the fleet keeps in the store.
#include "ai-worker/capability/model_capability.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "common/domain/model_catalogue.hpp"
#include "tutti/node.hpp"

namespace tutti::services::worker::capability {
namespace {

domain::CatalogueModel model(const std::string& id, std::vector<std::string> inputs) {
    return {.id = id,
            .canonical_slug = {},
            .hugging_face_id = {},
            .name = id,
            .created = {},
            .description = {},
            .context_length = {},
            .architecture = {.modality = {},
                             .input_modalities = std::move(inputs),
                             .output_modalities = {"text"},
                             .tokenizer = {},
                             .instruct_type = {}},
            .pricing = {},
            .top_provider = {},
            .supported_parameters = {}};
}

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
    list({model("a/sees", {"text", "image"}), model("openai/gpt-4o", {"text"})});

    EXPECT_TRUE(supports("a/sees"));
    EXPECT_FALSE(supports("openai/gpt-4o")) << "whatever its name promises";
}

TEST_F(Capability, FreeVariantIsTheSameModel) {
    list({model("a/sees", {"image"}), model("google/gemma-3-27b-it:free", {"image"})});

    EXPECT_TRUE(supports("a/sees:free"));
    EXPECT_TRUE(supports("google/gemma-3-27b-it"));
}

TEST_F(Capability, IsGuessedByTheNameWithoutAListAndForAModelThatItLacks) {
    EXPECT_TRUE(supports("openai/gpt-4o")) << "there is no list";
    EXPECT_FALSE(supports("a/reads"));

    list({model("a/reads", {"image"})});

    EXPECT_TRUE(supports("openai/gpt-4o")) << "the list lacks it";
    EXPECT_FALSE(supports("openai/gpt-3.5-turbo"));
}

TEST_F(Capability, AGuessIsNotKept) {
    EXPECT_FALSE(supports("a/sees"));

    list({model("a/sees", {"image"})});

    EXPECT_TRUE(supports("a/sees")) << "the list is asked again at once";
}

TEST_F(Capability, AnswerIsKept) {
    list({model("a/sees", {"image"})});
    ASSERT_TRUE(supports("a/sees"));

    unlist();

    EXPECT_TRUE(supports("a/sees"));
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
