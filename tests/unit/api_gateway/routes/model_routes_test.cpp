#include "api-gateway/routes/model_routes.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "provider-stand-in/catalogue.hpp"
#include "unit/api_gateway/routes/route_table.hpp"

namespace tutti::services::gateway::routes {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Ids = std::vector<std::string>;

struct ModelRoutes : ::testing::Test {
    void current(ModelSource::Answer answer) {
        ++reads;
        if (later) return waiting.push_back(std::move(answer));
        answer(found());
    }
    [[nodiscard]] ModelSource::Found found() const {
        if (broken) return fail(Errc::load_failed, "fetch", "it answered with status 500");
        return std::make_shared<const domain::ModelCatalogue>(catalogue);
    }
    [[nodiscard]] Ids ids(const http::Response& response) const {
        EXPECT_EQ(response.status, 200) << response.body;
        const auto body = body_of(response);
        Ids found;
        for (const auto& model : body.at("models").as_array()) {
            found.emplace_back(model.at("id").as_string());
        }
        EXPECT_EQ(body.at("count").to_number<std::size_t>(), found.size());
        return found;
    }
    [[nodiscard]] Ids ids(std::string path, std::string query = {}) const {
        return ids(table.get(std::move(path), std::move(query)));
    }

    domain::ModelCatalogue catalogue = stand_in::stand_in_catalogue(3);
    bool broken = false;
    bool later = false;
    std::vector<ModelSource::Answer> waiting;
    int reads = 0;
    int refreshes = 0;
    RouteTable table{
        model_routes({.catalogue = [this](ModelSource::Answer to) { current(std::move(to)); },
                      .refresh =
                          [this](ModelSource::Answer to) {
                              ++refreshes;
                              current(std::move(to));
                          }},
                     "42")};
};

TEST_F(ModelRoutes, AreSortedByName) {
    EXPECT_THAT(ids("/models"),
                ElementsAre("anthropic/claude-sonnet-4", "dall-e/dall-e-3", "openai/gpt-4o"));
}

TEST_F(ModelRoutes, ListsByModality) {
    EXPECT_THAT(ids("/models/text"), ElementsAre("anthropic/claude-sonnet-4", "openai/gpt-4o"));
    EXPECT_THAT(ids("/models/vision"), ElementsAre("openai/gpt-4o"));
    EXPECT_THAT(ids("/models/image-generation"), ElementsAre("dall-e/dall-e-3"));
}

TEST_F(ModelRoutes, FiltersByInputAndOutput) {
    EXPECT_THAT(ids("/models", "inputModality=image"), ElementsAre("openai/gpt-4o"));
    EXPECT_THAT(ids("/models", "outputModality=image"), ElementsAre("dall-e/dall-e-3"));
    EXPECT_THAT(ids("/models", "inputModality=image&outputModality=text"),
                ElementsAre("openai/gpt-4o"));
    EXPECT_THAT(ids("/models", "inputModality=image&outputModality=image"), IsEmpty());
    EXPECT_THAT(ids("/models", "inputModality=video"), IsEmpty());
}

TEST_F(ModelRoutes, UnknownModalityIsRefusedBeforeAnythingIsRead) {
    for (const char* query : {"inputModality=smell", "outputModality=Text"}) {
        const auto response = table.get("/models", query);
        EXPECT_EQ(response.status, 400);
        EXPECT_EQ(text_of(response, "error"), "VALIDATION_ERROR");
    }
    EXPECT_EQ(reads, 0);
}

TEST_F(ModelRoutes, SearchesIdAndNameInAnyCase) {
    EXPECT_THAT(ids("/models", "search=openai%2F"), ElementsAre("openai/gpt-4o"));
    EXPECT_THAT(ids("/models", "search=CLAUDE+sonnet"), ElementsAre("anthropic/claude-sonnet-4"));
    EXPECT_THAT(ids("/models", "search=4"),
                ElementsAre("anthropic/claude-sonnet-4", "openai/gpt-4o"));
    EXPECT_THAT(ids("/models/text", "search=dall"), IsEmpty());
}

TEST_F(ModelRoutes, LimitIs25UnlessSaidOtherwiseAndAtMost100) {
    catalogue = stand_in::stand_in_catalogue(300);

    EXPECT_EQ(ids("/models").size(), 25U);
    EXPECT_EQ(ids("/models", "limit=2").size(), 2U);
    EXPECT_EQ(ids("/models", "limit=1000").size(), 100U);
    EXPECT_EQ(ids("/models", "limit=99999999999999999999999").size(), 100U);
    for (const char* invalid : {"limit=0", "limit=-1", "limit=x", "limit=3x", "limit="}) {
        EXPECT_EQ(ids("/models", invalid).size(), 25U) << invalid;
    }
    EXPECT_EQ(ids("/models/vision", "limit=3").size(), 3U);
}

TEST_F(ModelRoutes, OptionsAreExact) {
    const auto body = body_of(table.get("/models", "search=sonnet"));

    const auto expected = as_json(R"({"id":"anthropic/claude-sonnet-4",
        "name":"Anthropic: Claude Sonnet 4","contextLength":200000,"supportsVision":false,
        "supportsImageGeneration":false,"supportsAudioInput":false,"supportsAudioOutput":false,
        "promptPricePerMillion":3.0,"completionPricePerMillion":15.0})");
    EXPECT_EQ(body.at("models").at(0), expected);
}

