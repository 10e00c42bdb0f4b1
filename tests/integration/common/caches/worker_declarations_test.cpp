// The declared caches of the ai-worker, on nodes that share a hub.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <mutex>
#include <thread>

#include "common/caches/media_caches.hpp"
#include "tutti/node.hpp"

namespace tutti::services::caches {
namespace {

using namespace std::chrono_literals;
using domain::ModelTier;
using domain::PictureAttempt;
using domain::PictureQuestion;
using domain::VisionDescription;

PictureQuestion question(const std::string& model, ModelTier tier, const std::string& key = "") {
    return {
        .picture = "id:7",
        .place = {.url = "https://cdn.discordapp.com/attachments/1/7/cat.png", .original_url = {}},
        .content_type = "image/png",
        .model = model,
        .tier = tier,
        .key = process::Secret(key)};
}

// Two workers in front of one provider.
class DeclaredVision : public ::testing::Test {
protected:
    using Answer = Result<Loaded<VisionDescription>>;

    struct Worker {
        std::unique_ptr<Node> node;
        VisionDescriptions descriptions;
    };

    Worker worker(const std::string& name) {
        auto node = Node::create({.name = name, .embedded = hub}).value();
        auto descriptions = declare_vision_descriptions(
            *node, [this](const PictureAttempt& attempt, LoadContext&) -> Answer {
                ++calls;
                return provider(attempt.question);
            });
        EXPECT_TRUE(node->start());
        return {std::move(node), std::move(descriptions)};
    }
    static Answer described(const PictureQuestion& asked) {
        return VisionDescription{.description = "a cat", .model = asked.model, .tier = asked.tier};
    }

    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create();
    std::atomic<int> calls = 0;
    std::function<Answer(const PictureQuestion&)> provider = described;
    Worker one = worker("ai-worker-1");
    Worker two = worker("ai-worker-2");
};

TEST_F(DeclaredVision, OnePictureIsOneCallForAllWhoAskWhateverTheyWouldAskWith) {
    const auto first = one.descriptions.by_picture.get(question("a/free:free", ModelTier::free));
    const auto second = two.descriptions.by_picture.get(question("a/paid", ModelTier::paid));

    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->value(), second->value());
    EXPECT_EQ(calls, 1);
}

TEST_F(DeclaredVision, AtTheSameTimeToo) {
    std::latch asked(1);
    provider = [&](const PictureQuestion& of) {
        asked.wait();
        return described(of);
    };
    std::latch answered(8);
    std::atomic<int> found = 0;
    for (int i = 0; i < 8; ++i) {
        const Worker& from = i % 2 == 0 ? one : two;
        from.descriptions.by_picture.get(question("a/paid", ModelTier::paid),
                                         [&](const Result<Lookup<VisionDescription>>& answer) {
                                             if (answer && answer->found()) ++found;
                                             answered.count_down();
                                         });
    }
    asked.count_down();
    answered.wait();

    EXPECT_EQ(found, 8);
    EXPECT_EQ(calls, 1);
}

TEST_F(DeclaredVision, EveryFailureIsRememberedForTheFleetAndOnlyForThatModelAndKey) {
    for (const auto& [category, ttl] : vision_failure_ttls().categories) {
        SCOPED_TRACE(category);
        calls = 0;
        provider = [name = category](const PictureQuestion& of) -> Answer {
            if (of.key.reveal() == "sk-" + name) return negative(name);
            return fail(Errc::stopped, "ask", "another attempt");
        };
        const auto asked = question("a/paid", ModelTier::paid, "sk-" + category);

        const auto first = one.descriptions.by_picture.get(asked);
        const auto second = two.descriptions.by_picture.get(asked);
        const auto other = two.descriptions.attempts.get(
            PictureAttempt{question("a/paid", ModelTier::paid, "sk-other")});

        ASSERT_TRUE(first && second);
        EXPECT_EQ(first->answer(), tutti::Answer::negative);
        EXPECT_EQ(first->category(), category);
        EXPECT_EQ(second->category(), category);
        EXPECT_FALSE(other);
        EXPECT_EQ(calls, 2) << "one each of two attempts";
        EXPECT_LE(ttl.lifetime(), vision_failure_ttls().ceiling->lifetime());
    }
}

TEST_F(DeclaredVision, FailureIsTimedByItsCategory) {
    const auto ttls = vision_failure_ttls().categories;

    for (const char* name : {"auth", "quota", "credit"}) EXPECT_EQ(ttls.at(name), Ttl(300s));
    for (const char* name : {"rate_limit", "server", "timeout", "network", "empty", "unknown"}) {
        EXPECT_EQ(ttls.at(name), Ttl(600s));
    }
    for (const char* name :
         {"content_policy", "media_missing", "model_missing", "censored", "bad_request"}) {
        EXPECT_EQ(ttls.at(name), Ttl(3600s));
    }
    EXPECT_EQ(ttls.size(), 14U);
}

TEST_F(DeclaredVision, AFailureThatIsOnlyThisProcesssIsNotRemembered) {
    provider = [](const PictureQuestion&) -> Answer {
        return fail(Errc::overloaded, "ask", "too many at a time");
    };
    EXPECT_FALSE(one.descriptions.by_picture.get(question("a/paid", ModelTier::paid)));
    provider = described;

    EXPECT_TRUE(two.descriptions.by_picture.get(question("a/paid", ModelTier::paid))->found());
}

TEST_F(DeclaredVision, EmptyDescriptionIsAFailureAndNothingIsKept) {
    provider = [](const PictureQuestion&) -> Answer { return VisionDescription{}; };
    EXPECT_FALSE(one.descriptions.by_picture.get(question("a/paid", ModelTier::paid)));
    provider = described;

    EXPECT_TRUE(one.descriptions.by_picture.get(question("a/paid", ModelTier::paid))->found());
}

TEST_F(DeclaredVision, BetterDescriptionStays) {
    const auto offer = [](const Worker& to, ModelTier tier, const std::string& text) {
        return to.descriptions.by_picture.offer(
            question("m", tier),
            VisionDescription{.description = text, .model = "m", .tier = tier});
    };
    ASSERT_TRUE(offer(one, ModelTier::paid, "a tabby cat"));
    ASSERT_TRUE(offer(two, ModelTier::free, "an animal"));
    EXPECT_EQ((*two.descriptions.by_picture.get(question("m", ModelTier::free)))->description,
              "a tabby cat");

    ASSERT_TRUE(offer(two, ModelTier::paid, "a tabby cat on a mat"));
    EXPECT_EQ((*one.descriptions.by_picture.get(question("m", ModelTier::free)))->description,
              "a tabby cat on a mat");
    EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace tutti::services::caches
