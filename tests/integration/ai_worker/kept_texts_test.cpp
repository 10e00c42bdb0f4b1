// What the deployment's tests demand of the caches of descriptions and transcripts, on the embedded
// hub and on a real Redis: from the worker that has the text to another one.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

#include "common/caches/catalogue.hpp"
#include "common/caches/media_caches.hpp"
#include "integration/ai_worker/backends.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tutti::services::caches {
namespace {

using namespace std::chrono_literals;
using domain::ModelTier;
using domain::PictureAttempt;
using domain::PictureQuestion;
using domain::RecordingQuestion;
using domain::VisionDescription;
using testing::Backend;

const std::string with_everything =
    "\"quotes\" 'and' <b>&amp;</b> \u65e5\u672c\u8a9e \U0001F408\r\n\tsecond line \\ %41";

class KeptTexts : public ::testing::TestWithParam<Backend> {
protected:
    static constexpr auto short_ttl = 1s;

    // Nobody asks a model here.
    struct Worker {
        std::unique_ptr<Node> node;
        VisionDescriptions pictures;
        VoiceTranscripts recordings;
        Shared<RecordingQuestion, std::string> short_lived;
    };
    Worker worker(const std::string& name) {
        auto node = Node::create({.name = name,
                                  .redis = redis ? redis->url() : "",
                                  .embedded = redis ? nullptr : hub,
                                  .app = std::string(app_name)})
                        .value();
        const auto nobody = [](const RecordingQuestion&,
                               LoadContext&) -> Result<Loaded<std::string>> {
            return fail(Errc::load_failed, "transcribe", "nothing is kept");
        };
        auto pictures = declare_vision_descriptions(
            *node, [](const PictureAttempt&, LoadContext&) -> Result<Loaded<VisionDescription>> {
                return fail(Errc::load_failed, "describe", "nothing is kept");
            });
        auto recordings = declare_voice_transcripts(*node, nobody);
        auto options = voice_transcript_options(nobody);
        options.name = "short-lived";
        options.store->ttl = short_ttl;
        options.store->raw_prefix = "short-lived:";
        auto short_lived = node->shared<RecordingQuestion, std::string>(std::move(options));
        const auto started = node->start();
        EXPECT_TRUE(started) << started.error().message();
        return {std::move(node), std::move(pictures), std::move(recordings),
                std::move(short_lived)};
    }
    static RecordingQuestion recording(const std::string& url) {
        return {.recording = domain::media_key("", url),
                .place = {.url = url, .original_url = {}},
                .content_type = "audio/ogg",
                .name = "note.ogg",
                .pay = {}};
    }
    static PictureQuestion picture(const std::string& url) {
        return {.picture = domain::media_key("", url),
                .place = {.url = url, .original_url = {}},
                .content_type = "image/png",
                .model = "m",
                .tier = ModelTier::paid,
                .key = process::Secret("")};
    }
    static VisionDescription described(const std::string& text) {
        return {.description = text, .model = "m", .tier = ModelTier::paid};
    }

