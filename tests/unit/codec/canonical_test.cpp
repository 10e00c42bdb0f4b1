#include "tutti/canonical.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/key.hpp"

namespace tutti {
namespace {

std::string joined(const std::vector<std::string>& parts) {
    const std::vector<std::string_view> views(parts.begin(), parts.end());
    return composite(std::span<const std::string_view>(views));
}

TEST(Canonical, ASignatureIsNotPartOfALink) {
    EXPECT_EQ(without_query("https://cdn.example/a/b.png?ex=1&is=2&hm=3"),
              "https://cdn.example/a/b.png");
    EXPECT_EQ(without_query("https://cdn.example/a/b.png#top?x"), "https://cdn.example/a/b.png");
    EXPECT_EQ(without_query("https://cdn.example/a/b.png"), "https://cdn.example/a/b.png");
    EXPECT_EQ(without_query("?"), "");
    EXPECT_EQ(without_query(""), "");
}

TEST(Canonical, OnlyAsciiLettersBecomeSmall) {
    EXPECT_EQ(to_lower("Ab-Z@[`{09"), "ab-z@[`{09");
    EXPECT_EQ(to_lower("\xc3\x84"), "\xc3\x84");
}

TEST(Canonical, PercentEncodingIsUndoneByDecoding) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);

    EXPECT_EQ(percent_decode(percent_encode(all)), all);
    EXPECT_EQ(percent_encode("a/b c~"), "a%2Fb%20c~");
    EXPECT_EQ(percent_decode("%41"), "A");
    EXPECT_FALSE(percent_decode("%4"));
    EXPECT_FALSE(percent_decode("a%"));
    EXPECT_FALSE(percent_decode("%-1"));
    EXPECT_FALSE(percent_decode("%0x"));
}

// FIPS 180-2, appendix B.
TEST(Canonical, TheDigestIsSha256) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Canonical, PartsAreReadableInTheText) {
    EXPECT_EQ(composite("reply", std::string("general"), 3), "reply:general:3");
    EXPECT_EQ(composite("a:b", "50%"), "a%3Ab:50%25");
}

TEST(Canonical, ListsThatLookAlikeDiffer) {
    const std::vector<std::vector<std::string>> lists{
        {},        {""},  {"", ""}, {"a", "b"}, {"a:b"}, {"a", "", "b"},
        {"a%3Ab"}, {"%"}, {":"},    {"a:", "b"}};

    std::vector<std::string> texts;
    for (const auto& list : lists) texts.push_back(joined(list));

    for (std::size_t i = 0; i < texts.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) EXPECT_NE(texts[i], texts[j]);
    }
}

TEST(PrincipalKey, TwoUsersDoNotShareAKey) {
    const PrincipalKey<std::string> anna{"anna", "general"};
    const PrincipalKey<std::string> bert{"bert", "general"};

    EXPECT_EQ(KeyText<PrincipalKey<std::string>>::text(anna), "anna:general");
    EXPECT_NE(anna.key_text(), bert.key_text());
    EXPECT_EQ((PrincipalKey<std::uint64_t>{"a", 7}.key_text()), "a:7");
    static_assert(Key<PrincipalKey<PrincipalKey<std::string>>>);
}

TEST(Keys, OwnTheirText) {
    static_assert(Key<std::string> && Key<std::uint64_t> && Key<PrincipalKey<std::string>>);
    static_assert(detail::borrows_its_text<std::string_view>);
    static_assert(detail::borrows_its_text<const char*> && detail::borrows_its_text<char*>);
    static_assert(detail::borrows_its_text<std::span<const char>>);
    static_assert(detail::borrows_its_text<std::reference_wrapper<const std::string>>);
    static_assert(!detail::borrows_its_text<std::string>);
    EXPECT_EQ(composite("a part", std::string_view("may")), "a part:may")
        << "borrowed: it is copied at once";
}

TEST(PrincipalKey, AUserCannotNameHimselfIntoAnothersKey) {
    EXPECT_NE((PrincipalKey<std::string>{"a:b", "c"}.key_text()),
              (PrincipalKey<std::string>{"a", "b:c"}.key_text()));
}

// Letters that collide easily.
std::vector<std::string> any_parts() {
    const auto part = rc::gen::container<std::string>(rc::gen::element(':', '%', '3', 'A', 'a'));
    return *rc::gen::container<std::vector<std::string>>(part);
}

// What `composite` writes can be read back, so no two lists have one text.
std::vector<std::string> parts_of(const std::string& text) {
    if (text == "%") return {};
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ':') {
            parts.emplace_back();
        } else if (text[i] == '%') {
            parts.back() += text.substr(i, 3) == "%3A" ? ':' : '%';
            i += 2;
        } else {
            parts.back() += text[i];
        }
    }
    return parts;
}

RC_GTEST_PROP(CompositeProperty, TheTextSaysWhatThePartsWere, ()) {
    const auto parts = any_parts();

    RC_ASSERT(parts_of(joined(parts)) == parts);
}

RC_GTEST_PROP(CompositeProperty, DifferentListsHaveDifferentTexts, ()) {
    const auto one = any_parts();
    const auto other = any_parts();

    RC_ASSERT((joined(one) == joined(other)) == (one == other));
}

RC_GTEST_PROP(LowerProperty, LowerIsIdempotentAndKeepsTheLength, (const std::string& text)) {
    RC_ASSERT(to_lower(to_lower(text)) == to_lower(text));
    RC_ASSERT(to_lower(text).size() == text.size());
}

}  // namespace
}  // namespace tutti
