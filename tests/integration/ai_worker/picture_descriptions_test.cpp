// One picture, one call; a failure is of one model and key.
#include "ai-worker/vision/picture_descriptions.hpp"

#include <latch>
#include <memory>
#include <thread>

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include "support/redis_server.hpp"
#include "tutti/node.hpp"
#include "unit/ai_worker/fakes.hpp"

namespace tutti::services::worker::vision {
namespace {

using namespace std::chrono_literals;
using namespace fakes;
using domain::PictureQuestion;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

PictureQuestion question(const std::string& model = "a/paid", const std::string& key = "") {
    return {.picture = "id:7",
            .place = {.url = "http://gateway/cat.png", .original_url = {}},
            .content_type = "image/png",
            .model = model,
            .tier = tier_of(model),
            .key = process::Secret(key),
            .pay = {}};
}

class Pictures : public ::testing::Test {
protected:
    struct Worker {
        Worker(const std::string& name, Pictures& of)
            : node(Node::create({.name = name, .embedded = of.hub}).value()),
              pictures(
                  caches::declare_vision_descriptions(*node, picture_loader(of.files, of.model))) {
            EXPECT_TRUE(node->start());
        }
        std::unique_ptr<Node> node;
        PictureDescriptions pictures;
    };
    static Answered<domain::VisionDescription> describe(const Worker& by,
                                                        const PictureQuestion& asked) {
        return by.pictures.describe(asked, Boottime::now() + 20s);
    }

    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create();
    Files files;
    Vision model;
    Worker one{"ai-worker-1", *this};
    Worker two{"ai-worker-2", *this};
};

TEST_F(Pictures, AreFetchedAndDescribedOnceForAllWorkersAndModels) {
    const auto first = describe(one, question("a/free:free"));
    const auto second = describe(two, question("a/paid", "sk-user"));

    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->description, "seen: bytes of http://gateway/cat.png");
    EXPECT_EQ(*first, *second);
    EXPECT_EQ(first->tier, domain::ModelTier::free);
    EXPECT_THAT(model.asked, SizeIs(1));
    EXPECT_THAT(files.fetched, SizeIs(1));
}

TEST(PictureFailures, AreRememberedWhateverTheyAreCalled) {
    const auto ttls = caches::vision_failure_ttls().categories;

    boost::mp11::mp_for_each<boost::describe::describe_enumerators<FailureCategory>>(
        [&](const auto& category) { EXPECT_TRUE(ttls.contains(category.name)) << category.name; });
    EXPECT_EQ(ttls.size(),
              boost::mp11::mp_size<boost::describe::describe_enumerators<FailureCategory>>::value);
}

TEST_F(Pictures, FailureIsRememberedForThatModelAndKeyOnly) {
    model.answer = [](const Vision::Asked& asked) -> Answered<std::string> {
        if (asked.key == "sk-broke") return provider_failure(FailureCategory::credit);
        return "a cat";
    };

    const auto broke = describe(one, question("a/paid", "sk-broke"));
    const auto again = describe(two, question("a/paid", "sk-broke"));
    EXPECT_EQ(broke.error().category, FailureCategory::credit);
    EXPECT_EQ(again.error().category, FailureCategory::credit);
    EXPECT_THAT(model.asked, SizeIs(1));

    EXPECT_EQ(describe(two, question("a/paid", "sk-rich")).value().description, "a cat");
    EXPECT_EQ(describe(one, question("a/paid", "sk-broke")).value().description, "a cat")
        << "what the other one has paid for is everybody's";
    EXPECT_THAT(model.asked, SizeIs(2));
}

TEST_F(Pictures, AReaderThatWaitedForTheFailureOfAnotherKeyAsksWithItsOwn) {
    std::latch asked(1);
    std::latch joined(1);
    model.answer = [&](const Vision::Asked& call) -> Answered<std::string> {
        if (call.key != "sk-broke") return "a cat";
        asked.count_down();
        joined.wait();
        return provider_failure(FailureCategory::auth);
    };
    Answered<domain::VisionDescription> failed;
    std::jthread first([&] { failed = describe(one, question("a/paid", "sk-broke")); });
    asked.wait();
    Answered<domain::VisionDescription> found;
    std::jthread second([&] { found = describe(one, question("a/paid", "sk-rich")); });
    joined.count_down();
    first.join();
    second.join();

    EXPECT_EQ(failed.error().category, FailureCategory::auth);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->description, "a cat");
    EXPECT_THAT(model.asked, SizeIs(2));
    EXPECT_EQ(describe(two, question("b/other")).value().description, "a cat") << "and offers it";
    EXPECT_THAT(model.asked, SizeIs(2));
}

TEST_F(Pictures, FailureOfThisProcessIsNotRemembered) {
    model.answer = [](const Vision::Asked&) -> Answered<std::string> {
        return own_failure(Errc::overloaded);
    };
    const auto busy = describe(one, question());
    ASSERT_FALSE(busy);
    EXPECT_FALSE(busy.error().category);
    EXPECT_EQ(busy.error().error.code, Errc::overloaded);
    model.answer = [](const Vision::Asked&) { return "a cat"; };

    EXPECT_TRUE(describe(one, question()));
}

