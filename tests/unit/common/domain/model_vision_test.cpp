#include "common/domain/model_vision.hpp"

#include <gtest/gtest.h>

namespace tutti::services::domain {
namespace {

std::string listed(const std::string& id, const std::string& inputs) {
    return R"({"id":")" + id +
           R"(","name":"x","architecture":{"modality":null,"input_modalities":)" + inputs +
           R"(,"output_modalities":["text"],"tokenizer":null,"instruct_type":null}})";
}

TEST(ModelVision, SaysWhichModelsTakePictures) {
    const auto vision = model_vision_codec().decode('[' + listed("a/sees", R"(["text","image"])") +
                                                    ',' + listed("a/reads", R"(["text"])") + ']');

    ASSERT_TRUE(vision) << vision.error().message();
    EXPECT_EQ(*vision, (ModelVision{{"a/sees", true}, {"a/reads", false}}));
}

TEST(ModelVision, AModelAndItsFreeVariantAreOne) {
    EXPECT_EQ(plain_model_id("a/b:free"), "a/b");
    EXPECT_EQ(plain_model_id("a/b"), "a/b");
    EXPECT_EQ(plain_model_id("a/b:freer"), "a/b:freer");

    const auto only_free =
        model_vision_codec().decode('[' + listed("a/b:free", R"(["image"])") + ']');
    const auto one_of_both = model_vision_codec().decode('[' + listed("a/b", R"(["image"])") + ',' +
                                                         listed("a/b:free", R"(["text"])") + ']');

    EXPECT_EQ(only_free.value(), (ModelVision{{"a/b", true}}));
    EXPECT_EQ(one_of_both.value(), (ModelVision{{"a/b", true}}));
}

TEST(ModelVision, AListThatIsEmptyOrNoneSaysNothing) {
    for (const char* document : {"[]", "", "{}", "null", "[{}]", "not json"}) {
        EXPECT_FALSE(model_vision_codec().decode(document)) << document;
    }
}

}  // namespace
}  // namespace tutti::services::domain
