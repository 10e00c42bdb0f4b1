// Nothing that a peer sends, or does not read, makes a service take memory without bound.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>

#include "integration/hostile/victim.hpp"
#include "support/scripted_server.hpp"

namespace tests {
namespace {

using tutti::services::testing::ScriptedServer;

// Far above every bound: a service that buffers it is over its limit.

constexpr std::string_view chunked = "Transfer-Encoding: chunked\r\n\r\n";

class Memory : public testing::TestWithParam<ServiceKind> {
protected:
    void attack(std::string_view head_end, std::string_view begin, std::string_view piece) {
        RawConnection peer(victim.port());
        peer.send(victim.head_with_secret() + std::string(head_end) + std::string(begin));

        // What is sent on after the answer is read and forgotten for a moment.
        send_for_ever(peer, piece, flood);

        EXPECT_THAT(peer.read_all(), testing::StartsWith("HTTP/1.1 4"));
        victim.expect_well();
    }

    Victim victim{GetParam()};
};

TEST_P(Memory, ChunkExtensionWithoutEndIsCutOff) { attack(chunked, "1;a=", "0123456789abcdef"); }
TEST_P(Memory, QuotedChunkExtensionWithoutEndIsCutOff) {
    attack(chunked, "1;a=\"", "0123456789abcdef");
}
TEST_P(Memory, ExtensionOfTheLastChunkWithoutEndIsCutOff) {
    attack(chunked, "0;a=", "0123456789abcdef");
}
TEST_P(Memory, ManyExtensionsOfHardlyAnyChunkAreCutOff) {
    attack(chunked, "", "1;" + std::string(4000, 'a') + "\r\n \r\n");
}
TEST_P(Memory, TrailersWithoutEndAreCutOff) {
    attack(chunked, "0\r\n", "X-Trailer: something\r\n");
}
TEST_P(Memory, TrailerWithoutEndIsCutOff) { attack(chunked, "0\r\nX: ", "0123456789abcdef"); }
TEST_P(Memory, ChunkSizeWithoutEndIsCutOff) { attack(chunked, "0", "0000000000000000"); }
TEST_P(Memory, ChunksOfBodyAboveTheLimitAreCutOff) {
    attack(chunked, "", "1000\r\n" + std::string(4096, ' ') + "\r\n");
}
TEST_P(Memory, ChunkOfAnAstronomicSizeIsRefused) {
    attack(chunked, "7fffffffffffffff\r\n", "0123456789abcdef");
}
TEST_P(Memory, BodyOfAnAstronomicLengthIsRefused) {
    attack("Content-Length: 9223372036854775807\r\n\r\n", "", "0123456789abcdef");
}
TEST_P(Memory, FieldWithoutEndIsCutOff) { attack("X: ", "", "0123456789abcdef"); }
TEST_P(Memory, FieldsWithoutEndAreCutOff) { attack("", "", "a:\r\n"); }

// Each of the smallest fields takes more memory than bytes, and the heads never end.
TEST_P(Memory, ManySmallFieldsOnManyConnectionsAreFew) {
    std::string head = "GET / HTTP/1.1\r\n";
    while (head.size() < 16'000) head += "a:\r\n";

    const Peers peers = connect(victim, 300, head);

    EXPECT_THAT(peers.front()->read_until("\r\n"), testing::StartsWith("HTTP/1.1 431"));
    victim.expect_well();
}

// 200 times 9 MB, of which nothing arrives but a megabyte, for a route that there is not.
TEST_P(Memory, HalfSentBodiesToAnUnknownRouteAreNotRead) {
    raise_descriptor_limit();
    const std::string head = Victim::head_of_stranger() + "Content-Length: 9000000\r\n\r\n";
    Peers peers = connect(victim, 200, head);

    for (auto& peer : peers) {
        EXPECT_THAT(peer->read_until("\r\n"), testing::StartsWith("HTTP/1.1 404"));
        peer->send(std::string(1U << 20U, 'x'));
    }

    victim.expect_well();
}

TEST_P(Memory, HalfSentBodiesWithoutTheSecretAreNotRead) {
    std::string head = victim.head_with_secret();
    head.replace(head.find(Victim::secret), std::string(Victim::secret).size(), "another-secret");
    Peers peers = connect(victim, 100, head + "Content-Length: 900000\r\n\r\n");

    for (auto& peer : peers) {
        EXPECT_THAT(peer->read_until("\r\n"), testing::StartsWith("HTTP/1.1 403"));
        peer->send(std::string(800'000, 'x'));
    }

    victim.expect_well();
}

TEST_P(Memory, BodiesForWhatEverybodyMayAskAreNotRead) {
    Peers peers =
        connect(victim, 100, "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n");

    for (auto& peer : peers) {
        EXPECT_THAT(peer->read_until("\r\n"), testing::StartsWith("HTTP/1.1 413"));
    }
    victim.expect_well();
}

// With the secret, too: together they are bounded, and what does not fit is told so at once.
TEST_P(Memory, HalfSentBodiesWithTheSecretAreBoundedTogether) {
    raise_descriptor_limit();
    const std::string head = victim.head_with_secret() + "Content-Length: 1000000\r\n\r\n";
    const std::string almost_all(990'000, 'x');

    Peers peers = connect(victim, 200, head);
    std::size_t refused = 0;
    for (auto& peer : peers) peer->send(almost_all);
    for (std::size_t i = peers.size() - 100; i < peers.size(); ++i) {
        refused += peers[i]->read_until("\r\n").starts_with("HTTP/1.1 503") ? 1U : 0U;
    }

    EXPECT_EQ(refused, 100U);
    victim.expect_well();
}

TEST_P(Memory, ChunkedBodiesAreBoundedTogetherToo) {
    raise_descriptor_limit();
    const std::string head = victim.head_with_secret() + std::string(chunked);
    const std::string chunk = "f0000\r\n" + std::string(0xf0000, 'x') + "\r\n";

    const Peers peers = connect(victim, 200, head + chunk);

    victim.expect_well();
}

TEST_P(Memory, RequestsWhoseAnswersAreNotReadDoNotPileUp) {
    Peers peers = connect(victim, 20);
    std::string pipelined;
    for (int i = 0; i < 2000; ++i) pipelined += "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

    for (auto& peer : peers) peer->send(pipelined.substr(0, 64U << 10U));

    victim.expect_well();
}

// A few bytes of JSON stand for many times as much memory: as many at once as there are workers.
TEST_P(Memory, BodiesOfCountlessValuesAreRefused) {
    const std::size_t size = GetParam() == ServiceKind::gateway ? 7U << 20U : 1'000'000;
    for (const std::string piece : {"[0],", R"({"":0},)", "[[[[[[[[[[]]]]]]]]]],", "0,"}) {
        std::string body = R"({"message":[)";
        while (body.size() < size) body += piece;
        body += "0]}";

        Peers peers = connect(victim, GetParam() == ServiceKind::gateway ? 8 : 16);
        for (auto& peer : peers) {
            peer->send(victim.head_with_secret() +
                       "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        }

        for (auto& peer : peers) {
            const auto answer = peer->read_until("}");
            EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 400")) << piece;
            EXPECT_THAT(answer, testing::HasSubstr("values")) << piece;
        }
        victim.expect_well();
    }
}

INSTANTIATE_TEST_SUITE_P(, Memory, testing::Values(ServiceKind::gateway),
                         testing::PrintToStringParamName());

// Files that are not read on are bounded together.
TEST(MemoryOfResponses, FilesThatAreNotReadAreBoundedTogether) {
    const TemporaryFolder attachments;
    const std::string request = "8a3e5a52-3a54-4b6e-9f0e-6f3f1c2a7d01";
    std::filesystem::create_directory(attachments.file(request));
    std::ofstream(attachments.file(request + "/a.bin")) << std::string(24U << 20U, 'x');
    Victim victim(ServiceKind::gateway, {{"ATTACHMENT_DIR", attachments.file("")}});
    const std::string path = "/temp-attachments/" + request + "/a.bin";
    ASSERT_EQ(victim.get(path).body.size(), 24U << 20U);

    Peers peers = connect(victim, 60, "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    std::size_t refused = 0;
    for (auto& peer : peers) {
        refused += peer->read_until("\r\n").starts_with("HTTP/1.1 503") ? 1U : 0U;
    }

    EXPECT_GE(refused, 50U);
    // Besides: what is being sent to strangers (128 MiB), and what three workers hold.
    victim.expect_well(Victim::peak_mib_max + 128 + 3 * 48);
}

// An upstream may say anything: whatever it sends is bounded by what an answer of it may have.
// Without the slash at its end.
std::string base_url(const ScriptedServer& server) {
    const std::string text = server.url();
    return text.substr(0, text.size() - 1);
}

void expect_no_harm_of_a_provider(const ScriptedServer& upstream) {
    Victim victim(ServiceKind::gateway, {{"OPENROUTER_BASE_URL", base_url(upstream)}});

    const auto models =
        victim.send({.path = "/models", .headers = {{"X-Service-Auth", Victim::secret}}});

    EXPECT_GE(models.status, 500);
    EXPECT_GE(upstream.connections(), 1);
    victim.expect_well();
}

void expect_no_harm_of_a_gateway(const ScriptedServer& upstream) {
    Victim victim(ServiceKind::bot, {{"GATEWAY_URL", base_url(upstream)}});

    victim.await_discord();
    victim.discord()->open("500");
    victim.discord()->say("500", "hello");

    EXPECT_TRUE(eventually([&] { return upstream.connections() >= 1; }));
    EXPECT_GE(upstream.connections(), 1);
    victim.expect_well();
}

struct Flood {
    std::string name;
    std::string first;
    std::string then;  // without an end
};
void PrintTo(const Flood& endless, std::ostream* out) { *out << endless.name; }

class HostileUpstream : public testing::TestWithParam<Flood> {
protected:
    static void flood_client(int socket, int) {
        ScriptedServer::read_request(socket);
        ScriptedServer::send(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        std::string block = GetParam().then;
        ScriptedServer::send(socket, GetParam().first);
        while (block.size() < (256U << 10U)) block += GetParam().then;
        for (std::size_t sent = 0; sent < flood; sent += block.size()) {
            if (::send(socket, block.data(), block.size(), MSG_NOSIGNAL) <= 0) return;
        }
    }
    ScriptedServer upstream{flood_client};
};

TEST_P(HostileUpstream, ProviderDoesNotFillTheGateway) { expect_no_harm_of_a_provider(upstream); }

TEST_P(HostileUpstream, GatewayDoesNotFillABot) { expect_no_harm_of_a_gateway(upstream); }

INSTANTIATE_TEST_SUITE_P(, HostileUpstream,
                         testing::Values(Flood{"extension", "1;a=", "0123456789abcdef"},
                                         Flood{"trailers", "0\r\n", "X-Trailer: something\r\n"},
                                         Flood{"extensions", "",
                                               "1;aaaaaaaaaaaaaaaaaaaaaaaa\r\n \r\n"}),
                         testing::PrintToStringParamName());

// Answers that are valid and large: what a bot keeps of them is bounded in bytes, however many
// users and channels there are.
struct Filled {
    std::string what;
    void (*ask)(PlayedDiscord& discord, const std::string& id);  // as a user, or in a channel
    std::string answer;                                          // of the gateway, to each
};

void PrintTo(const Filled& filled, std::ostream* out) { *out << filled.what; }

class HostileAnswers : public testing::TestWithParam<Filled> {};

TEST_P(HostileAnswers, GatewayDoesNotFillTheCachesOfABot) {
    constexpr int calls = 150;
    const Filled& filled = GetParam();
    const ScriptedServer upstream([&](int socket, int) {
        ScriptedServer::read_request(socket);
        ScriptedServer::send(socket, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                                         std::to_string(filled.answer.size()) + "\r\n\r\n" +
                                         filled.answer);
    });
    Victim victim(ServiceKind::bot, {{"GATEWAY_URL", base_url(upstream)}});

    victim.await_discord();
    victim.discord()->open("500");
    for (int i = 0; i < calls; ++i) {
        filled.ask(*victim.discord(), std::to_string(100'000'000'000'000'000 + i));
    }

    EXPECT_TRUE(eventually([&] { return upstream.connections() >= calls; }));
    victim.expect_well();
}

std::string repeated(const std::string& piece) {
    std::string text = piece;
    while (text.size() < (2U << 20U)) text += "," + piece;
    return text;
}

std::string list_of(const std::string& name, const std::string& piece) {
    return R"({")" + name + R"(":[)" + repeated(piece) + "]}";
}

template <int option>
void type_as(PlayedDiscord& discord, const std::string& id) {
    discord.add_user(id);
    (void)discord.type("channel activate", option == 0 ? "personality" : "persona", "n", "500", id);
}
void say_in(PlayedDiscord& discord, const std::string& id) {
    discord.open(id);
    discord.say(id, "hello");
}

INSTANTIATE_TEST_SUITE_P(
    , HostileAnswers,
    testing::Values(
        Filled{.what = "personalities",
               .ask = type_as<0>,
               .answer =
                   list_of("personalities",
                           R"({"id":"1","name":")" + std::string(1000, 'n') +
                               R"(","displayName":null,"slug":"s","isOwned":true,"isPublic":true,)"
                               R"("ownerId":null,"ownerDiscordId":null})")},
        Filled{.what = "personas",
               .ask = type_as<1>,
               .answer = list_of("personas", R"({"id":"1","name":")" + std::string(1000, 'n') +
                                                 R"(","preferredName":null,"isDefault":false})")},
        Filled{.what = "activations",
               .ask = say_in,
               .answer = R"({"isActivated":true,"activation":{"id":"1","channelId":"1",)"
                         R"("guildId":null,"personalitySlug":"s","personalityName":")" +
                         std::string(2U << 20U, 'n') +
                         R"(","activatedBy":null,"createdAt":"x"},"hasSettings":true})"}),
    testing::PrintToStringParamName());

// Valid lengths, and what is said is worth many times as much memory.
struct Piece {
    std::string name;
    std::string text;
};
void PrintTo(const Piece& piece, std::ostream* out) { *out << piece.name; }

class HostileContent : public testing::TestWithParam<Piece> {
protected:
    void answer(int socket) const {
        ScriptedServer::read_request(socket);
        ScriptedServer::send(socket, "HTTP/1.1 200 OK\r\nContent-Length: " +
                                         std::to_string(content.size()) + "\r\n\r\n" + content);
    }
    static std::string made_of(std::string_view piece) {
        std::string text = R"({"data":[)";
        while (text.size() < (7U << 20U)) text += piece;
        return text + "0]}";
    }
    const std::string content = made_of(GetParam().text);
    ScriptedServer upstream{[this](int socket, int) { answer(socket); }};
};

TEST_P(HostileContent, ProviderDoesNotFillTheGateway) { expect_no_harm_of_a_provider(upstream); }

TEST_P(HostileContent, GatewayDoesNotFillABot) { expect_no_harm_of_a_gateway(upstream); }

INSTANTIATE_TEST_SUITE_P(, HostileContent,
                         testing::Values(Piece{"lists", "[0],"}, Piece{"objects", R"({"":0},)"},
                                         Piece{"numbers", "0,"}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace tests
