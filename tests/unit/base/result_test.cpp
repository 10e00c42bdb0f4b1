#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "tutti/error.hpp"
#include "tutti/lookup.hpp"
#include "tutti/reservation.hpp"

namespace tutti {
namespace {

using ::testing::Pointee;
using ::testing::StrEq;

using Name = Lookup<std::string>;

Result<Name> found(std::string value) {
    return Name(
        {.value = std::make_shared<const std::string>(std::move(value)), .answer = Answer::found});
}
Result<Name> absent_name() { return Name(); }
Result<Name> failed() { return fail(Errc::timeout, "load names", "no reply within 5 s"); }

TEST(Results, OneQuestionTellsWhetherThereIsAValue) {
    const auto yes = found("ada");
    EXPECT_THAT(yes.get_if(), Pointee(StrEq("ada")));
    const auto no = absent_name();
    EXPECT_EQ(no.get_if(), nullptr);
    const auto broken = failed();
    EXPECT_EQ(broken.get_if(), nullptr);
}

TEST(Results, DefaultStandsInForFailureAndAbsence) {
    EXPECT_EQ(found("ada").value_or("stranger"), "ada");
    EXPECT_EQ(absent_name().value_or("stranger"), "stranger");
    EXPECT_EQ(failed().value_or("stranger"), "stranger");
    EXPECT_EQ(absent_name()->value_or("stranger"), "stranger");
}

TEST(Results, ValueThrowsWhatTheErrorSays) {
    try {
        std::ignore = failed().value();
        FAIL() << "no exception";
    } catch (const BadResult& thrown) {
        EXPECT_STREQ(thrown.what(), "load names: timeout: no reply within 5 s");
        EXPECT_EQ(thrown.error().code, Errc::timeout);
    }
    const Result<void> nothing = fail(Errc::stopped, "start");
    EXPECT_THROW(nothing.value(), BadResult);
}

TEST(Results, ValuesCanBeMovedOut) {
    Result<std::unique_ptr<int>> owned = std::make_unique<int>(7);
    EXPECT_THAT(*std::move(owned), Pointee(7));
    EXPECT_THAT(Result<std::unique_ptr<int>>(std::make_unique<int>(8)).value(), Pointee(8));
}

TEST(Results, WhatCoroutinesBeginWithHoldsNothing) {
    EXPECT_FALSE(Name().found());
    EXPECT_EQ(Name().answer(), Answer::absent);
    const Result<Name> begun;
    EXPECT_EQ(begun.get_if(), nullptr);
    EXPECT_FALSE(Attempt<std::string>().granted());
    EXPECT_FALSE(Attempt<std::string>().held());
}

TEST(ResultsDeathTest, DereferencedErrorSaysWhichOne) {
    const auto broken = failed();
    EXPECT_DEATH(std::ignore = *broken, "dereferenced.*load names: timeout: no reply within 5 s");
    EXPECT_DEATH(std::ignore = broken->found(), "dereferenced.*load names: timeout");
}

TEST(ResultsDeathTest, DereferencedAbsenceSaysWhatToAsk) {
    const auto no = absent_name();
    EXPECT_DEATH(std::ignore = **no, "Lookup without a value was dereferenced.*value_or");
    EXPECT_DEATH(std::ignore = (*no)->size(), "Lookup without a value was dereferenced");
}

TEST(ResultsDeathTest, ErrorOfSuccessSaysSo) {
    const auto yes = found("ada");
    EXPECT_DEATH(std::ignore = yes.error(), "error\\(\\) of a Result that holds a value");
}

}  // namespace
}  // namespace tutti
