// Two workers, the real clients, and a provider that counts: on the embedded hub and on a real
// Redis.
#include "ai-worker/worker_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <memory>
#include <thread>

#include "common/caches/catalogue.hpp"
#include "integration/ai_worker/backends.hpp"
#include "provider-stand-in/stand_in.hpp"
#include "support/redis_server.hpp"
#include "tutti/canonical.hpp"
#include "unit/ai_worker/fakes.hpp"

namespace tutti::services::worker {
namespace {

using namespace std::chrono_literals;
using jobs::Completed;
using jobs::Failed;
using jobs::JobOutcome;
using stand_in::Manner;
using testing::Backend;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* cat = "https://cdn.discordapp.com/attachments/1/7/cat.png?ex=1&is=2&hm=3";

class Workers : public ::testing::TestWithParam<Backend> {
protected:
    std::unique_ptr<WorkerNode> worker(const std::string& name) {
        process::Settings settings;
        settings.openrouter_base_url = stand_in->url();
        settings.discord_cdn_base_url = stand_in->url();
        settings.llm.deadline = 10s;
        settings.vision.deadline = vision_deadline;
        settings.worker_concurrency = 8;
        if (redis) settings.redis_url = redis->url();
        auto options = WorkerNode::Options::from(settings, name);
        options.hub = hub;
        for (auto* endpoint : {&options.chat, &options.vision, &options.speech}) {
            endpoint->pauses = {.first = 1ms, .last = 2ms};
        }
        auto started = WorkerNode::start(options);
        EXPECT_TRUE(started) << (started ? "" : started.error().message());
        return *std::move(started);
    }
    static JobOutcome handle(const WorkerNode& by, std::string_view name, const std::string& data) {
        return by.handle(
            {.job_id = "j", .request_id = "r", .name = std::string(name), .data = data},
            {.deadline = Boottime::now() + 20s});
    }
    static std::string image_data(const std::string& url, const std::string& model,
                                  const std::string& more = "") {
        return R"({"requestId":"r","attachments":[{"url":")" + url +
               R"(","contentType":"image/png","name":"cat.png"}],"personality":{"name":"M",)"
               R"("visionModel":")" +
               model + R"("})" + more + '}';
    }
    static std::string describe(const WorkerNode& by, const std::string& url = cat,
                                const std::string& model = "a/vision",
                                const std::string& more = "") {
        return text(handle(by, jobs::image_job, image_data(url, model, more)));
    }
    static std::string transcribe(const WorkerNode& by, const std::string& url) {
        return text(handle(by, jobs::audio_job,
                           R"({"requestId":"r","attachment":{"url":")" + url +
                               R"(","contentType":"audio/ogg","name":"note.ogg"}})"));
    }
    static std::string text(const JobOutcome& outcome) {
        if (const auto* completed = std::get_if<Completed>(&outcome)) return completed->result;
        return "failed: " + std::get<Failed>(outcome).cause;
    }
    stand_in::Calls calls() const { return stand_in->all_calls(); }
    void behave_vision(Manner manner, std::chrono::milliseconds delay = 0ms) {
        ASSERT_TRUE(stand_in->behave({.vision = {.manner = manner, .delay = delay}}));
    }

    std::chrono::milliseconds vision_deadline = 10s;
    std::unique_ptr<tests::RedisServer> redis =
        GetParam() == Backend::redis ? std::make_unique<tests::RedisServer>() : nullptr;
    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create();
    std::unique_ptr<stand_in::ProviderStandIn> stand_in =
        stand_in::ProviderStandIn::start({}).value();
    std::unique_ptr<WorkerNode> one = worker("ai-worker-1");
    std::unique_ptr<WorkerNode> two = worker("ai-worker-2");
};

INSTANTIATE_TEST_SUITE_P(Backends, Workers, ::testing::Values(Backend::embedded, Backend::redis),
                         ::testing::PrintToStringParamName());

