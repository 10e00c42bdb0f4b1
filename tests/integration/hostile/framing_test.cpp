// Where a request ends is never in doubt: what another reader of the same bytes could take for
// another request is refused, and nothing behind it is answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "integration/hostile/victim.hpp"

namespace tests {
namespace {

using testing::Not;
using testing::StartsWith;

// What a proxy that reads the first request in another way would take for its body.
constexpr std::string_view smuggled = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

std::size_t responses(const std::string& bytes) {
    std::size_t found = 0;
    for (std::size_t at = bytes.find("HTTP/1.1 "); at != std::string::npos;
         at = bytes.find("HTTP/1.1 ", at + 1)) {
        ++found;
    }
    return found;
}

class Framing : public testing::TestWithParam<ServiceKind> {
protected:
    std::string all_answers(const std::string& bytes) {
        RawConnection peer(victim.port());
        peer.send(bytes);
        peer.finish();
        return peer.read_all();
    }

    Victim victim{GetParam()};
};

TEST_P(Framing, DoubtfulLengthIsRefusedAndNothingBehindItIsARequest) {
    for (const std::string fields : {
             "Transfer-Encoding: xchunked\r\n",
             "Transfer-Encoding: gzip\r\n",
             "Transfer-Encoding: identity\r\n",
             "Transfer-Encoding: gzip, chunked\r\n",
             "Transfer-Encoding: chunked, gzip\r\n",
             "Transfer-Encoding: chunked, chunked\r\n",
             "Transfer-Encoding: chunked, identity\r\n",
             "Transfer-Encoding: \"chunked\"\r\n",
             "Transfer-Encoding: chunked;q=1\r\n",
             "Transfer-Encoding:\r\n",
             "Transfer-Encoding: \x0b"
             "chunked\r\n",
             "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding : chunked\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
             "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
             "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n",
             "Content-Length: 4\r\nContent-Length: 5\r\n",
             "Content-Length: 4, 5\r\n",
             "Content-Length: +4\r\n",
             "Content-Length: -4\r\n",
             "Content-Length: 0x4\r\n",
             "Content-Length: 4 4\r\n",
             "Content-Length: 99999999999999999999999\r\n",
             "Content-Length:\r\n",
             "Content-Length : 4\r\n",
             "Content-Length: 0\r\nContent-Length: 0\r\n",
             "Content-Length: 0, 0\r\n",
             "Content-Length:\r\n 0\r\n",
             "Transfer-Encoding:\r\n\tchunked\r\n",
             "X: a\r\n Content-Length: 35\r\n",
             "Host: y\r\n",
         }) {
        const auto answers = all_answers("GET /health HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" +
                                         std::string(smuggled));

        EXPECT_EQ(responses(answers), 1U) << fields << answers;
        EXPECT_THAT(answers, Not(StartsWith("HTTP/1.1 2"))) << fields;
        EXPECT_THAT(answers, testing::HasSubstr("Connection: close\r\n")) << fields;
    }
    victim.expect_well();
}

TEST_P(Framing, UnknownTransferCodingIsSaidToBe) {
    const auto answer = all_answers(victim.head_with_secret() + "Transfer-Encoding: gzip\r\n\r\n" +
                                    std::string(smuggled));

    EXPECT_THAT(answer, StartsWith("HTTP/1.1 501 "));
    EXPECT_THAT(answer, testing::HasSubstr("NOT_IMPLEMENTED"));
}

TEST_P(Framing, ChunksBelongToVersionOneOne) {
    const auto answers = all_answers(
        "GET /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
        "0\r\n\r\n" +
        std::string(smuggled));

    EXPECT_EQ(responses(answers), 1U) << answers;
    EXPECT_THAT(answers, StartsWith("HTTP/1.1 501 "));
}

TEST_P(Framing, BrokenChunksAreRefused) {
    for (const std::string body :
         {"g\r\n", "-1\r\n", "1\n \r\n0\r\n\r\n", "1\r\n  \r\n0\r\n\r\n", "ffffffffffffffffff\r\n",
          "0x1\r\n", " 1\r\n", "\r\n", "1;\x01\r\n", "1\r\nab\r\n"}) {
        const auto answers =
            all_answers(victim.head_with_secret() + "Transfer-Encoding: chunked\r\n\r\n" + body +
                        std::string(smuggled));

        EXPECT_EQ(responses(answers), 1U) << body << answers;
        EXPECT_THAT(answers, StartsWith("HTTP/1.1 4")) << body;
    }
}

TEST_P(Framing, RequestNamesOneHost) {
    for (const std::string head : {
             "GET /health HTTP/1.1\r\n\r\n",
             "GET /health HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
             "GET /health HTTP/1.0\r\nConnection: keep-alive\r\nHost: x\r\nHost: y\r\n\r\n",
         }) {
        const auto answers = all_answers(head + std::string(smuggled));

        EXPECT_EQ(responses(answers), 1U) << head << answers;
        EXPECT_THAT(answers, StartsWith("HTTP/1.1 400 ")) << head;
        EXPECT_THAT(answers, testing::HasSubstr("Connection: close\r\n")) << head;
    }
    EXPECT_THAT(all_answers("GET /health HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_P(Framing, TrailerThatContinuesOnAnotherLineIsRefused) {
    for (const std::string trailers :
         {"X: a\r\n b\r\n", "X:\r\n\tb\r\n", "X: a\r\nY: b\r\n \r\n"}) {
        const auto answers =
            all_answers(victim.head_with_secret() + "Transfer-Encoding: chunked\r\n\r\n" +
                        "6\r\n{\r\n }\n\r\n0;x=y\r\n" + trailers + "\r\n" + std::string(smuggled));

        EXPECT_EQ(responses(answers), 1U) << trailers << answers;
        EXPECT_THAT(answers, StartsWith("HTTP/1.1 400 ")) << trailers;
        EXPECT_THAT(answers, testing::HasSubstr("Connection: close\r\n")) << trailers;
    }
}

// Of a body the lines are its own.
TEST_P(Framing, BodyMayHaveLinesThatBeginWithASpace) {
    RawConnection peer(victim.port());

    peer.send(victim.head_with_secret() +
              "Transfer-Encoding: chunked\r\n\r\n6\r\n{\r\n }\n\r\n0\r\nX: a\r\n\r\n");
    (void)peer.read_until("}");
    peer.send(std::string(smuggled));

    EXPECT_THAT(peer.read_until("}"), StartsWith("HTTP/1.1 200 "));
}

// A proxy that strips fields of strangers strips those of the header.
TEST_P(Framing, TrailersAreNoFields) {
    std::string head = victim.head_with_secret();
    const std::string field = "X-Service-Auth: " + std::string(Victim::secret) + "\r\n";
    head.erase(head.find(field), field.size());

    const auto answer =
        all_answers(head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + field + "\r\n");

    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 "));
}

TEST_P(Framing, TrailersDoNotOverrideFields) {
    RawConnection peer(victim.port());

    peer.send(victim.head_with_secret() +
              "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-User-Id: 1\r\n"
              "X-Service-Auth: another\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(peer.read_until("}"), StartsWith("HTTP/1.1 400 "));

    // And the connection goes on, as the header said.
    peer.send(std::string(smuggled));
    EXPECT_THAT(peer.read_until("}"), StartsWith("HTTP/1.1 200 "));
}

TEST_P(Framing, RefusalByTheHeadIsReadByAClientThatSendsOn) {
    RawConnection peer(victim.port());

    peer.send(Victim::head_of_stranger() + "Content-Length: 3000000\r\n\r\n");
    peer.send(std::string(3'000'000, 'x'));

    EXPECT_THAT(peer.read_all(), StartsWith("HTTP/1.1 404 "));
}

TEST_P(Framing, RefusedClientThatAsksFirstIsNotToldToContinue) {
    const auto answer = all_answers(Victim::head_of_stranger() +
                                    "Content-Length: 3000000\r\nExpect: 100-continue\r\n\r\n");

    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 "));
}

TEST_P(Framing, RefusalWithoutABodyKeepsTheConnection) {
    RawConnection peer(victim.port());

    peer.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(peer.read_until("}"), StartsWith("HTTP/1.1 404 "));
    peer.send(std::string(smuggled));
    EXPECT_THAT(peer.read_until("}"), StartsWith("HTTP/1.1 200 "));
}

INSTANTIATE_TEST_SUITE_P(, Framing, testing::Values(ServiceKind::gateway),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace tests
