// The models' clients against the stand-in over loopback, however it behaves.
#include "ai-worker/providers/openai.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "ai-worker/providers/upstream.hpp"
#include "provider-stand-in/stand_in.hpp"

namespace tutti::services::worker::providers {
namespace {

using namespace std::chrono_literals;
using stand_in::EndpointBehaviour;
using stand_in::Manner;

struct Told {
    Manner manner;
    FailureCategory category;
    bool billed = false;  // may have been
};
constexpr Told failures[]{{Manner::auth, FailureCategory::auth},
                          {Manner::quota, FailureCategory::quota},
                          {Manner::credit, FailureCategory::credit},
                          {Manner::rate_limit, FailureCategory::rate_limit},
                          {Manner::server, FailureCategory::server, true},
                          {Manner::timeout, FailureCategory::timeout},
                          {Manner::empty, FailureCategory::empty, true},
                          {Manner::blank, FailureCategory::empty, true},
                          {Manner::unknown, FailureCategory::unknown, true},
                          {Manner::content_policy, FailureCategory::content_policy},
                          {Manner::media_missing, FailureCategory::media_missing},
                          {Manner::model_missing, FailureCategory::model_missing},
                          {Manner::censored, FailureCategory::censored, true},
                          {Manner::bad_request, FailureCategory::bad_request},
                          {Manner::cut, FailureCategory::network, true},
                          {Manner::stall, FailureCategory::timeout, true}};

bool may_have_been_billed(Errc code) {
    return code == Errc::timeout || code == Errc::load_failed || code == Errc::protocol ||
           code == Errc::too_large || code == Errc::cancelled;
}

class Models : public ::testing::Test {
protected:
    Upstream::Options options() const {
        return {.name = "models",
                .base_url = stand_in->llm_url(),
                .pool = {.concurrent_max = 4, .queued_max = 4, .deadline = 10s},
                .answer_bytes_max = 1U << 20U,
                .pauses = {.first = 1ms, .last = 2ms}};
    }
    void behave(EndpointBehaviour behaviour) {
        ASSERT_TRUE(
            stand_in->behave({.chat = behaviour, .vision = behaviour, .transcription = behaviour}));
    }
    Answered<std::string> reply(Duration patience = 5s) {
        return chat.reply({.model = "a/model",
                           .messages = {{.role = "system", .content = "You are a lamp."},
                                        {.role = "user", .content = "hello"}},
                           .temperature = 0.5,
                           .max_tokens = 100},
                          {}, Boottime::now() + patience);
    }
    Answered<std::string> describe(const std::string& bytes, Duration patience = 5s) {
        return vision.describe("a/vision",
                               {.name = "cat.png", .content_type = "image/png", .bytes = bytes}, {},
                               Boottime::now() + patience);
    }
    Answered<std::string> transcribe(const std::string& name, Duration patience = 5s) {
        return speech.transcribe(
            {.name = name, .content_type = "audio/ogg", .bytes = "OggS\r\n--x"},
            Boottime::now() + patience);
    }

    std::unique_ptr<stand_in::ProviderStandIn> stand_in =
        stand_in::ProviderStandIn::start({}).value();
    Upstream upstream{options()};
    OpenAiChat chat{upstream};
    OpenAiVision vision{upstream};
    OpenAiSpeech speech{upstream, "whisper-1"};
};

TEST_F(Models, AnswerWhatTheyAreAsked) {
    EXPECT_EQ(reply().value(), "You said: hello");
    EXPECT_EQ(describe("a").value(), describe("a").value());
    EXPECT_NE(describe("a").value(), describe("b").value());
    EXPECT_EQ(transcribe("note.ogg").value(), "the words of note.ogg");
    EXPECT_EQ(transcribe("a\"b\r\nX: y").value(), "the words of a_b__X: y");

    EXPECT_EQ(stand_in->all_calls(), (stand_in::Calls{.chat = 1, .vision = 4, .transcription = 2}));
}

TEST_F(Models, EveryFailureIsCalledByItsNameAndSaysWhetherItMayHaveBeenBilled) {
    for (const auto& [manner, category, billed] : failures) {
        SCOPED_TRACE(to_string(category));
        behave({.manner = manner});
        const Duration patience = manner == Manner::stall ? 100ms : 5s;

        const auto replied = reply(patience);
        const auto described = describe("a", patience);

        for (const auto& answer : {replied, described}) {
            ASSERT_FALSE(answer);
            EXPECT_EQ(answer.error().category, category) << answer.error().error.message();
            EXPECT_EQ(may_have_been_billed(answer.error().error.code), billed)
                << answer.error().error.message();
            EXPECT_FALSE(answer.error().error.message().contains("sk-stand-in"));
        }
    }
}

TEST_F(Models, TranscriptionFailsInTheSameWords) {
    for (const auto& [manner, category, billed] : failures) {
        // An answer of 200 for a chat is one without a text here.
        const bool other_shape = manner == Manner::empty || manner == Manner::censored;
        SCOPED_TRACE(to_string(category));
        behave({.manner = manner});

        const auto answer = transcribe("note.ogg", manner == Manner::stall ? 100ms : 5s);

        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().category, other_shape ? FailureCategory::empty : category);
        EXPECT_EQ(may_have_been_billed(answer.error().error.code), billed);
    }
}

TEST_F(Models, AreAskedAgainWhenTheyAreBusyAndAtNoOtherTime) {
    behave({.manner = Manner::rate_limit});
    EXPECT_FALSE(reply());
    EXPECT_EQ(stand_in->all_calls().chat, 3U);

    for (const Manner manner : {Manner::server, Manner::cut, Manner::auth, Manner::blank}) {
        behave({.manner = manner});
        const auto before = stand_in->all_calls().chat;
        EXPECT_FALSE(reply());
        EXPECT_EQ(stand_in->all_calls().chat, before + 1);
    }
}

TEST_F(Models, SlowPiecesAreAnAnswerUntilTheDeadline) {
    behave({.manner = Manner::pieces, .delay = 5ms});
    EXPECT_EQ(reply().value(), "You said: hello");

    behave({.manner = Manner::pieces, .delay = 200ms});
    const auto late = reply(300ms);

    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().error.code, Errc::timeout);
}

TEST_F(Models, AnAnswerThatIsTooLargeIsNotRead) {
    Upstream small{[&] {
        auto with = options();
        with.answer_bytes_max = 10;
        return with;
    }()};
    OpenAiChat bounded{small};

    const auto answer =
        bounded.reply({.model = "m", .messages = {{.role = "user", .content = "hello"}}}, {},
                      Boottime::now() + 5s);

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().error.code, Errc::too_large);
    EXPECT_EQ(answer.error().category, FailureCategory::unknown);
}

TEST_F(Models, ProviderThatIsNotThereWasNotBilled) {
    stand_in.reset();

    const auto answer = reply();

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().error.code, Errc::unavailable);
    EXPECT_EQ(answer.error().category, FailureCategory::network);
}

TEST_F(Models, AStopEndsTheCallAndThePauseBeforeTheNext) {
    behave({.manner = Manner::stall});
    std::jthread stopper([&] {
        while (stand_in->all_calls().chat == 0) std::this_thread::yield();
        upstream.stop();
    });

    const auto answer = reply(60s);

    ASSERT_FALSE(answer);
    EXPECT_FALSE(answer.error().category);
    EXPECT_EQ(answer.error().error.code, Errc::cancelled);
}

}  // namespace
}  // namespace tutti::services::worker::providers
