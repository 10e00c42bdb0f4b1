// However many peers hold on to connections, descriptors or workers, a service answers the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <charconv>
#include <string>
#include <thread>
#include <vector>

#include "integration/hostile/victim.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string half_a_head = "GET /health HTTP/1.1\r\nHost: x\r\nX-A: ";

class Liveness : public testing::TestWithParam<ServiceKind> {
protected:
    void SetUp() override { raise_descriptor_limit(); }
};

TEST_P(Liveness, IdleConnectionsAboveTheLimitLockNobodyOut) {
    Victim victim(GetParam());

    const Peers peers = connect(victim, connections_above_the_limit);

    victim.expect_well();
}

TEST_P(Liveness, ConnectionsThatHaveBeenUsedAndIdleLockNobodyOut) {
    Victim victim(GetParam());

    const Peers peers =
        connect(victim, connections_above_the_limit, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    for (const auto& peer : peers) peer->read_until("\r\n\r\n");

    victim.expect_well();
}

TEST_P(Liveness, HeadsThatNeverEndLockNobodyOut) {
    Victim victim(GetParam());

    const Peers peers = connect(victim, connections_above_the_limit, half_a_head);

    victim.expect_well();
}

TEST_P(Liveness, RefusedBodiesThatNeverComeLockNobodyOut) {
    Victim victim(GetParam());

    const Peers peers = connect(victim, connections_above_the_limit,
                                Victim::head_of_stranger() + "Content-Length: 1000000\r\n\r\n");

    victim.expect_well();
}

// The one that makes room is a stranger's.
TEST_P(Liveness, ConnectionOfAServiceOutlivesThoseOfStrangers) {
    Victim victim(GetParam());
    RawConnection service(victim.port());
    const std::string request = victim.head_with_secret() + "Content-Length: 2\r\n\r\n{}";
    service.send(request);
    service.read_until("}");

    const Peers peers = connect(victim, connections_above_the_limit);
    EXPECT_EQ(victim.get("/health").status, 200);

    service.send(request);
    EXPECT_THAT(service.read_until("}"), StartsWith("HTTP/1.1 400"));
}

TEST_P(Liveness, FewDescriptorsMakeFewConnectionsAndLockNobodyOut) {
    Victim victim(GetParam(), {}, {{RLIMIT_NOFILE, 512}});

    const Peers peers = connect(victim, connections_above_the_limit);

    victim.expect_well();
    EXPECT_THAT(victim.program().err(), HasSubstr("RLIMIT_NOFILE"));
}

// All of the above at once, and Redis goes and comes: its connections are made again beside the
// strangers'.
TEST_P(Liveness, RedisIsReachedAgainBesideConnectionsWithoutNumber) {
    RedisServer redis;
    Victim victim(GetParam(), {{"REDIS_URL", redis.url()}}, {{RLIMIT_NOFILE, 512}});
    const Peers peers = connect(victim, connections_above_the_limit, half_a_head);

    const auto ready = [&](const char* text) {
        return eventually(
            [&] { return victim.get("/health").body.find(text) != std::string::npos; });
    };

    redis.kill();
    EXPECT_TRUE(ready(R"("ready":false)")) << victim.program().err();
    redis.start();

    EXPECT_TRUE(ready(R"("ready":true)")) << victim.program().err();
    victim.expect_well();
}

TEST_P(Liveness, TooFewDescriptorsThreadsOrMemoryAreALineAndNoAbort) {
    const TemporaryFolder folder;
    const auto start_with = [&](const Limits& limits) {
        const auto variables = Victim::variables(GetParam(), folder.file(""), free_port(), {});
        Program program(Victim::path_of(GetParam()), {}, variables, limits);
        const int code = program.wait();
        return std::pair(code, program.err());
    };

    for (const std::size_t descriptors : {4, 5, 6, 7, 8, 10, 12, 16, 24, 40, 100}) {
        const auto [code, said] = start_with({{RLIMIT_NOFILE, descriptors}});
        if (said.contains("error while loading shared libraries")) continue;  // not ours yet
        EXPECT_EQ(code, 1) << descriptors << ": " << said;
        EXPECT_FALSE(said.empty()) << descriptors;
        EXPECT_LT(said.size(), 1000U) << said;
    }
}

// How much a program needs differs with its libraries: it is started with less and less until it
// cannot be.
TEST_P(Liveness, TooLittleMemoryIsALineAndNoAbort) {
    const TemporaryFolder folder;
    std::size_t refused = 0;
    for (std::size_t mib = 160; mib >= 40; mib -= 12) {
        const auto port = free_port();
        Program program(Victim::path_of(GetParam()), {},
                        Victim::variables(GetParam(), folder.file(""), port, {}),
                        {{RLIMIT_AS, mib << 20U}});
        std::string said;
        EXPECT_TRUE(eventually([&] {
            said = program.err();
            return said.find("listening on") != std::string::npos || !program.runs();
        }));
        if (program.runs()) program.signal(SIGTERM);
        const int code = program.wait();
        // 127: there is not even memory for its libraries.
        if (code == 127) break;
        EXPECT_TRUE(code == 0 || code == 1) << mib << " MiB: " << code << ' ' << said;
        if (code == 0) continue;
        ++refused;
        EXPECT_FALSE(said.empty()) << mib << " MiB";
    }
    EXPECT_GT(refused, 0U);
}

INSTANTIATE_TEST_SUITE_P(, Liveness, testing::Values(ServiceKind::gateway),
                         testing::PrintToStringParamName());

class Isolation : public testing::Test {
protected:
    void SetUp() override { raise_descriptor_limit(); }

    // Each of the connections asks for `path` with a number in it, again and again, until the end.
    template <class During>
    void while_strangers_ask(const std::string& path, std::size_t strangers, During during) {
        std::atomic<bool> over = false;
        std::atomic<std::size_t> answered = 0;
        Peers peers = connect(victim, strangers);
        const auto ask = [&](std::size_t first, std::size_t step) {
            for (std::size_t round = 0; !over; ++round) {
                for (std::size_t i = first; i < peers.size(); i += step) {
                    peers[i]->send("GET " + path + std::to_string(round * strangers + i) +
                                   ".png HTTP/1.1\r\nHost: x\r\n\r\n");
                }
                for (std::size_t i = first; i < peers.size(); i += step) {
                    if (!peers[i]->read_until("\r\n\r\n").empty()) ++answered;
                }
            }
        };
        std::jthread one(ask, 0, 2);
        std::jthread other(ask, 1, 2);
        EXPECT_TRUE(eventually([&] { return answered > strangers; }));
        during();
        over = true;
    }

    RedisServer redis;
    Victim victim{ServiceKind::gateway, {{"REDIS_URL", redis.url()}}};
};

TEST_F(Isolation, LookupsAreAnsweredWhileStrangersAskForUnknownAvatars) {
    while_strangers_ask("/avatars/unknown-", 512, [&] {
        for (int i = 0; i < 200; ++i) {
            const auto found = victim.send({.path = "/user/channel/" + std::to_string(i),
                                            .headers = {{"X-Service-Auth", Victim::secret}}});
            EXPECT_EQ(found.status, 200) << found.body;
        }
    });
    victim.expect_well();
}

class Scrapes : public testing::TestWithParam<ServiceKind> {
protected:
    // How often Redis ran a script so far.
    std::size_t scripts() {
        const std::string stats = redis.command({"INFO", "commandstats"});
        std::size_t calls = 0;
        for (const std::string name : {"cmdstat_eval:calls=", "cmdstat_evalsha:calls="}) {
            const auto at = stats.find(name);
            if (at == std::string::npos) continue;
            std::size_t found = 0;
            const char* const begin = stats.data() + at + name.size();
            std::from_chars(begin, stats.data() + stats.size(), found);
            calls += found;
        }
        return calls;
    }

    RedisServer redis;
};
INSTANTIATE_TEST_SUITE_P(, Scrapes, testing::Values(ServiceKind::gateway, ServiceKind::bot),
                         testing::PrintToStringParamName());

TEST_P(Scrapes, HoweverManyAskRedisFewTimes) {
    Victim victim{GetParam(), {{"REDIS_URL", redis.url()}}};

    ASSERT_EQ(victim.get("/metrics").status, 200);
    const std::size_t before = scripts();
    const auto begun = std::chrono::steady_clock::now();

    for (int i = 0; i < 300; ++i) EXPECT_EQ(victim.get("/metrics").status, 200);

    // Renewals and presence run beside: a few a second; a script for each scrape would be 300 more.
    const auto taken =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
    EXPECT_LT(scripts() - before, 50U + 20U * static_cast<std::size_t>(taken.count()));
}

}  // namespace
}  // namespace tests