TEST_P(Workers, DescribeAPictureOnceForTheWholeFleetHoweverManyAskAtATime) {
    behave_vision(Manner::well, 100ms);
    std::vector<std::future<std::string>> asked;
    for (int i = 0; i < 8; ++i) {
        asked.push_back(std::async(std::launch::async, [&, i] {
            return describe(i % 2 == 0 ? *one : *two, cat, i < 4 ? "a/paid" : "a/free:free");
        }));
    }
    std::string first;
    for (auto& one_of : asked) {
        const std::string found = one_of.get();
        EXPECT_THAT(found, HasSubstr("a picture ("));
        if (first.empty()) first = found;
        EXPECT_EQ(found, first);
    }

    EXPECT_EQ(calls().vision, 1U);
    EXPECT_EQ(calls().attachments, 1U);
}

TEST_P(Workers, PictureIsTheSameWhateverItsSignature) {
    const std::string base = "https://cdn.discordapp.com/attachments/1/7/cat.png";

    (void)describe(*one, base + "?width=100");
    (void)describe(*two, base);
    (void)describe(*two, base + "%20x?a=%2F");

    EXPECT_EQ(calls().vision, 2U);
}

TEST_P(Workers, FailureIsRememberedForEveryWorkerAndOnlyForThatModelAndKey) {
    behave_vision(Manner::credit);
    EXPECT_THAT(describe(*one), HasSubstr("credit"));
    EXPECT_THAT(describe(*two), HasSubstr("credit"));
    EXPECT_EQ(calls().vision, 1U);

    behave_vision(Manner::well);
    EXPECT_THAT(describe(*two), HasSubstr("credit")) << "the same model and key";
    EXPECT_THAT(describe(*two, cat, "a/vision", R"(,"userApiKey":"sk-user")"),
                HasSubstr("a picture"));
    EXPECT_THAT(describe(*one), HasSubstr("a picture")) << "what is described is everybody's";
    EXPECT_EQ(calls().vision, 2U);
}

TEST_P(Workers, PictureThatIsGoneIsAskedForOnce) {
    ASSERT_TRUE(stand_in->behave({.attachments = {.manner = Manner::model_missing}}));

    EXPECT_THAT(describe(*one), HasSubstr("media_missing"));
    EXPECT_THAT(describe(*two), HasSubstr("media_missing"));

    EXPECT_EQ(calls().attachments, 1U);
    EXPECT_EQ(calls().vision, 0U);
}

TEST_P(Workers, PictureOfAnotherHostIsNotFetched) {
    EXPECT_THAT(describe(*one, "http://169.254.169.254/latest/meta-data"),
                HasSubstr("none of ATTACHMENT_HOSTS"));
    EXPECT_EQ(calls().attachments, 0U);
}

TEST_P(Workers, TranscribeARecordingOnceForTheWholeFleet) {
    const std::string url = "https://cdn.discordapp.com/attachments/1/9/note.ogg";

    EXPECT_THAT(transcribe(*one, url + "?ex=1"), HasSubstr("the words of note.ogg"));
    EXPECT_THAT(transcribe(*two, url + "?ex=2"), HasSubstr("the words of note.ogg"));

    EXPECT_EQ(calls().transcription, 1U);
}

TEST_P(Workers, ReplyTellsTheModelWhatThePictureShows) {
    const std::string described = describe(*one);
    const auto outcome =
        two->handle({.job_id = "llm-r",
                     .request_id = "r",
                     .name = jobs::reply_job,
                     .data = R"({"requestId":"r","personality":{"name":"M"},"message":"look",)"
                             R"("context":{"userId":"1"}})"},
                    {.deadline = Boottime::now() + 20s,
                     .children = {{"image-r-image", jobs::image_job, Completed{described}}}});

    EXPECT_THAT(text(outcome), HasSubstr("You said: look\\n[Image: a picture ("));
    EXPECT_EQ(calls().chat, 1U);
}

