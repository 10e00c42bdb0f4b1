#include "ai-worker/transcripts/recordings.hpp"

#include <memory>

#include "tutti/node.hpp"
#include "unit/ai_worker/fakes.hpp"

namespace tutti::services::worker::transcripts {
namespace {

using namespace std::chrono_literals;
using namespace fakes;
using domain::RecordingQuestion;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RecordingQuestion question(const std::string& recording = "id:9") {
    return {.recording = recording,
            .place = {.url = "http://gateway/note.ogg", .original_url = {}},
            .content_type = "audio/ogg",
            .name = "note.ogg",
            .pay = {}};
}

class RecordingsOfAFleet : public ::testing::Test {
protected:
    struct Worker {
        Worker(const std::string& name, RecordingsOfAFleet& of)
            : node(Node::create({.name = name, .embedded = of.hub}).value()),
              cache(caches::declare_voice_transcripts(*node, recording_loader(of.files, of.model))),
              recordings(cache) {
            EXPECT_TRUE(node->start());
        }
        std::unique_ptr<Node> node;
        caches::VoiceTranscripts cache;
        Recordings recordings;
    };
    static Result<std::string> transcribe(const Worker& by,
                                          const RecordingQuestion& asked = question()) {
        return by.recordings.transcribe(asked, Boottime::now() + 20s);
    }

    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create();
    Files files;
    Speech model;
    Worker one{"ai-worker-1", *this};
    Worker two{"ai-worker-2", *this};
};

TEST_F(RecordingsOfAFleet, AreTranscribedOnceForAllWorkers) {
    EXPECT_EQ(transcribe(one).value(), "heard: bytes of http://gateway/note.ogg");
    EXPECT_EQ(transcribe(two).value(), "heard: bytes of http://gateway/note.ogg");

    EXPECT_THAT(model.asked, ElementsAre("note.ogg"));
}

TEST_F(RecordingsOfAFleet, WhatSomebodyElseHasTranscribedIsTakenAndALaterOneReplacesIt) {
    ASSERT_TRUE(two.cache.offer(question(), "from a bot"));
    EXPECT_EQ(transcribe(one).value(), "from a bot");
    ASSERT_TRUE(one.cache.offer(question(), "from another"));
    EXPECT_EQ(transcribe(two).value(), "from another");

    EXPECT_THAT(model.asked, IsEmpty());
}

TEST_F(RecordingsOfAFleet, RecordingsAreIndependent) {
    ASSERT_TRUE(one.cache.offer(question("id:1"), "first"));
    ASSERT_TRUE(one.cache.offer(question("id:2"), "second"));

    EXPECT_EQ(transcribe(two, question("id:1")).value(), "first");
    EXPECT_EQ(transcribe(two, question("id:2")).value(), "second");
}

TEST_F(RecordingsOfAFleet, FailureAndEmptyTextAreNotKept) {
    model.answer = [](const providers::File&) -> Answered<std::string> {
        return provider_failure(FailureCategory::server, Errc::load_failed);
    };
    EXPECT_EQ(transcribe(one).error().code, Errc::load_failed);
    model.answer = [](const providers::File&) { return std::string(); };
    EXPECT_FALSE(transcribe(one));
    model.answer = [](const providers::File&) { return "words"; };

    EXPECT_EQ(transcribe(two).value(), "words");
}

TEST_F(RecordingsOfAFleet, CallIsPaidForByTheJob) {
    std::vector<std::string> paid;
    auto asked = question();
    asked.pay = [&](const std::string& call, const std::function<Result<std::string>()>& ask) {
        paid.push_back(call);
        return ask();
    };

    EXPECT_TRUE(transcribe(one, asked));
    EXPECT_TRUE(transcribe(two, asked));

    EXPECT_THAT(paid, ElementsAre("transcription"));
}

TEST_F(RecordingsOfAFleet, RecordingThatMayNotBeFetchedIsAskedNobody) {
    files.answer = [](const domain::MediaPlace&) -> Answered<std::string> {
        return own_failure(Errc::refused);
    };

    EXPECT_EQ(transcribe(one).error().code, Errc::refused);
    EXPECT_THAT(model.asked, IsEmpty());
}

}  // namespace
}  // namespace tutti::services::worker::transcripts
