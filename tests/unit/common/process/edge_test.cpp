#include "common/process/edge.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

namespace tutti::services::process {
namespace {

template <class Thrown>
std::string described(const Thrown& thrown) {
    return text_of(std::make_exception_ptr(thrown));
}

TEST(Edge, WhatIsThrownIsContained) {
    EXPECT_TRUE(contain("a test", [] {}));
    EXPECT_FALSE(contain("a test", [] { throw std::runtime_error("broken"); }));
    EXPECT_FALSE(contain("a test", [] { throw 7; }));
}

TEST(Edge, EveryThrownObjectHasAText) {
    EXPECT_EQ(described(std::runtime_error("broken")), "broken");
    EXPECT_EQ(described(std::bad_alloc()), "out of memory");
    EXPECT_EQ(described(7), "something that is no std::exception was thrown");
    EXPECT_TRUE(described(std::system_error(EAGAIN, std::generic_category()))
                    .starts_with("no thread can be started"));
}

TEST(Edge, WhatAResultThrowsIsAnErrorOfIt) {
    const auto good = as_result(Errc::unavailable, []() -> Result<int> { return 7; });
    const auto thrown = as_result(
        Errc::unavailable, []() -> Result<int> { throw std::runtime_error("no descriptor"); });

    EXPECT_EQ(good, 7);
    ASSERT_FALSE(thrown);
    EXPECT_EQ(thrown.error().code, Errc::unavailable);
    EXPECT_EQ(thrown.error().cause, "no descriptor");
}

TEST(Edge, ProgramThatThrowsEndsWithOneLineAndExitCodeOne) {
    const auto before = std::get_terminate();
    ::testing::internal::CaptureStderr();
    const int code = run_program([]() -> int { throw std::runtime_error("too few descriptors"); });
    const std::string said = ::testing::internal::GetCapturedStderr();

    EXPECT_EQ(code, 1);
    EXPECT_TRUE(said.contains("cannot go on: too few descriptors")) << said;
    EXPECT_EQ(run_program([] { return 3; }), 3);
    std::set_terminate(before);
}

TEST(Edge, LineThatRepeatsIsWrittenOnceAMinute) {
    ::testing::internal::CaptureStderr();
    for (int i = 0; i < 100; ++i) {
        contain("the edge of this test", [] { throw std::runtime_error("again"); });
    }
    const std::string said = ::testing::internal::GetCapturedStderr();

    EXPECT_EQ(said.find("the edge of this test"), said.rfind("the edge of this test")) << said;
    EXPECT_TRUE(said.contains("the edge of this test: again")) << said;
}

}  // namespace
}  // namespace tutti::services::process
