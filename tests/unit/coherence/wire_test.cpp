#include "coherence/wire.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::wire {
namespace {

const std::string header = "1 00000000000000ff 7 0123456789abcdef fedcba9876543210 2\n";

std::string keys_of(std::size_t count) {
    std::string payload;
    for (std::size_t i = 0; i < count; ++i) payload += "1:k,";
    return payload;
}

TEST(Wire, AnEnvelopeIsReadFieldByField) {
    const auto envelope = decode_envelope(header + "1:a,0:,3:b,c,");

    ASSERT_TRUE(envelope) << envelope.error().message();
    EXPECT_EQ(envelope->entry.position.epoch, Epoch{0xff});
    EXPECT_EQ(envelope->entry.position.sequence, 7U);
    EXPECT_EQ(envelope->entry.position.chain, Chain{0xfedcba9876543210});
    EXPECT_EQ(envelope->entry.previous, Chain{0x0123456789abcdef});
    EXPECT_EQ(envelope->entry.changed, (KeySet{.keys = {"a", "", "b,c"}, .all = false}));
    EXPECT_EQ(envelope->plain_events, 2U);
}

TEST(Wire, AStarMeansEveryKeyAndAKeyThatIsAStarDoesNot) {
    EXPECT_EQ(decode_keys("*"), KeySet::everything());
    EXPECT_EQ(decode_keys("1:*,"), (KeySet{.keys = {"*"}, .all = false}));
    EXPECT_EQ(decode_keys(""), KeySet{});
}

TEST(Wire, TagsStandBehindTheKeysAndAKeyThatLooksLikeOneIsNone) {
    const KeySet changed{.keys = {"#1:a,", "b"}, .all = false, .tags = {"a", "1:b,"}};

    EXPECT_EQ(encode_keys(changed), "5:#1:a,,1:b,#1:a,#4:1:b,,");
    EXPECT_EQ(decode_keys(encode_keys(changed)), changed);
    EXPECT_EQ(encoded_bytes(changed), encode_keys(changed).size());
}

TEST(Wire, TagsThatAreNotOnesAreRefused) {
    for (const std::string& text : std::vector<std::string>{
             "#", "#*", "##1:a,", "#0:,", "#1:a,1:b,", "#257:" + std::string(257, 'a') + ","}) {
        EXPECT_FALSE(decode_keys(text)) << text;
    }
    EXPECT_FALSE(decode_tags("#1:a,"));
    EXPECT_FALSE(decode_tags("*"));
    EXPECT_FALSE(decode_tags("0:,"));
    EXPECT_EQ(decode_tags(""), std::vector<std::string>{});
    EXPECT_EQ(decode_tags("1:a,"), std::vector<std::string>{"a"});
}

TEST(Wire, AnUnknownVersionIsToldApartFromGarbage) {
    const auto newer = decode_envelope("2 anything at all\n*");
    const auto garbage = decode_envelope("1 anything at all\n*");

    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, Errc::unsupported);
    ASSERT_FALSE(garbage);
    EXPECT_EQ(garbage.error().code, Errc::protocol);
}

TEST(Wire, AnEnvelopeThatIsNotOneIsRefused) {
    for (const std::string_view text : std::vector<std::string_view>{
             "", "\n", "1", "1\n*", R"({"type":"all"})",
             "1 00000000000000ff 7 0123456789abcdef fedcba9876543210 2",        // no payload line
             "1 0000000000000000 7 0123456789abcdef fedcba9876543210 2\n*",     // epoch none
             "1 00000000000000ff 0 0123456789abcdef fedcba9876543210 2\n*",     // sequence 0
             "1 00000000000000ff 07 0123456789abcdef fedcba9876543210 2\n*",    // leading zero
             "1 00000000000000ff -7 0123456789abcdef fedcba9876543210 2\n*",    // sign
             "1 00000000000000ff +7 0123456789abcdef fedcba9876543210 2\n*",    // sign
             "1 00000000000000FF 7 0123456789abcdef fedcba9876543210 2\n*",     // upper case
             "1 0x000000000000ff 7 0123456789abcdef fedcba9876543210 2\n*",     // prefix
             "1 ff 7 0123456789abcdef fedcba9876543210 2\n*",                   // short
             "1 00000000000000ff 7 0123456789abcdef fedcba9876543210 1001\n*",  // too many events
             "1 00000000000000ff 7 0123456789abcdef fedcba9876543210 \n*",      // no number
             "1 00000000000000ff 7 0123456789abcdef fedcba9876543210 2 3\n*",   // a field more
             "1 00000000000000ff 7  0123456789abcdef fedcba9876543210 2\n*",    // two blanks
             "1 00000000000000ff 18446744073709551616 0123456789abcdef fedcba9876543210 2\n*"}) {
        EXPECT_FALSE(decode_envelope(text)) << text;
    }
}

