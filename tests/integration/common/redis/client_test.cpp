// The services' Redis client against a real server that is paused, killed and restarted, and
// against one that does not speak the protocol.
#include "common/redis/client.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "integration/api_gateway/support.hpp"
#include "support/certificates.hpp"
#include "support/no_descriptors.hpp"
#include "support/redis_server.hpp"
#include "support/scripted_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

TimePoint soon() { return Boottime::now() + 10s; }

std::unique_ptr<redis::RedisClient> client_for(redis::RedisClient::Options options) {
    auto client = redis::RedisClient::create(std::move(options));
    EXPECT_TRUE(client) << client.error().message();
    return *std::move(client);
}

Errc code_of(const Result<redis::RedisReply>& reply) {
    EXPECT_FALSE(reply);
    return reply ? Errc{} : reply.error().code;
}

struct Redis : ::testing::Test {
    Result<redis::RedisReply> command(const std::vector<std::string>& words) {
        return client->command(words, soon());
    }

    tests::RedisServer server;
    std::unique_ptr<redis::RedisClient> client = client_for({.url = server.url()});
};

TEST_F(Redis, RepliesOfEveryKindArrive) {
    using Kind = redis::RedisReply::Kind;
    EXPECT_TRUE(command({"SET", "k", std::string("a\0b", 3)})->is_text("OK"));
    EXPECT_EQ(command({"GET", "k"})->text, std::string("a\0b", 3));
    EXPECT_EQ(command({"GET", "absent"})->kind, Kind::nil);
    EXPECT_EQ(command({"STRLEN", "k"})->integer, 3);
    const auto array = command({"EVAL", "return {1,{'x'},false}", "0"});
    ASSERT_EQ(array->elements.size(), 3U);
    EXPECT_EQ(array->elements[1].elements[0].text, "x");
    EXPECT_EQ(array->elements[2].kind, Kind::nil);
}

TEST_F(Redis, OverASocketAndADatabase) {
    const auto other = client_for({.url = server.unix_url() + "?db=1"});

    ASSERT_TRUE(other->command({"SET", "k", "v"}, soon()));

    EXPECT_EQ(command({"EXISTS", "k"})->integer, 0);
}

TEST_F(Redis, ErrorRepliesAreTaggedAndDoNotRepeatArguments) {
    const auto unknown = command({"NONSENSE", "hidden"});

    ASSERT_EQ(code_of(unknown), Errc::refused);
    EXPECT_TRUE(unknown.error().message().starts_with("redis NONSENSE: "));
    EXPECT_FALSE(unknown.error().message().contains("hidden")) << unknown.error().message();
    EXPECT_TRUE(command({"PING"})->is_text("PONG"));
}

TEST_F(Redis, SilenceIsATimeoutAndTheConnectionIsNotUsedAgain) {
    ASSERT_TRUE(command({"SET", "k", "old"}));
    server.pause();
    EXPECT_EQ(code_of(client->command({"GET", "k"}, Boottime::now() + 50ms)), Errc::timeout);
    server.resume();

    EXPECT_EQ(command({"STRLEN", "k"})->integer, 3);
}

TEST_F(Redis, ServerThatIsAwayIsUnavailableAndThenThereAgain) {
    ASSERT_TRUE(command({"PING"}));
    server.kill();
    EXPECT_EQ(code_of(command({"PING"})), Errc::unavailable);

    server.start();

    EXPECT_TRUE(command({"PING"})->is_text("PONG"));
}

TEST_F(Redis, NoCommandOutlivesTheTimeout) {
    const auto bounded =
        client_for({.url = server.url(), .command_timeout = std::chrono::milliseconds(50)});

    EXPECT_EQ(code_of(bounded->command({"BLPOP", "nothing", "60"}, soon())), Errc::timeout);
}

