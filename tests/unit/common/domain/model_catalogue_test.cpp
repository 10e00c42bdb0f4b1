#include "common/domain/model_catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::services::domain {
namespace {

using ::testing::HasSubstr;

// As the provider spells it, with members that are not kept.
constexpr const char* answer = R"({"data":[{
    "id":"openai/gpt-4o","canonical_slug":"openai/gpt-4o-2024","hugging_face_id":null,
    "name":"OpenAI: GPT-4o","created":1715558400,"description":"text","context_length":128000,
    "architecture":{"modality":"text+image->text","input_modalities":["text","image"],
        "output_modalities":["text"],"tokenizer":"GPT","instruct_type":null},
    "pricing":{"prompt":"0.0000025","completion":"0.00001","request":"0","image":"0.0036",
        "web_search":"0","internal_reasoning":"0","input_cache_read":"0.00000125"},
    "top_provider":{"context_length":128000,"max_completion_tokens":16384,"is_moderated":true},
    "per_request_limits":{"prompt_tokens":"1"},"supported_parameters":["seed"],
    "default_parameters":{"temperature":null}}]})";

TEST(ModelCatalogue, ReadsTheProvidersAnswer) {
    const auto models = read_catalogue_answer(answer);

    ASSERT_TRUE(models) << models.error().message();
    ASSERT_EQ(models->size(), 1U);
    const auto& model = models->front();
    EXPECT_EQ(model.id, "openai/gpt-4o");
    EXPECT_EQ(model.context_length, 128'000);
    EXPECT_EQ(model.architecture.input_modalities, (std::vector<std::string>{"text", "image"}));
    EXPECT_EQ(model.pricing->prompt, "0.0000025");
    EXPECT_EQ(model.top_provider->max_completion_tokens, 16'384);
    EXPECT_FALSE(model.hugging_face_id);
}

TEST(ModelCatalogue, RoundTripsAsAnArrayInTheProvidersSpelling) {
    const auto models = *read_catalogue_answer(answer);

    const std::string text = write_catalogue(models);

    EXPECT_EQ(text.front(), '[');
    EXPECT_THAT(text, HasSubstr(R"("input_modalities":["text","image"])"));
    EXPECT_THAT(text, HasSubstr(R"("hugging_face_id":null)"));
    EXPECT_EQ(*read_catalogue(text), models);
    EXPECT_EQ(*read_catalogue_answer(write_catalogue_answer(models)), models);
}

TEST(ModelCatalogue, MembersThatAreNotNeededMayBeMissing) {
    const auto models = read_catalogue(
        R"([{"id":"a","name":"A","architecture":{"input_modalities":[],"output_modalities":[]}}])");

    ASSERT_TRUE(models) << models.error().message();
    EXPECT_FALSE(models->front().pricing);
    EXPECT_FALSE(models->front().context_length);
}

TEST(ModelCatalogue, OtherShapesAreRefused) {
    for (const char* text : {"", "[]", "{}", R"({"data":{}})", R"({"data":null})", "{\"data\":[1]}",
                             R"({"data":[{"id":"a"}]})", "<html>"}) {
        const auto models = read_catalogue_answer(text);
        ASSERT_FALSE(models) << text;
        EXPECT_EQ(models.error().code, Errc::protocol) << text;
    }
}

}  // namespace
}  // namespace tutti::services::domain