    std::unique_ptr<tests::RedisServer> redis =
        GetParam() == Backend::redis ? std::make_unique<tests::RedisServer>() : nullptr;
    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create();
    Worker one = worker("ai-worker-1");
    Worker two = worker("ai-worker-2");
};
INSTANTIATE_TEST_SUITE_P(Backends, KeptTexts, ::testing::Values(Backend::embedded, Backend::redis),
                         ::testing::PrintToStringParamName());

TEST_P(KeptTexts, TranscriptsArriveWhole) {
    const auto note = recording("https://cdn.discordapp.com/attachments/1/9/note.ogg?ex=1");
    EXPECT_FALSE(two.recordings.get(note)) << "an unknown one is nobody's";

    for (const std::string& text :
         {std::string("words"), std::string(10'000, 'y'), with_everything}) {
        ASSERT_TRUE(one.recordings.offer(note, text));
        EXPECT_EQ(*two.recordings.get(note).value(), text) << "the last one counts";
    }
}

TEST_P(KeptTexts, DescriptionsArriveWhole) {
    const auto cat = picture("https://cdn.discordapp.com/attachments/1/7/cat.png?ex=1");
    EXPECT_FALSE(two.pictures.by_picture.get(cat)) << "an unknown one is nobody's";

    for (const std::string& text :
         {std::string("a cat"), std::string(3800, 'x'), with_everything}) {
        ASSERT_TRUE(one.pictures.by_picture.offer(cat, described(text)));
        EXPECT_EQ((*two.pictures.by_picture.get(cat).value()).description, text)
            << "the last one counts";
    }
}

TEST_P(KeptTexts, EachUrlHasItsOwn) {
    const std::array<std::string, 3> urls{
        "https://cdn.discordapp.com/attachments/1/7/cat.png",
        "https://cdn.discordapp.com/attachments/1/7/a%20cat%20%26%20%E7%8C%AB.png?ex=1&is=2",
        "https://media.discordapp.net/attachments/1/7/cat.png"};
    for (const std::string& url : urls) {
        ASSERT_TRUE(one.pictures.by_picture.offer(picture(url), described("of " + url)));
        ASSERT_TRUE(one.recordings.offer(recording(url), "heard in " + url));
    }

    for (const std::string& url : urls) {
        EXPECT_EQ((*two.pictures.by_picture.get(picture(url)).value()).description, "of " + url);
        EXPECT_EQ(*two.recordings.get(recording(url)).value(), "heard in " + url);
    }
}

// Other than in the deployment: what is signed anew, or scaled, shows and says the same.
TEST_P(KeptTexts, TheQueryIsNoPartOfAUrl) {
    const std::string url = "https://cdn.discordapp.com/attachments/1/7/cat.png";
    ASSERT_TRUE(one.pictures.by_picture.offer(picture(url), described("a cat")));
    ASSERT_TRUE(one.recordings.offer(recording(url), "miaow"));

    EXPECT_EQ((*two.pictures.by_picture.get(picture(url + "?width=100")).value()).description,
              "a cat");
    EXPECT_EQ(*two.recordings.get(recording(url + "?ex=2")).value(), "miaow");
}

TEST_P(KeptTexts, AnEmptyTextIsNotKept) {
    const auto note = recording("https://cdn.discordapp.com/attachments/1/9/note.ogg");
    const auto cat = picture("https://cdn.discordapp.com/attachments/1/7/cat.png");

    EXPECT_FALSE(one.recordings.offer(note, ""));
    EXPECT_FALSE(one.pictures.by_picture.offer(cat, described("")));

    EXPECT_FALSE(two.recordings.get(note));
    EXPECT_FALSE(two.pictures.by_picture.get(cat));
}

TEST_P(KeptTexts, ATextLastsForItsTtl) {
    const auto note = recording("https://cdn.discordapp.com/attachments/1/9/note.ogg");
    ASSERT_TRUE(one.short_lived.offer(note, "words"));
    EXPECT_EQ(*two.short_lived.get(note).value(), "words");

    std::this_thread::sleep_for(short_ttl + 100ms);

    EXPECT_FALSE(two.short_lived.get(note));
}

class KeptTextsOnRedis : public KeptTexts {};
INSTANTIATE_TEST_SUITE_P(Redis, KeptTextsOnRedis, ::testing::Values(Backend::redis),
                         ::testing::PrintToStringParamName());

TEST_P(KeptTextsOnRedis, ADescriptionLastsForAnHour) {
    const auto cat = picture("https://cdn.discordapp.com/attachments/1/7/cat.png");
    ASSERT_TRUE(one.pictures.by_picture.offer(cat, described("a cat")));

    const std::string key = redis->command({"KEYS", "tutti:cache:*vision-description*"});
    ASSERT_FALSE(key.empty()) << redis->command({"KEYS", "*"});
    EXPECT_FALSE(key.contains('\n')) << key;
    const int ttl = std::stoi(redis->command({"TTL", key}));
    EXPECT_GT(ttl, 3590);
    EXPECT_LE(ttl, 3600);
}

}  // namespace
}  // namespace tutti::services::caches