TEST_F(Pictures, PictureThatIsGoneIsNotAskedAboutAgain) {
    files.answer = [](const domain::MediaPlace&) -> Answered<std::string> {
        return provider_failure(FailureCategory::media_missing);
    };

    EXPECT_EQ(describe(one, question()).error().category, FailureCategory::media_missing);
    EXPECT_EQ(describe(two, question()).error().category, FailureCategory::media_missing);

    EXPECT_THAT(files.fetched, SizeIs(1));
    EXPECT_THAT(model.asked, IsEmpty());
}

TEST_F(Pictures, CallIsPaidForByTheJobAndOnlyTheCall) {
    std::vector<std::string> paid;
    auto asked = question();
    asked.pay = [&](const std::string& call, const std::function<Result<std::string>()>& ask) {
        EXPECT_THAT(files.fetched, SizeIs(1)) << "fetched before";
        paid.push_back(call);
        return ask();
    };

    EXPECT_TRUE(describe(one, asked));
    EXPECT_TRUE(describe(two, asked)) << "from the cache";

    EXPECT_THAT(paid, ElementsAre("vision id:7"));
}

TEST_F(Pictures, AnswerOfAnEarlierAttemptOfTheJobIsTaken) {
    auto asked = question();
    asked.pay = [](const std::string&, const std::function<Result<std::string>()>&) {
        return Result<std::string>("paid before");
    };

    EXPECT_EQ(describe(one, asked).value().description, "paid before");
    EXPECT_THAT(model.asked, IsEmpty());
}

TEST_F(Pictures, CallOfWhichNothingIsKnownIsNotMadeAgainAndNotRemembered) {
    auto asked = question();
    asked.pay = [](const std::string&,
                   const std::function<Result<std::string>()>&) -> Result<std::string> {
        return fail(Errc::suspect, "pay", "nothing is known");
    };

    const auto unknown = describe(one, asked);

    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().error.code, Errc::suspect);
    EXPECT_THAT(model.asked, IsEmpty());
    EXPECT_TRUE(describe(two, question())) << "another job's";
}

// Which model.
class ModelChoice : public ::testing::Test {
protected:
    std::string choice(const VisionWish& wish) {
        return vision_model_for(wish, {.fallback = "fallback/vision"}, capability);
    }

    std::unique_ptr<Node> node = Node::create({.name = "ai-worker"}).value();
    capability::ModelCapability capability{caches::declare_model_capabilities(*node)};
    bool started = node->start().has_value();
};

TEST_F(ModelChoice, IsTheConfiguredOneBeforeAllOthers) {
    EXPECT_EQ(choice({.vision_model = "a/sees", .model = "openai/gpt-4o"}), "a/sees");
    EXPECT_EQ(choice({.vision_model = "a/sees", .model = "a/reads", .payer = Payer::user}),
              "a/sees");
}

TEST_F(ModelChoice, ElseThePersonalitysIfItCan) {
    EXPECT_EQ(choice({.vision_model = {}, .model = "openai/gpt-4o"}), "openai/gpt-4o");
}

TEST_F(ModelChoice, ElseAFreeOneForGuestsAndTheFallbackForAUsersKey) {
    EXPECT_EQ(choice({.vision_model = {}, .model = "a/reads"}), "google/gemma-3-27b-it:free");
    EXPECT_EQ(choice({.vision_model = {}, .model = "a/reads", .payer = Payer::user}),
              "fallback/vision");
}

TEST(ModelTierOf, IsFreeWhenTheModelIs) {
    EXPECT_EQ(tier_of("google/gemma-3-27b-it:free"), domain::ModelTier::free);
    EXPECT_EQ(tier_of(""), domain::ModelTier::free);
    EXPECT_EQ(tier_of("openai/gpt-4o"), domain::ModelTier::paid);
}

// As the audit says: an hour, in Redis, which alone decides.
TEST(PicturesInRedis, DescriptionsLiveForAnHourAndAreMadeAgainAfterIt) {
    tests::RedisServer redis;
    Files files;
    Vision model;
    const auto node =
        Node::create({.name = "ai-worker-1", .redis = redis.url(), .app = "tzurot"}).value();
    const PictureDescriptions pictures(
        caches::declare_vision_descriptions(*node, picture_loader(files, model)));
    ASSERT_TRUE(node->start());
    const auto describe = [&] { return pictures.describe(question(), Boottime::now() + 20s); };
    ASSERT_TRUE(describe());
    ASSERT_TRUE(describe());
    ASSERT_THAT(model.asked, SizeIs(1));
    const std::string key = redis.command({"KEYS", "*vision-description*id:7*"});
    const auto left = std::chrono::milliseconds(std::stoll(redis.command({"PTTL", key})));
    EXPECT_GT(left, 1h - 1min) << key;
    EXPECT_LE(left, 1h);

    redis.command({"PEXPIRE", key, "50"});
    std::this_thread::sleep_for(100ms);

    EXPECT_TRUE(describe());
    EXPECT_THAT(model.asked, SizeIs(2));
}

}  // namespace
}  // namespace tutti::services::worker::vision
