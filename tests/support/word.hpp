// The last argument of INSTANTIATE_TEST_SUITE_P for parameters that are no words: what they print
// as becomes one.
//
//     {"SET", "channel:m", "-5"}  ->  SET_channel_m_5
//
// GoogleTest refuses two parameters of one name.
#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace tests {

struct Word {
    template <class Param>
    std::string operator()(const testing::TestParamInfo<Param>& about) const {
        std::string word;
        bool gap = false;
        for (const char c : testing::PrintToString(about.param)) {
            const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0;
            if (fits && gap && !word.empty()) word += '_';
            if (fits) word += c;
            gap = !fits;
        }
        return word;
    }
};

}  // namespace tests