TEST_F(ModelRoutes, PriceThatIsNoNumberIsZero) {
    catalogue.resize(2);
    catalogue[0].pricing->prompt = "free";
    catalogue[0].pricing->completion.reset();
    catalogue[1].pricing.reset();

    const auto body = body_of(table.get("/models"));
    for (const auto& model : body.at("models").as_array()) {
        EXPECT_EQ(model.at("promptPricePerMillion").as_double(), 0.0);
        EXPECT_EQ(model.at("completionPricePerMillion").as_double(), 0.0);
    }
}

TEST_F(ModelRoutes, SourceThatFailsIsA500WithItsCause) {
    broken = true;

    for (const char* path : {"/models", "/models/text", "/models/vision"}) {
        const auto response = table.get(path);
        EXPECT_EQ(response.status, 500);
        EXPECT_EQ(text_of(response, "error"), "INTERNAL_ERROR");
        EXPECT_THAT(text_of(response, "message"), HasSubstr("500"));
    }
}

TEST_F(ModelRoutes, ACatalogueThatIsNotAtHandIsAnsweredLater) {
    later = true;

    const auto response = table.get("/models", "search=sonnet");
    ASSERT_TRUE(response.later);
    std::optional<http::Response> answered;
    (void)response.later([&](http::Response given) { answered = std::move(given); });
    EXPECT_FALSE(answered);
    waiting.front()(found());

    ASSERT_TRUE(answered);
    EXPECT_THAT(ids(*answered), ElementsAre("anthropic/claude-sonnet-4"));
}

TEST_F(ModelRoutes, AnAnswerBetweenTheReadAndTheWaitIsNotLost) {
    later = true;
    const auto response = table.get("/models");
    waiting.front()(found());
    std::optional<http::Response> answered;

    (void)response.later([&](http::Response given) { answered = std::move(given); });

    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->status, 200);
}

TEST_F(ModelRoutes, OwnerRefreshes) {
    http::Request request{.method = "POST", .path = "/models/refresh"};
    request.headers.set("X-User-Id", "42");

    const auto response = table.call(request);

    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(body_of(response).at("success"), true);
    EXPECT_EQ(body_of(response).at("modelCount").to_number<int>(), 3);
    EXPECT_THAT(text_of(response, "message"), HasSubstr("3"));
    EXPECT_EQ(refreshes, 1);
}

TEST_F(ModelRoutes, NobodyElseRefreshes) {
    http::Request stranger{.method = "POST", .path = "/models/refresh"};
    EXPECT_EQ(table.call(stranger).status, 403);
    stranger.headers.set("X-User-Id", "43");
    EXPECT_EQ(table.call(stranger).status, 403);
    stranger.headers.set("X-User-Id", "");
    EXPECT_EQ(table.call(stranger).status, 403);
    const RouteTable without_owner(model_routes({.catalogue = {}, .refresh = {}}, std::nullopt));
    EXPECT_EQ(without_owner.call(stranger).status, 403);

    EXPECT_EQ(refreshes, 0);
}

TEST_F(ModelRoutes, AllStandBehindTheSecret) {
    for (const auto& route : table.routes()) EXPECT_EQ(route.access, Access::service);
}

}  // namespace
}  // namespace tutti::services::gateway::routes
