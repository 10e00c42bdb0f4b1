// Each kind of job, from its JSON to its outcome, on caches of a node and scripted models.
#include "ai-worker/handlers/job_handlers.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "common/process/span.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/node.hpp"
#include "unit/ai_worker/fakes.hpp"

namespace tutti::services::worker::handlers {
namespace {

using namespace std::chrono_literals;
using namespace fakes;
using jobs::ChildEnd;
using jobs::Completed;
using jobs::Failed;
using jobs::JobOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string picture(const std::string& id) {
    return R"({"url":"http://gateway/)" + id +
           R"(.png","originalUrl":"https://cdn.discordapp.com/)" + id +
           R"(.png?ex=1","contentType":"image/png","name":"x.png","id":")" + id + R"("})";
}

std::string image_data(const std::string& attachments, const std::string& more = "") {
    return R"({"requestId":"r","jobType":"image-description","context":{"userId":"1"},"attachments":[)" +
           attachments + R"(],"personality":{"name":"Maestro","model":"openai/gpt-4o"})" + more +
           '}';
}

constexpr const char* audio_data =
    R"({"requestId":"r","jobType":"audio-transcription","context":{"userId":"1"},"attachment":)"
    R"({"url":"http://gateway/note.ogg","originalUrl":"https://cdn.discordapp.com/note.ogg?ex=1",)"
    R"("contentType":"audio/ogg","name":"note.ogg","isVoiceMessage":true},"sourceReferenceNumber":2})";

std::string reply_data(const std::string& message, const std::string& more = "") {
    return R"({"requestId":"r","jobType":"llm-generation","personality":{"name":"Maestro",)"
           R"("systemPrompt":"You conduct {user}.","model":"a/model","temperature":0.5,)"
           R"("maxTokens":100},"message":)" +
           message + R"(,"context":{"userId":"1","userName":"Ann")" + more +
           R"(},"dependencies":[]})";
}

class Handlers : public ::testing::Test {
protected:
    JobOutcome handle(std::string_view name, const std::string& data, WorkContext context = {}) {
        context.deadline = Boottime::now() + 20s;
        return JobHandlers({.chat = chat,
                            .pictures = pictures,
                            .recordings = recordings,
                            .capability = capability},
                           options)
            .handle({.job_id = "j", .request_id = "r", .name = std::string(name), .data = data},
                    context);
    }
    static std::string result(const JobOutcome& outcome) {
        const auto* completed = std::get_if<Completed>(&outcome);
        EXPECT_NE(completed, nullptr) << std::get<Failed>(outcome).cause;
        return completed != nullptr ? completed->result : "";
    }
    static Failed failure(const JobOutcome& outcome) {
        const auto* failed = std::get_if<Failed>(&outcome);
        EXPECT_NE(failed, nullptr) << std::get<Completed>(outcome).result;
        return failed != nullptr ? *failed : Failed{};
    }

    JobHandlers::Options options;
    Files files;
    Vision vision;
    Speech speech;
    Chat chat;
    std::unique_ptr<Node> node = Node::create({.name = "ai-worker"}).value();
    capability::ModelCapability capability{caches::declare_model_capabilities(*node)};
    vision::PictureDescriptions pictures{
        caches::declare_vision_descriptions(*node, vision::picture_loader(files, vision))};
    transcripts::Recordings recordings{
        caches::declare_voice_transcripts(*node, transcripts::recording_loader(files, speech))};
    bool started = node->start().has_value();
};

