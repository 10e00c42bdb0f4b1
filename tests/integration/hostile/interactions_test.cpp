// The one port of a bot that the world may reach: POST /interactions. Strangers cannot sign, so
// nothing of theirs is read; what is signed may be anything, too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "integration/hostile/victim.hpp"
#include "unit/bot_client/interactions/signer.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;
using tutti::services::bot::interactions::Signer;
using tutti::services::http::Response;

constexpr const char* ping = R"({"id":"1","application_id":"2","type":1,"token":"t","version":1})";

std::string now() {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count());
}

// As far as a head can tell, Discord's.
std::string head_of(std::size_t length, const std::string& signature, const std::string& time) {
    return "POST /interactions HTTP/1.1\r\nHost: x\r\nX-Signature-Ed25519: " + signature +
           "\r\nX-Signature-Timestamp: " + time + "\r\nContent-Length: " + std::to_string(length) +
           "\r\n\r\n";
}
std::string forged_head(std::size_t length) {
    return head_of(length, std::string(128, 'a'), now());
}

class Interactions : public testing::Test {
protected:
    void SetUp() override { raise_descriptor_limit(); }

    Response post(const std::string& body, const std::string& signature, const std::string& time) {
        return victim.send(
            {.method = "POST",
             .path = "/interactions",
             .headers = {{"X-Signature-Ed25519", signature}, {"X-Signature-Timestamp", time}},
             .body = body});
    }
    Response post_signed(const std::string& body) {
        const std::string time = now();
        return post(body, discord.sign(time, body), time);
    }
    // Discord is answered, and within its three seconds. Each is another one: it is taken once.
    void expect_discord_is_answered() {
        std::string body = ping;
        body.back() = ',';
        body += R"("guild_id":")" + std::to_string(++pings) + "\"}";
        const auto begun = std::chrono::steady_clock::now();
        const auto answer = post_signed(body);
        EXPECT_EQ(answer.status, 200) << answer.body;
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
    }

    Signer discord;
    Victim victim{ServiceKind::bot, {{"DISCORD_PUBLIC_KEY", discord.public_key()}}};
    int pings = 0;
};

TEST_F(Interactions, HeadsThatNeverEndLockDiscordNotOut) {
    const Peers peers = connect(victim, connections_above_the_limit,
                                "POST /interactions HTTP/1.1\r\nHost: x\r\nX-Signature-Ed25519: ");

    expect_discord_is_answered();
    victim.expect_well();
}

TEST_F(Interactions, BodiesThatNeverComeLockDiscordNotOut) {
    const Peers peers = connect(victim, connections_above_the_limit, forged_head(100));

    expect_discord_is_answered();
    victim.expect_well();
}

TEST_F(Interactions, HeadersWithoutAnEndAreCutOff) {
    RawConnection peer(victim.port());
    peer.send("POST /interactions HTTP/1.1\r\nHost: x\r\n");

    send_for_ever(peer, "X-Signature-Ed25519: 0\r\n", 64U << 20U);

    EXPECT_THAT(peer.read_all(), StartsWith("HTTP/1.1 431"));
    expect_discord_is_answered();
    victim.expect_well();
}

// Together they are bounded, whoever they are; and nothing of them is left when they go.
TEST_F(Interactions, HalfSentBodiesAreBoundedTogetherAndDiscordIsAnsweredAfterwards) {
    {
        Peers peers = connect(victim, 300, forged_head(1'000'000));
        for (auto& peer : peers) peer->send(std::string(900'000, 'x'));
        victim.expect_well();
    }
    EXPECT_TRUE(eventually([this] {
        const std::string body = R"({"type":1,"id":")" + std::to_string(++pings) +
                                 R"(","application_id":"2","token":"t","version":1})";
        return post_signed(body).status == 200;
    }));
}

TEST_F(Interactions, WhatIsTooLargeIsRefusedByItsHead) {
    RawConnection peer(victim.port());

    peer.send(forged_head(9'000'000));

    EXPECT_THAT(peer.read_until("\r\n"), StartsWith("HTTP/1.1 413"));
}

TEST_F(Interactions, ForgedOnesAreRefusedUnread) {
    for (const std::string& body : {std::string(1'000'000, '['), std::string(ping)}) {
        Peers peers = connect(victim, 64, forged_head(body.size()) + body);
        for (auto& peer : peers) {
            EXPECT_THAT(peer->read_until("\r\n"), StartsWith("HTTP/1.1 401"));
        }
    }
    expect_discord_is_answered();
    victim.expect_well();
}

TEST_F(Interactions, ASignedOneIsTakenOnce) {
    const std::string time = now();
    const std::string signature = discord.sign(time, ping);

    EXPECT_EQ(post(ping, signature, time).status, 200);

    EXPECT_EQ(post(ping, signature, time).status, 401);
    EXPECT_EQ(post(std::string(ping) + ' ', signature, time).status, 401);
    const std::string long_ago = "1700000000";
    EXPECT_EQ(post(ping, discord.sign(long_ago, ping), long_ago).status, 401);
}

TEST_F(Interactions, WhatIsSignedMayBeAnything) {
    std::string values = R"({"id":"1","type":2,"data":[)";
    while (values.size() < 900'000) values += "[0],";
    for (const std::string& body :
         {std::string(), std::string("null"), std::string("{}"), std::string("\xff\xfe{}"),
          std::string(900'000, '['), values + "0]}", std::string("{\"id\":\"1\",\"type\":1e99}"),
          std::string(R"({"id":"-1","application_id":"2","type":2,"token":"","version":1})")}) {
        EXPECT_EQ(post_signed(body).status, 400) << body.substr(0, 40);
    }
    expect_discord_is_answered();
    victim.expect_well();
}

}  // namespace
}  // namespace tests
