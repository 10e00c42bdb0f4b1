// The catalogue of models in front of a provider that counts, on a real Redis.
#include <atomic>

#include "integration/api_gateway/two_gateways.hpp"
#include "provider-stand-in/catalogue.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* document = "openrouter:models";

// As a program of the deployment writes it, with the members that we do not keep.
constexpr const char* foreign_document = R"([{"id":"openai/gpt-4o","canonical_slug":"openai/gpt-4o",
    "hugging_face_id":null,"name":"OpenAI: GPT-4o","created":1715367049,"description":"x",
    "context_length":128000,"architecture":{"modality":"text+image->text","input_modalities":
    ["text","image"],"output_modalities":["text"],"tokenizer":"GPT","instruct_type":null},
    "pricing":{"prompt":"0.0000025","completion":"0.00001","request":"0","image":"0.003613",
    "web_search":"0","internal_reasoning":"0"},"top_provider":{"context_length":128000,
    "max_completion_tokens":16384,"is_moderated":true},"per_request_limits":null,
    "supported_parameters":["max_tokens"],"default_parameters":{}}])";

struct Count {
    std::size_t count = 0;
};
BOOST_DESCRIBE_STRUCT(Count, (), (count))

class ModelCatalogueCache : public TwoGateways {
protected:
    std::size_t vision_models() { return read<Count>(call("GET", "/models/vision")).count; }
    http::Response list() { return call("GET", "/models"); }
    http::Response refresh() { return call("POST", "/models/refresh", bot_owner); }
    // Readers are answered before their value is in Redis.
    void load() {
        ASSERT_EQ(list().status, 200);
        ASSERT_TRUE(eventually([this] { return stored() == catalogue_of(300); }));
        ASSERT_TRUE(eventually([this] {
            return metrics_text().contains("tutti_cache_entries{cache=\"openrouter-models\"} 1");
        }));
    }
    std::string stored() { return redis.command({"GET", document}); }
    std::string catalogue_of(std::size_t models) {
        return domain::write_catalogue(stand_in::stand_in_catalogue(models));
    }
};

TEST_F(ModelCatalogueCache, WhatRedisHoldsMakesNoCall) {
    redis.command({"SET", document, foreign_document, "EX", "86400"});
    start_one();

    EXPECT_EQ(vision_models(), 1U);

    EXPECT_EQ(stand_in->calls(), 0U);
    EXPECT_EQ(stored(), foreign_document);
}

