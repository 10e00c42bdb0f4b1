#include "common/domain/media.hpp"

#include <gtest/gtest.h>

namespace tutti::services::domain {
namespace {

constexpr const char* url = "https://cdn.discordapp.com/attachments/1/2/cat.png";

PictureAttempt attempt(const std::string& model, const std::string& key) {
    return {{.picture = "id:7",
             .place = {.url = url, .original_url = url},
             .content_type = "image/png",
             .model = model,
             .key = process::Secret(key)}};
}

TEST(MediaKey, IsTheIdOfTheAttachmentWhateverItsUrlIs) {
    EXPECT_EQ(media_key("123", url), "id:123");
    EXPECT_EQ(media_key("123", "https://elsewhere/x"), "id:123");
}

TEST(MediaKey, WithoutAnIdIsTheUrlWithoutItsSignature) {
    const std::string signed_once = std::string(url) + "?ex=1&is=2&hm=3";
    const std::string signed_again = std::string(url) + "?ex=4&is=5&hm=6";

    EXPECT_EQ(media_key("", signed_once), media_key("", signed_again));
    EXPECT_EQ(media_key("", signed_once), media_key("", url));
    EXPECT_NE(media_key("", url), media_key("", std::string(url) + "x"));
    EXPECT_TRUE(media_key("", url).starts_with("url:"));
}

TEST(MediaKey, AnIdThatIsNoneOfDiscordsIsNotLookedAt) {
    for (const char* id : {"abc", "1:2", "-1", "123456789012345678901", " 1"}) {
        EXPECT_EQ(media_key(id, url), media_key("", url)) << id;
    }
}

TEST(PictureAttempt, IsAnotherOneByModelAndByKeyAndDoesNotShowTheKey) {
    EXPECT_EQ(attempt("a/b", "").key_text(), "a/b:operator:id%3A7");
    EXPECT_NE(attempt("a/b", "").key_text(), attempt("a/c", "").key_text());
    EXPECT_NE(attempt("a/b", "").key_text(), attempt("a/b", "sk-user").key_text());
    EXPECT_NE(attempt("a/b", "sk-user").key_text(), attempt("a/b", "sk-other").key_text());
    EXPECT_FALSE(attempt("a/b", "sk-user").key_text().contains("sk-user"));
}

TEST(VisionDescription, IsReadAsItWasWritten) {
    const auto codec = vision_description_codec();
    for (const std::string& text :
         {std::string("a cat"), std::string(3800, 'x'),
          std::string("\"quotes\" <b>&amp;</b> \u65e5\u672c\u8a9e \U0001F408\nsecond line")}) {
        const VisionDescription value{.description = text, .model = "m", .tier = ModelTier::paid};

        EXPECT_EQ(codec.decode(codec.encode(value).value()).value(), value);
    }
}

TEST(VisionDescription, EmptyOneIsUnreadable) {
    const auto codec = vision_description_codec();

    EXPECT_FALSE(codec.decode(R"({"description":"","model":"m","tier":"free"})"));
    EXPECT_FALSE(codec.decode("a cat"));
    EXPECT_FALSE(codec.decode(""));
}

TEST(Transcript, IsTheTextAndAnEmptyOneIsUnreadable) {
    const auto codec = transcript_codec();
    const std::string text = std::string(10'000, 'y') + "\"\u65e5\u672c\u8a9e\"\n";

    EXPECT_EQ(codec.encode(text).value(), text);
    EXPECT_EQ(codec.decode(text).value(), text);
    EXPECT_FALSE(codec.decode(""));
}

}  // namespace
}  // namespace tutti::services::domain