TEST(Wire, KeysThatAreNotOnesAreRefused) {
    for (const std::string& text : std::vector<std::string>{
             "**", "*1:a,", "1:a,*", "1:a", "1:ab,", "2:a,", ":a,", "01:a,", "-1:a,", "1a,", "a",
             "1:a;", "999999:a,", "18446744073709551615:a,", "1:a,\n", keys_of(Bus::keys_max + 1),
             "65536:" + std::string(65536, 'k') + ","}) {
        SCOPED_TRACE(text.substr(0, 100));
        EXPECT_FALSE(decode_keys(text));
        EXPECT_FALSE(decode_envelope(header + text));
    }
}

TEST(Wire, AsManyKeysAsAPublicationMayHaveAreDecoded) {
    const auto changed = decode_keys(keys_of(Bus::keys_max));

    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->keys.size(), Bus::keys_max);
}

TEST(Wire, ALogEntryIsReadFieldByField) {
    const auto entry = decode_log_entry(Epoch{5}, {.id = "12-0",
                                                   .previous = "0000000000000001",
                                                   .chain = "0000000000000002",
                                                   .payload = "2:ab,"});

    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->position, (BusPosition{.epoch = Epoch{5}, .sequence = 12, .chain = Chain{2}}));
    EXPECT_EQ(entry->previous, Chain{1});
    EXPECT_EQ(entry->changed, (KeySet{.keys = {"ab"}, .all = false}));
}

TEST(Wire, AMessageAboutAcknowledgementsSaysWhatAndUpToWhere) {
    const auto wanted = decode_ack_message("1 wanted 00000000000000ff 7");
    const auto acked = decode_ack_message("1 acked 00000000000000ff 18446744073709551615");

    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->kind, AckMessage::Kind::wanted);
    EXPECT_EQ(wanted->epoch, Epoch{0xff});
    EXPECT_EQ(wanted->sequence, 7U);
    ASSERT_TRUE(acked);
    EXPECT_EQ(acked->kind, AckMessage::Kind::acked);
    EXPECT_EQ(acked->sequence, std::numeric_limits<Sequence>::max());
}

TEST(Wire, AMessageAboutAcknowledgementsOfAnotherFormIsRefused) {
    for (const std::string_view text :
         {"", "1", "1 wanted", "2 wanted 00000000000000ff 7", "1 needed 00000000000000ff 7",
          "1 wanted 0000000000000000 7", "1 wanted 00000000000000ff 0",
          "1 wanted 00000000000000ff ", "1 wanted 00000000000000ff 07",
          "1 wanted 00000000000000ff 7 ", "1 wanted ff 7",
          "1 wanted 00000000000000ff 18446744073709551616"}) {
        EXPECT_FALSE(decode_ack_message(text)) << text;
    }
}

TEST(Wire, AnIdOfTheStreamThatIsNotASequenceIsRefused) {
    for (const std::string_view id : {"12", "12-1", "0-0", "-0", "012-0", "1 2-0", ""}) {
        EXPECT_FALSE(decode_log_entry(Epoch{5}, {.id = id,
                                                 .previous = "0000000000000001",
                                                 .chain = "0000000000000002",
                                                 .payload = "*"}))
            << id;
    }
}

TEST(Wire, HexadecimalHasOneSpelling) {
    EXPECT_EQ(hex(0xab), "00000000000000ab");
    EXPECT_EQ(hex(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffff");
    EXPECT_EQ(parse_hex("00000000000000ab"), 0xabU);
    EXPECT_EQ(parse_hex("00000000000000AB"), std::nullopt);
    EXPECT_EQ(parse_hex("0000000000000ab"), std::nullopt);
    EXPECT_EQ(parse_hex("000000000000000000"), std::nullopt);
    EXPECT_EQ(parse_hex("000000000000000g"), std::nullopt);
}

RC_GTEST_PROP(Wire, KeysSurviveTheTrip, (const std::vector<std::string>& keys)) {
    const KeySet changed{.keys = keys, .all = false};

    const std::string payload = encode_keys(changed);

    RC_ASSERT(payload.size() == encoded_bytes(changed));
    const auto decoded = decode_keys(payload);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(decoded->keys == keys);
}

RC_GTEST_PROP(Wire, NumbersSurviveTheTrip, (std::uint64_t number)) {
    RC_ASSERT(parse_hex(hex(number)) == number);
    RC_ASSERT(parse_decimal(std::to_string(number)) == number);
}

}  // namespace
}  // namespace tutti::wire
