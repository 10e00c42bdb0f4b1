#include "load/own_publications.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace tutti {
namespace {

class OwnPublicationsTest : public ::testing::Test {
protected:
    [[nodiscard]] bool may_use_store(const char* key) const {
        return publications_.may_use_store(key, TimePoint{});
    }
    static KeySet key(const char* name) { return {.keys = {name}, .all = false}; }

    std::shared_ptr<StoreGate> gate_ = std::make_shared<StoreGate>();
    OwnPublications publications_{gate_};
};

TEST_F(OwnPublicationsTest, TheStoreIsNotUsedForAKeyUntilItsLastPublicationHasEnded) {
    publications_.begin(key("a"));
    publications_.begin(key("a"));

    EXPECT_FALSE(may_use_store("a"));
    EXPECT_TRUE(may_use_store("b"));
    publications_.end(key("a"));
    EXPECT_FALSE(may_use_store("a"));
    publications_.end(key("a"));
    EXPECT_TRUE(may_use_store("a"));
}

TEST_F(OwnPublicationsTest, NorForAnyKeyWhileAllArePublished) {
    publications_.begin(KeySet::everything());

    EXPECT_FALSE(may_use_store("a"));
    publications_.end(KeySet::everything());
    EXPECT_TRUE(may_use_store("a"));
}

TEST_F(OwnPublicationsTest, NorForAnyKeyWhileATagIsPublishedWhereEntriesCarrySome) {
    OwnPublications tagged(gate_, OwnPublications::Tags::some);
    publications_.begin(KeySet::of_tag("t"));
    tagged.begin(KeySet::of_tag("t"));

    EXPECT_TRUE(may_use_store("a"));
    EXPECT_FALSE(tagged.may_use_store("a", TimePoint{}));
    tagged.end(KeySet::of_tag("t"));
    EXPECT_TRUE(tagged.may_use_store("a", TimePoint{}));
}

TEST_F(OwnPublicationsTest, NorWhileTheGateOfTheChannelIsShut) {
    gate_->set_unpublished(true);

    EXPECT_FALSE(may_use_store("a"));
}

TEST_F(OwnPublicationsTest, WithoutAStoreThereIsNoneToUse) {
    const OwnPublications without(nullptr);

    EXPECT_FALSE(without.may_use_store("a", TimePoint{}));
}

}  // namespace
}  // namespace tutti
