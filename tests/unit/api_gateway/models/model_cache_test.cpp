// Who waits for the catalogue, and who does not, while a provider stalls.
#include "api-gateway/models/model_cache.hpp"

#include <gtest/gtest.h>

#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "provider-stand-in/catalogue.hpp"
#include "tutti/node.hpp"

namespace tutti::services::gateway::models {
namespace {

using namespace std::chrono_literals;
using Found = routes::ModelSource::Found;

class StalledProvider : public ::testing::Test {
protected:
    using Done = Completion<Loaded<domain::ModelCatalogue>>;

    void SetUp() override { ASSERT_TRUE(node->start()); }
    void TearDown() override {
        finish();
        node->stop();
    }

    // The node's thread may still be inside one when the last answer is there, until it is stopped.
    ModelCache& reading(ModelCache::Options options) { return all.emplace_back(models, options); }

    // One answer: at once when it came inside of the call.
    struct Asked {
        std::future<Found> later;
        bool at_once = false;

        Found get() { return later.get(); }
    };
    static Asked ask(const routes::ModelSource::Get& get) {
        auto answer = std::make_shared<std::promise<Found>>();
        Asked asked{.later = answer->get_future()};
        get([answer](const Found& found) { answer->set_value(found); });
        asked.at_once = asked.later.wait_for(0s) == std::future_status::ready;
        return asked;
    }
    static Errc code(Asked& asked) {
        const auto found = asked.get();
        return found ? Errc{} : found.error().code;
    }
    // Answers the loads that are held, and those that come.
    void finish() {
        std::vector<Done> loads;
        {
            const std::lock_guard lock(mutex);
            stalls = false;
            loads.swap(held);
        }
        for (Done& load : loads) load(stand_in::stand_in_catalogue(2));
    }
    void load(const std::string&, Done done) {
        {
            const std::lock_guard lock(mutex);
            if (stalls) return held.push_back(std::move(done));
        }
        done(stand_in::stand_in_catalogue(2));
    }

    std::mutex mutex;
    bool stalls = true;
    std::vector<Done> held;
    std::unique_ptr<Node> node = Node::create({.name = "gateway"}).value();
    caches::Models models = node->shared(caches::model_options(
        [this](const std::string& key, LoadContext, Done done) { load(key, std::move(done)); }));
    std::list<ModelCache> all;
};

TEST_F(StalledProvider, WhatIsInMemoryIsAnsweredAtOnceWithoutAPlace) {
    ModelCache& full = reading({.waiting_max = 0});
    auto early = ask(full.source().catalogue);
    EXPECT_EQ(code(early), Errc::overloaded);
    finish();
    ModelCache& free = reading({});
    EXPECT_TRUE(ask(free.source().catalogue).get());

    auto found = ask(full.source().catalogue);

    EXPECT_TRUE(found.at_once);
    EXPECT_EQ(found.get().value()->size(), 2U);
}

TEST_F(StalledProvider, ThoseWhoWaitAreBoundedAndAllAnswered) {
    ModelCache& cache = reading({.waiting_max = 2});
    const auto source = cache.source();
    auto first = ask(source.catalogue);
    auto second = ask(source.catalogue);
    auto third = ask(source.catalogue);

    EXPECT_EQ(code(third), Errc::overloaded);
    EXPECT_FALSE(first.at_once || second.at_once);
    finish();

    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
}

TEST_F(StalledProvider, RefreshesHaveAPlaceOfTheirOwn) {
    ModelCache& cache = reading({.waiting_max = 1, .refreshing_max = 1});
    const auto source = cache.source();
    finish();
    ASSERT_TRUE(ask(source.catalogue).get());
    stalls = true;

    auto refresh = ask(source.refresh);
    auto refused = ask(source.refresh);
    auto read = ask(source.catalogue);

    EXPECT_FALSE(refresh.at_once);
    EXPECT_TRUE(refused.at_once);
    EXPECT_EQ(code(refused), Errc::overloaded);
    EXPECT_TRUE(read.at_once);
    EXPECT_TRUE(read.get());
    finish();
    EXPECT_TRUE(refresh.get());
}

}  // namespace
}  // namespace tutti::services::gateway::models