TEST_P(Workers, AWorkerThatStopsInTheMiddleLeavesThePictureToTheOther) {
    behave_vision(Manner::stall);
    auto stalled = std::async(std::launch::async, [&] { return describe(*one); });
    while (calls().vision == 0) std::this_thread::sleep_for(1ms);
    one->end_calls();
    EXPECT_THAT(stalled.get(), HasSubstr("failed"));
    one->stop();
    behave_vision(Manner::well);

    EXPECT_THAT(describe(*two), HasSubstr("a picture"));
    EXPECT_EQ(calls().vision, 2U);
}

TEST_P(Workers, CapabilityIsReadFromTheGatewaysList) {
    auto node = Node::create({.name = "api-gateway",
                              .redis = redis ? redis->url() : "",
                              .embedded = redis ? nullptr : hub,
                              .app = std::string(caches::app_name)})
                    .value();
    const auto models = caches::declare_models(
        *node, [](const std::string&, LoadContext&) -> Result<domain::ModelCatalogue> {
            return fail(Errc::unavailable, "fetch", "no provider");
        });
    ASSERT_TRUE(node->start());
    ASSERT_TRUE(
        models.offer(caches::models_key, {fakes::listed_model("z/sees", {"text", "image"})}));

    const auto outcome = handle(
        *one, jobs::image_job,
        std::string(R"({"requestId":"r","attachments":[{"url":")") + cat +
            R"(","contentType":"image/png"}],"personality":{"name":"M","model":"z/sees:free"}})");

    EXPECT_THAT(text(outcome), HasSubstr("a picture"));
    EXPECT_THAT(one->node().metrics(),
                HasSubstr("tutti_cache_entries{cache=\"model-capability\"} 1"));
}

// What only Redis has.
class WorkersOnRedis : public Workers {};
INSTANTIATE_TEST_SUITE_P(Redis, WorkersOnRedis, ::testing::Values(Backend::redis),
                         ::testing::PrintToStringParamName());

TEST_P(WorkersOnRedis, TranscriptOfABotThatKnowsNothingOfTuttiIsTaken) {
    const std::string url = "https://cdn.discordapp.com/attachments/1/9/note.ogg";
    const std::string key = "transcript:url:" + sha256_hex(url);
    redis->command({"SETEX", key, "300", "what a bot heard"});

    EXPECT_THAT(transcribe(*one, url + "?ex=1"), HasSubstr("what a bot heard"));
    EXPECT_EQ(calls().transcription, 0U);

    redis->command({"SETEX", key, "300", ""});
    EXPECT_THAT(transcribe(*one, url + "?ex=1"), HasSubstr("the words of note.ogg"))
        << "an empty one is none";
}

TEST_P(WorkersOnRedis, TranscriptIsLeftForOthersForFiveMinutes) {
    const std::string url = "https://cdn.discordapp.com/attachments/1/9/note.ogg";
    (void)transcribe(*one, url);
    const std::string key = "transcript:url:" + sha256_hex(url);

    EXPECT_EQ(redis->command({"GET", key}), "the words of note.ogg");
    const int ttl = std::stoi(redis->command({"TTL", key}));
    EXPECT_GT(ttl, 290);
    EXPECT_LE(ttl, 300);
}

TEST_P(WorkersOnRedis, WithoutRedisAPictureIsStillDescribed) {
    redis->kill();

    EXPECT_THAT(describe(*one), HasSubstr("a picture"));
}

TEST_P(WorkersOnRedis, NoKeyIsInRedisOrInAnError) {
    behave_vision(Manner::auth);
    const std::string outcome =
        describe(*one, cat, "a/vision", R"(,"userApiKey":"sk-very-secret")");

    EXPECT_THAT(outcome, HasSubstr("auth"));
    EXPECT_THAT(outcome, Not(HasSubstr("sk-")));
    EXPECT_THAT(redis->command({"KEYS", "*"}), Not(HasSubstr("sk-very-secret")));
}

}  // namespace
}  // namespace tutti::services::worker
