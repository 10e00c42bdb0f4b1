// A cache by its name: the same one again, or an error that says what is there instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/node.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class FindTest : public ::testing::Test {
protected:
    FindTest() {
        (void)node_->local<int, std::string>(options("names"));
        (void)node_->cooldown<int>(
            {.name = "notices", .caches = "notices", .period = 1h, .bound = entries(10)});
    }

    static CacheOptions<int, std::string> options(std::string name) {
        return {.name = std::move(name),
                .caches = "names",
                .stale = Stale::acceptable,
                .ttl = 1h,
                .bound = entries(100),
                .load = [](int id, LoadContext&) { return std::to_string(id); }};
    }
    template <class Handle>
    std::string refusal(std::string_view name) {
        const auto found = node_->find<Handle>(name);
        return found ? "found" : found.error().message();
    }

    std::unique_ptr<Node> node_ = Node::create({.name = "node"}).value();
};

TEST_F(FindTest, IsTheSameCacheAgain) {
    const auto found = node_->find<Local<int, std::string>>("names");
    ASSERT_TRUE(found);
    ASSERT_TRUE(node_->start());

    EXPECT_EQ(**found->get(7), "7");

    EXPECT_TRUE((node_->find<Local<int, std::string>>("names")->contains(7)));
}

TEST_F(FindTest, ANameThatIsNotThereIsNamed) {
    EXPECT_THAT((refusal<Local<int, std::string>>("nams")),
                HasSubstr("find nams: invalid option: no cache of that name"));
}

TEST_F(FindTest, WhatWasDeclaredAfterTheStartIsSaidToBeLate) {
    ASSERT_TRUE(node_->start());
    (void)node_->local<int, std::string>(options("late"));

    EXPECT_THAT((refusal<Local<int, std::string>>("late")),
                HasSubstr("it was declared after Node::start"));
}

TEST_F(FindTest, OtherTypesAreNamedOnBothSides) {
    const std::string refused = refusal<Local<int, int>>("names");

    EXPECT_THAT(refused, HasSubstr("declared as local<int, std::"));
    EXPECT_THAT(refused, HasSubstr("not as local<int, int>"));
}

TEST_F(FindTest, AnotherPatternIsNamed) {
    EXPECT_THAT((refusal<Coherent<int, std::string>>("names")),
                HasSubstr("not as coherent<int, std::"));
}

TEST_F(FindTest, WhatHoldsNoValuesIsNoCache) {
    EXPECT_THAT((refusal<Local<int, std::string>>("notices")), HasSubstr("declared as cooldown"));
}

TEST_F(FindTest, ARefusedDeclarationSaysSo) {
    auto wrong = options("wrong");
    wrong.ttl.reset();
    (void)node_->local<int, std::string>(std::move(wrong));

    EXPECT_THAT((refusal<Local<int, std::string>>("wrong")), HasSubstr("Node::start says why"));
}

}  // namespace
}  // namespace tutti
