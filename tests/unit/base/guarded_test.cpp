// Whatever a function of the user's throws, it is an Error afterwards.
#include "tutti/detail/guarded.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "base/log.hpp"

namespace tutti {
namespace {

constexpr detail::UserFunction admit{.name = "admit", .operation = "cache", .cache = "prices"};

TEST(Guarded, GivesBackWhatTheFunctionReturns) {
    EXPECT_EQ(*detail::guarded(admit, [] { return 7; }), 7);
    EXPECT_EQ(**detail::guarded(admit, [] { return std::make_unique<int>(7); }), 7);
    EXPECT_TRUE(detail::guarded(admit, [] {}).has_value());
    EXPECT_EQ(*detail::guarded(admit, []() -> Result<int> { return 7; }), 7);
    const auto refused =
        detail::guarded(admit, []() -> Result<int> { return fail(Errc::refused, "its own"); });
    EXPECT_EQ(refused.error(), (Error{Errc::refused, "its own", ""}));
}

TEST(Guarded, AnExceptionIsAnErrorThatNamesCacheAndOption) {
    const auto thrown = detail::guarded(admit, []() -> int { throw std::runtime_error("boom"); });

    EXPECT_EQ(thrown.error(), (Error{Errc::load_failed, "cache prices", "admit threw: boom"}));
}

TEST(Guarded, SoIsWhatIsNoException) {
    const auto thrown = detail::guarded({.name = "codec.decode", .code = Errc::protocol},
                                        []() -> Result<int> { throw 42; });

    EXPECT_EQ(thrown.error().code, Errc::protocol);
    EXPECT_EQ(thrown.error().cause, "codec.decode threw something that is no std::exception");
}

TEST(Guarded, SoIsAnExceptionWithoutAText) {
    struct Wordless : std::exception {
        [[nodiscard]] const char* what() const noexcept override { return nullptr; }
    };

    const auto thrown = detail::guarded(admit, []() -> int { throw Wordless(); });

    EXPECT_EQ(thrown.error().cause, "admit threw: an exception without a text");
}

TEST(GuardedLog, AFunctionThatThrowsHarmsNobody) {
    int lines = 0;
    const Log log([&](LogLevel, std::string_view) {
        ++lines;
        throw 42;
    });

    log(LogLevel::error, "one");
    log(LogLevel::error, "two");

    EXPECT_EQ(lines, 2);
}

TEST(GuardedLog, ALineThatTheFunctionItselfCausesIsDropped) {
    std::string heard;
    const Log* again = nullptr;
    const Log log([&](LogLevel level, std::string_view text) {
        heard += text;
        (*again)(level, "echo");
    });
    again = &log;

    log(LogLevel::info, "one ");
    log(LogLevel::info, "two ");

    EXPECT_EQ(heard, "one two ");
}

}  // namespace
}  // namespace tutti
