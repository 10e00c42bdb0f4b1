// The declared cache of models, with times that a test can outwait, in front of a provider that
// fails.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/caches/catalogue.hpp"
#include "tutti/node.hpp"

namespace tutti::services::caches {
namespace {

using namespace std::chrono_literals;

class DeclaredModels : public ::testing::Test {
protected:
    CacheOptions<std::string, domain::ModelCatalogue> options() {
        auto declared = model_options(
            [this](const std::string&, LoadContext&) -> Result<domain::ModelCatalogue> {
                ++calls;
                if (broken) return fail(Errc::load_failed, "fetch", "scripted");
                return domain::ModelCatalogue(models);
            });
        declared.ttl = 1ms;
        declared.store->ttl = 1ms;
        return declared;
    }
    void outlive() {
        const auto end = Boottime::now() + 5ms;
        while (Boottime::now() < end) std::this_thread::yield();
    }
    Result<Lookup<domain::ModelCatalogue>> get() { return cache.get(models_key); }

    std::atomic<int> calls = 0;
    std::atomic<bool> broken = false;
    std::atomic<std::size_t> models = 2;
    std::unique_ptr<Node> node = Node::create({.name = "gateway"}).value();
    Models cache = node->shared(options());
};

TEST_F(DeclaredModels, LastKnownListIsServedWhileTheProviderFails) {
    ASSERT_TRUE(node->start());
    ASSERT_TRUE(get());
    outlive();
    broken = true;

    const auto found = get();

    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->freshness(), Freshness::stale);
    EXPECT_EQ((*found)->size(), 2U);
}

TEST_F(DeclaredModels, EmptyListReplacesNothingAndIsNoneToBeginWith) {
    ASSERT_TRUE(node->start());
    models = 0;
    EXPECT_FALSE(get());
    models = 2;
    ASSERT_TRUE(get());
    outlive();
    models = 0;

    const auto found = get();

    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ((*found)->size(), 2U);
}

TEST(RefreshedCatalogue, IsThereBeforeAnybodyAsks) {
    std::atomic<int> calls = 0;
    auto declared = model_options([&calls](const std::string&, LoadContext&) {
        ++calls;
        return domain::ModelCatalogue(2);
    });
    ASSERT_TRUE(declared.refresh);
    EXPECT_EQ(declared.refresh->first, Duration(10s));
    EXPECT_LE(declared.refresh->every * 3, Duration(24h)) << "two may fail before it is gone";
    declared.refresh->first = 1ms;
    const auto node = Node::create({.name = "gateway"}).value();
    const Models cache = node->shared(std::move(declared));
    ASSERT_TRUE(node->start());

    const auto give_up = Boottime::now() + 10s;
    while (calls == 0 && Boottime::now() < give_up) std::this_thread::yield();

    const auto found = cache.get(models_key);
    ASSERT_TRUE(found);
    EXPECT_NE(found->tier(), Tier::source);
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace tutti::services::caches
