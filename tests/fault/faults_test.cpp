// Every fault for a few seconds, on a small fleet. `./test fault all` is the whole of it.
#include "fault/faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <string>

#include "fault/run.hpp"

namespace tests::fault {

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

namespace {

using namespace std::chrono_literals;

class Faults : public ::testing::TestWithParam<Fault> {};

TEST_P(Faults, EndAsTheyShould) {
    const Outcome outcome = run(GetParam(), {.nodes = 3, .writers = 1, .lasts = 5s});

    EXPECT_THAT(outcome.complaints, ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, Faults, ::testing::ValuesIn(faults()), [](const auto& of) {
    std::string name(of.param.name);
    std::ranges::replace_if(name, [](char c) { return c == '-' || c == ':'; }, '_');
    return name;
});

}  // namespace
}  // namespace tests::fault
