#include "common/domain/model_catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "common/domain/limits.hpp"

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

std::string answer_of(std::size_t models, const std::string& model) {
    std::string text = R"({"data":[)" + model;
    for (std::size_t i = 1; i < models; ++i) text += "," + model;
    return text + "]}";
}

// Whatever is missing is written as null.
constexpr const char* smallest =
    R"({"id":"","name":"","architecture":{"input_modalities":[],"output_modalities":[]}})";
constexpr const char* growing =
    R"({"id":"","name":"","top_provider":{},
        "architecture":{"input_modalities":[],"output_modalities":[]}})";

TEST(ModelCatalogue, AsMuchAsIsReadOfTheProviderCanBeKept) {
    const Codec<ModelCatalogue> codec = catalogue_codec();

    for (const auto& [model, values] :
         {std::pair{smallest, model_values_min}, std::pair{growing, model_values_min + 1}}) {
        const auto count = (provider_answer_values_max - 2) / values;
        const auto most = read_catalogue_answer(answer_of(count, model));

        ASSERT_TRUE(most) << most.error().message();
        const auto document = codec.encode(*most);
        ASSERT_TRUE(document) << document.error().message();
        EXPECT_EQ(codec.decode(*document)->size(), most->size());
    }
}

TEST(ModelCatalogue, MoreThanCanBeKeptIsNotRead) {
    const auto many = read_catalogue_answer(answer_of(models_max + 1, smallest));
    const auto large = read_catalogue_answer(std::string(provider_answer_bytes_max, ' ') + answer);

    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code, Errc::too_large);
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, Errc::too_large);
}

TEST(ModelCatalogue, AModelGrowsByNoMoreThanIsReckonedWith) {
    const std::size_t written =
        write_catalogue(*read_catalogue("[" + std::string(growing) + "]")).size();
    const std::string text = R"([{"id":"","name":"","top_provider":{},)"
                             R"("architecture":{"input_modalities":[],"output_modalities":[]}}])";

    EXPECT_LE(written, text.size() + model_added_bytes_max);
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