TEST_F(ModelCatalogueCache, MissCallsOnceAndStoresTheArrayForADay) {
    start_one();

    EXPECT_EQ(list().status, 200);
    EXPECT_EQ(list().status, 200);

    EXPECT_EQ(stand_in->calls(), 1U);
    EXPECT_TRUE(eventually([this] { return stored() == catalogue_of(300); }));
    const int ttl = std::stoi(redis.command({"TTL", document}));
    EXPECT_GT(ttl, 86'300);
    EXPECT_LE(ttl, 86'400);
}

TEST_F(ModelCatalogueCache, AnswersWhileRedisIsAway) {
    start_one();
    redis.kill();

    const auto response = list();

    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(list().status, 200);
    EXPECT_EQ(stand_in->calls(), 1U) << "memory goes without Redis";
}

TEST_F(ModelCatalogueCache, RedisThatRefusesWritesCostsNobodyTheList) {
    start_one();
    redis.command({"CONFIG", "SET", "min-replicas-to-write", "1"});

    EXPECT_EQ(list().status, 200);
    EXPECT_EQ(list().status, 200);

    EXPECT_EQ(stand_in->calls(), 1U);
    redis.command({"CONFIG", "SET", "min-replicas-to-write", "0"});
    EXPECT_EQ(redis.command({"EXISTS", document}), "0");
}

TEST_F(ModelCatalogueCache, EmptyListIsNoCatalogueToBeginWith) {
    behave({.models = 0});
    start_one();

    const auto response = list();

    expect_error(response, 500, "INTERNAL_ERROR");
    EXPECT_TRUE(response.body.contains("empty")) << response.body;
    EXPECT_EQ(redis.command({"EXISTS", document}), "0");
}

TEST_F(ModelCatalogueCache, BrokenDocumentIsFetchedAgainAndReplaced) {
    redis.command({"SET", document, "{oops", "EX", "86400"});
    start_one();

    EXPECT_EQ(list().status, 200);

    EXPECT_EQ(stand_in->calls(), 1U);
    EXPECT_TRUE(eventually([this] { return stored() == catalogue_of(300); }));
    EXPECT_TRUE(
        metrics_text().contains("tutti_cache_unreadable_total{cache=\"openrouter-models\"} 1"));
}

TEST_F(ModelCatalogueCache, FailingProviderIsNamedAndStoresNothing) {
    behave({.status = 500});
    start_one();

    const auto response = list();

    expect_error(response, 500, "INTERNAL_ERROR");
    EXPECT_TRUE(response.body.contains("500")) << response.body;
    EXPECT_EQ(redis.command({"EXISTS", document}), "0");
}

TEST_F(ModelCatalogueCache, EmptyListReplacesNothing) {
    start_one();
    load();
    behave({.models = 0});

    expect_error(refresh(), 500, "INTERNAL_ERROR");

    EXPECT_TRUE(eventually([this] { return stored() == catalogue_of(300); }));
    EXPECT_EQ(list().status, 200);
}

TEST_F(ModelCatalogueCache, EmptyDocumentOfAnotherProgramIsNotBelieved) {
    redis.command({"SET", document, "[]", "EX", "86400"});
    start_one();

    EXPECT_GT(vision_models(), 1U);

    EXPECT_TRUE(eventually([this] { return stored() == catalogue_of(300); }));
}

TEST_F(ModelCatalogueCache, TwoGatewaysThatStartColdMakeOneCall) {
    behave({.delay = 200ms});
    start_both();

    const auto responses =
        at_once(8, [this](const std::string& url) { return call_at(url, "GET", "/models/text"); });

    for (const http::Response& response : responses)
        EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(stand_in->calls(), 1U);
}

TEST_F(ModelCatalogueCache, ForcedRefreshOverwritesAndNeverDeletesFirst) {
    start_one();
    load();
    behave({.delay = 300ms, .models = 3});
    std::atomic<bool> done = false;
    http::Response refreshed;
    std::jthread owner([&] {
        refreshed = refresh();
        done = true;
    });

    int looks = 0;
    while (!done) {
        EXPECT_EQ(redis.command({"EXISTS", document}), "1");
        EXPECT_EQ(list().status, 200) << "the old one, meanwhile";
        ++looks;
    }
    owner.join();

    EXPECT_GT(looks, 1);
    EXPECT_EQ(refreshed.status, 200) << refreshed.body;
    EXPECT_TRUE(refreshed.body.contains("\"modelCount\":3")) << refreshed.body;
    EXPECT_TRUE(eventually([this] { return stored() == catalogue_of(3); }));
    EXPECT_EQ(vision_models(), 1U);
}

TEST_F(ModelCatalogueCache, FailingRefreshKeepsTheOld) {
    start_one();
    load();
    behave({.status = 500});

    expect_error(refresh(), 500, "INTERNAL_ERROR");

    EXPECT_TRUE(eventually([this] { return stored() == catalogue_of(300); }));
    EXPECT_EQ(list().status, 200);
}

TEST_F(ModelCatalogueCache, WhatRedisHoldsIsAnsweredToEverybodyAtOnce) {
    redis.command({"SET", document, foreign_document, "EX", "86400"});
    start_one();

    const auto responses = at_once(64, [this](const std::string&) { return list(); });

    for (const http::Response& response : responses)
        EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(stand_in->calls(), 0U);
}

TEST_F(ModelCatalogueCache, WhoWaitsForAStalledProviderHoldsNoWorker) {
    behave({.delay = 10min});
    start_both();
    std::vector<std::jthread> waiting;
    for (int i = 0; i < 32; ++i) waiting.emplace_back([this] { (void)list(); });
    ASSERT_TRUE(eventually([this] { return stand_in->calls() == 1; }));

    for (int i = 0; i < 20; ++i) EXPECT_FALSE(activation_of("500").is_activated);

    stand_in.reset();  // ends the wait
}

TEST_F(ModelCatalogueCache, HangingRefreshesKeepNobodyFromTheListInMemory) {
    start_one();
    load();
    behave({.delay = 10min});
    // One more than there are places: the others hang.
    std::atomic<int> refused = 0;
    std::vector<std::jthread> owners;
    for (int i = 0; i < 5; ++i) {
        owners.emplace_back([&] {
            if (refresh().status == 503) ++refused;
        });
    }
    ASSERT_TRUE(eventually([&] { return refused > 0; })) << "places are bounded";

    for (int i = 0; i < 50; ++i) EXPECT_EQ(list().status, 200);

    stand_in.reset();
}

}  // namespace
}  // namespace tutti::services