TEST_F(Handlers, PicturesOfAMessageAreDescribed) {
    const auto outcome = handle(jobs::image_job, image_data(picture("7") + ',' + picture("8")));

    EXPECT_EQ(
        result(outcome),
        R"({"requestId":"r","success":true,"descriptions":[)"
        R"({"url":"http://gateway/7.png","description":"seen: bytes of http://gateway/7.png"},)"
        R"({"url":"http://gateway/8.png","description":"seen: bytes of http://gateway/8.png"}]})");
    EXPECT_EQ(vision.asked.front().model, "openai/gpt-4o");
}

class KeptSpans final : public process::SpanSink {
public:
    void ended(process::SpanRecord record) noexcept override {
        const detail::Lock lock(mutex_);
        records_.push_back(std::move(record));
    }
    [[nodiscard]] process::SpanFigures figures() const override { return {}; }
    [[nodiscard]] std::vector<process::SpanRecord> records() const {
        const detail::Lock lock(mutex_);
        return records_;
    }

private:
    mutable detail::Mutex mutex_;
    std::vector<process::SpanRecord> records_ TUTTI_GUARDED_BY(mutex_);
};

TEST_F(Handlers, JobIsASpanOfTheTraceInItsData) {
    const auto kept = std::make_shared<KeptSpans>();
    process::begin_traces(kept);
    const auto data = [](const std::string& traceparent) {
        return image_data(picture("7"), R"(,"traceparent":")" + traceparent + '"');
    };

    (void)handle(jobs::image_job, data("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    (void)handle(jobs::image_job, data("nonsense"));
    process::end_traces();

    const auto spans = kept->records();
    ASSERT_THAT(spans, SizeIs(2));
    EXPECT_EQ(spans[0].name, "image-description");
    EXPECT_EQ(spans[0].kind, process::SpanKind::consumer);
    EXPECT_EQ(spans[0].context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(spans[0].parent_id, "00f067aa0ba902b7");
    EXPECT_FALSE(spans[0].failed);
    EXPECT_EQ(spans[1].parent_id, "") << "it begins a trace";
}

TEST_F(Handlers, PictureOfAReferencedMessageSaysWhichOne) {
    EXPECT_THAT(
        result(handle(jobs::image_job, image_data(picture("7"), R"(,"sourceReferenceNumber":3)"))),
        HasSubstr(R"("sourceReferenceNumber":3)"));
}

TEST_F(Handlers, SamePictureIsLookedAtOnceWhoeverShowsIt) {
    (void)handle(jobs::image_job, image_data(picture("7")));
    (void)handle(jobs::image_job, image_data(picture("7") + ',' + picture("7")));

    EXPECT_THAT(vision.asked, SizeIs(1));
}

TEST_F(Handlers, UsersKeyIsUsedForPicturesUnlessTheyAreAskedElsewhere) {
    const std::string with_key = R"(,"userApiKey":"sk-user")";
    (void)handle(jobs::image_job, image_data(picture("7"), with_key));
    options.users_keys_for_vision = false;
    (void)handle(jobs::image_job, image_data(picture("8"), with_key));

    ASSERT_THAT(vision.asked, SizeIs(2));
    EXPECT_EQ(vision.asked[0].key, "sk-user");
    EXPECT_EQ(vision.asked[1].key, "");
}

TEST_F(Handlers, WhatCouldBeDescribedIsTheResultAndTheRestIsSaid) {
    vision.answer = [](const Vision::Asked& asked) -> Answered<std::string> {
        if (asked.bytes.contains("8.png")) return provider_failure(FailureCategory::content_policy);
        return "a cat";
    };

    const auto text =
        result(handle(jobs::image_job, image_data(picture("7") + ',' + picture("8"))));

    EXPECT_THAT(text, HasSubstr(R"("descriptions":[{"url":"http://gateway/7.png")"));
    EXPECT_THAT(text, HasSubstr("content_policy"));
}

TEST_F(Handlers, FailureThatIsRememberedIsNotTriedAgain) {
    vision.answer = [](const Vision::Asked&) -> Answered<std::string> {
        return provider_failure(FailureCategory::network, Errc::unavailable);
    };

    const auto why = failure(handle(jobs::image_job, image_data(picture("7"))));

    EXPECT_FALSE(why.retry);
    EXPECT_THAT(why.cause, HasSubstr("network"));
}

TEST_F(Handlers, FailureOfThisWorkerIsTriedAgain) {
    vision.answer = [](const Vision::Asked&) -> Answered<std::string> {
        return own_failure(Errc::overloaded);
    };
    EXPECT_TRUE(failure(handle(jobs::image_job, image_data(picture("7")))).retry);
}

TEST_F(Handlers, RecordingIsTranscribed) {
    EXPECT_EQ(
        result(handle(jobs::audio_job, audio_data)),
        R"({"requestId":"r","success":true,"content":"heard: bytes of http://gateway/note.ogg",)"
        R"("attachmentUrl":"http://gateway/note.ogg","attachmentName":"note.ogg",)"
        R"("sourceReferenceNumber":2})");
}

TEST_F(Handlers, RecordingThatFailsSaysWhyAndWhetherToTryAgain) {
    const auto fails_with = [&](Errc code) {
        speech.answer = [code](const providers::File&) -> Answered<std::string> {
            return provider_failure(FailureCategory::server, code);
        };
        return failure(handle(jobs::audio_job, audio_data)).retry;
    };
    EXPECT_TRUE(fails_with(Errc::unavailable));
    EXPECT_TRUE(fails_with(Errc::overloaded));
    EXPECT_FALSE(fails_with(Errc::load_failed)) << "it may have been billed";
    EXPECT_FALSE(fails_with(Errc::timeout));
    EXPECT_FALSE(fails_with(Errc::refused));
}

TEST_F(Handlers, ReplyIsAskedAsThePersonality) {
    EXPECT_EQ(result(handle(jobs::reply_job,
                            reply_data(R"("hello")", R"(,"conversationHistory":[)"
                                                     R"({"role":"user","content":"hi"},)"
                                                     R"({"role":"assistant","content":"ho"}])"))),
              R"({"requestId":"r","success":true,"content":"a reply",)"
              R"("personality":{"name":"Maestro"},"metadata":{"model":"a/model"}})");

    ASSERT_THAT(chat.asked, SizeIs(1));
    EXPECT_THAT(chat.asked[0].messages,
                ElementsAre(providers::PromptMessage{"system", "You conduct Ann."},
                            providers::PromptMessage{"user", "hi"},
                            providers::PromptMessage{"assistant", "ho"},
                            providers::PromptMessage{"user", "hello"}));
    EXPECT_EQ(chat.asked[0].model, "a/model");
    EXPECT_EQ(chat.asked[0].temperature, 0.5);
    EXPECT_EQ(chat.asked[0].max_tokens, 100);
    EXPECT_THAT(chat.keys, ElementsAre(""));
}

TEST_F(Handlers, OperatorsModelWinsAndTheUsersKeyPays) {
    options.model = "b/model";
    std::string data = reply_data(R"("hello")");
    data.insert(1, R"("userApiKey":"sk-user",)");

    EXPECT_THAT(result(handle(jobs::reply_job, data)), HasSubstr("b/model"));

    EXPECT_EQ(chat.asked[0].model, "b/model");
    EXPECT_THAT(chat.keys, ElementsAre("sk-user"));
}

TEST_F(Handlers, ReplyKnowsWhatThePicturesShowAndTheRecordingsSay) {
    const auto image = result(handle(jobs::image_job, image_data(picture("7"))));
    const auto audio = result(handle(jobs::audio_job, audio_data));

    (void)handle(jobs::reply_job,
                 reply_data(R"("look")",
                            R"(,"referencedMessages":[{"referenceNumber":2,"authorUsername":"Bo",)"
                            R"("content":"listen"}])"),
                 {.deadline = {},
                  .children = {{"image-r-image", jobs::image_job, Completed{image}},
                               {"audio-r-ref2-audio-0", jobs::audio_job, Completed{audio}},
                               {"image-r-ref2-image", jobs::image_job, Failed{"why", false}}}});

    ASSERT_THAT(chat.asked, SizeIs(1));
    EXPECT_EQ(chat.asked[0].messages.back().content,
              "look\n[Image: seen: bytes of http://gateway/7.png]\n\n[Reference 2] Bo: listen\n"
              "[Voice message: heard: bytes of http://gateway/note.ogg]\n"
              "[There are images that could not be described]");
}

TEST_F(Handlers, MessageMayBeAnObject) {
    (void)handle(jobs::reply_job, reply_data(R"({"content":"hello","x":1})"));
    (void)handle(jobs::reply_job, reply_data(R"({"x":1})"));

    EXPECT_EQ(chat.asked[0].messages.back().content, "hello");
    EXPECT_EQ(chat.asked[1].messages.back().content, R"({"x":1})");
}

TEST_F(Handlers, ReplyThatMayHaveBeenBilledIsNotAskedAgain) {
    const auto fails_with = [&](Errc code) {
        chat.answer = [code](const providers::ReplyRequest&) -> Answered<std::string> {
            return provider_failure(FailureCategory::server, code);
        };
        return failure(handle(jobs::reply_job, reply_data(R"("hello")"))).retry;
    };
    EXPECT_TRUE(fails_with(Errc::unavailable));
    EXPECT_TRUE(fails_with(Errc::overloaded));
    EXPECT_FALSE(fails_with(Errc::timeout));
    EXPECT_FALSE(fails_with(Errc::load_failed));
    EXPECT_FALSE(fails_with(Errc::refused));
}

TEST_F(Handlers, ReplyIsPaidForOnceInTheLifeOfTheJob) {
    std::vector<std::string> paid;
    const auto outcome =
        handle(jobs::reply_job, reply_data(R"("hello")"),
               {.deadline = {},
                .pay = [&](const std::string& call, const std::function<Result<std::string>()>&) {
                    paid.push_back(call);
                    return Result<std::string>("the answer of an earlier attempt");
                }});

    EXPECT_THAT(result(outcome), HasSubstr("the answer of an earlier attempt"));
    EXPECT_THAT(paid, ElementsAre("reply"));
    EXPECT_THAT(chat.asked, IsEmpty());
}

TEST_F(Handlers, CallOfWhichNothingIsKnownIsTriedAgainLater) {
    const auto outcome = handle(
        jobs::reply_job, reply_data(R"("hello")"),
        {.deadline = {},
         .pay = [](const std::string&, const std::function<Result<std::string>()>&)
             -> Result<std::string> { return fail(Errc::suspect, "pay", "nothing is known"); }});

    EXPECT_TRUE(failure(outcome).retry) << "its answer may still arrive";
}

TEST_F(Handlers, JobThatIsStoppedBeforeItBeginsDoesNothing) {
    std::stop_source stop;
    stop.request_stop();

    EXPECT_TRUE(failure(handle(jobs::reply_job, reply_data(R"("hello")"),
                               {.deadline = {}, .stop = stop.get_token()}))
                    .retry);
    EXPECT_THAT(chat.asked, IsEmpty());
}

TEST_F(Handlers, JobThatCannotBeReadFailsForGoodAndItsValuesAreNotRepeated) {
    for (const auto& [name, data] :
         {std::pair{std::string_view(jobs::image_job),
                    std::string(R"({"requestId":"r","userApiKey":5})")},
          std::pair{std::string_view(jobs::audio_job), std::string("not json sk-user")},
          std::pair{std::string_view(jobs::reply_job), std::string(R"({"requestId":"r"})")},
          std::pair{std::string_view("another"), std::string("{}")}}) {
        const auto why = failure(handle(name, data));

        EXPECT_FALSE(why.retry) << name;
        EXPECT_THAT(why.cause, Not(HasSubstr("sk-user")));
    }
}

}  // namespace
}  // namespace tutti::services::worker::handlers