TEST_F(Redis, RepliesAreBounded) {
    const auto bounded = client_for({.url = server.url(), .reply_bytes_max = 100'000});
    const std::string too_much = "return string.rep('x', 200000)";

    EXPECT_EQ(code_of(bounded->command({"EVAL", too_much, "0"}, soon())), Errc::too_large);
    EXPECT_EQ(bounded->command({"EVAL", "return string.rep('x', 90000)", "0"}, soon())->text.size(),
              90'000U);
}

TEST_F(Redis, WithoutADescriptorACommandIsUnavailableAndTheNextOneWorks) {
    {
        const tests::NoDescriptors none;
        EXPECT_EQ(code_of(command({"PING"})), Errc::unavailable);
    }

    EXPECT_TRUE(command({"PING"})->is_text("PONG"));
}

// An element takes far more memory than the bytes that announce it.
TEST(RedisReplies, ElementsOfNestedArraysAreBoundedTogether) {
    ScriptedServer server([](int socket, int) {
        std::array<char, 256> heard{};
        (void)!::recv(socket, heard.data(), heard.size(), 0);
        std::string inner = "*1000\r\n";
        for (int i = 0; i < 1000; ++i) inner += ":1\r\n";
        ScriptedServer::send(socket, "*1000\r\n");
        for (int i = 0; i < 1000; ++i) ScriptedServer::send(socket, inner);
    });
    const std::string port = server.url().substr(server.url().rfind(':') + 1);
    const auto client = client_for({.url = "redis://127.0.0.1:" + port.substr(0, port.size() - 1)});

    EXPECT_EQ(code_of(client->command({"ANYTHING"}, soon())), Errc::protocol);
}

TEST_F(Redis, ConnectionsAreBounded) {
    const auto one = client_for({.url = server.url(), .connections_max = 1, .queued_max = 0});
    std::jthread holder([&] { (void)one->command({"BLPOP", "nothing", "0"}, soon()); });
    while (server.command({"INFO", "clients"}).find("blocked_clients:1") == std::string::npos) {
    }

    EXPECT_EQ(code_of(one->command({"PING"}, soon())), Errc::overloaded);

    server.command({"RPUSH", "nothing", "x"});
}

TEST_F(Redis, ManyThreadsShareIt) {
    std::atomic<int> right{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                const std::string text = std::to_string(t * 1000 + i);
                const auto reply = command({"ECHO", text});
                right += reply && reply->text == text ? 1 : 0;
            }
        });
    }
    threads.clear();

    EXPECT_EQ(right, 400);
}

TEST_F(Redis, StoppedClientRefuses) {
    client->stop();

    EXPECT_EQ(code_of(command({"PING"})), Errc::stopped);
}

TEST(RedisLogin, WrongPasswordIsRefusedWithoutRepeatingIt) {
    const tests::RedisServer server({.config = {"requirepass right"}, .password = "right"});
    const std::string host = "@127.0.0.1:" + std::to_string(server.port());

    EXPECT_TRUE(client_for({.url = "redis://:right" + host})->command({"PING"}, soon()));
    const auto wrong = client_for({.url = "redis://:hidden" + host})->command({"PING"}, soon());

    ASSERT_EQ(code_of(wrong), Errc::refused);
    EXPECT_FALSE(wrong.error().message().contains("hidden"));
}

TEST(RedisTls, SpeaksToATrustedServerOnly) {
    const TemporaryFolder folder;
    const std::filesystem::path path = folder.file("");
    tests::CertificateAuthority authority(path);
    tests::CertificateAuthority stranger(path, "stranger");
    const auto files = authority.issue("server", "IP:127.0.0.1");
    const auto mine = authority.issue("client", "DNS:client");
    const auto port = std::to_string(tests::free_port());
    const tests::RedisServer server(
        {.config = {"tls-port " + port, "tls-cert-file " + files.certificate,
                    "tls-key-file " + files.key, "tls-ca-cert-file " + authority.file(),
                    "tls-auth-clients yes"},
         .password = {}});
    const auto ping = [&](const std::string& options) {
        const auto client = client_for({.url = "rediss://127.0.0.1:" + port + options});
        return client->command({"PING"}, soon());
    };
    const std::string identity = "&cert=" + mine.certificate + "&key=" + mine.key;

    EXPECT_TRUE(ping("?ca=" + authority.file() + identity));
    EXPECT_FALSE(ping("?ca=" + authority.file())) << "it asks for a certificate";
    EXPECT_EQ(code_of(ping("?ca=" + stranger.file() + identity)), Errc::refused);
    EXPECT_EQ(redis::RedisClient::create({.url = "rediss://h?ca=/no/such/file"}).error().code,
              Errc::invalid_option);
}

// The difference decides whether a reservation may be given back.
TEST(RedisPeer, ConnectionThatEndsBeforeTheReplyIsATimeoutBecauseTheCommandMayHaveArrived) {
    ScriptedServer server([](int socket, int) {
        std::array<char, 256> command{};
        EXPECT_GT(::recv(socket, command.data(), command.size(), 0), 0);
    });
    std::string url = server.url();
    url.replace(0, 4, "redis");
    const auto client = client_for({.url = url});

    EXPECT_EQ(code_of(client->command({"PING"}, soon())), Errc::timeout);
}

TEST(RedisPeer, OtherBytesAndTooManyPartsAreRefused) {
    for (const char* answer :
         {"HTTP/1.1 400 Bad Request\r\n\r\n", "*100000\r\n", "*2147483647\r\n"}) {
        ScriptedServer server([&](int socket, int) {
            std::array<char, 256> command{};
            EXPECT_GT(::recv(socket, command.data(), command.size(), 0), 0);
            ScriptedServer::send(socket, answer);
            ScriptedServer::wait_for_end(socket);
        });
        std::string url = server.url();
        url.replace(0, 4, "redis");
        const auto client = client_for({.url = url});

        EXPECT_EQ(code_of(client->command({"PING"}, soon())), Errc::protocol) << answer;
    }
}

}  // namespace
}  // namespace tutti::services
