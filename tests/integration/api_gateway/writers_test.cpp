// Changes that meet each other: each is answered with what it found, and none with a 500.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <libpq-fe.h>

#include "integration/api_gateway/event_watch.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/redis_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class Writers : public BothDatabases {
protected:
    // `write(thread, turn)` on each thread; how many answers were none of `expected`.
    template <class Write>
    int unexpected(std::size_t threads, int turns, std::vector<int> expected, Write write) {
        std::atomic<int> others = 0;
        {
            std::vector<std::jthread> running;
            for (std::size_t thread = 0; thread < threads; ++thread) {
                running.emplace_back([&, thread] {
                    for (int turn = 0; turn < turns; ++turn) {
                        const http::Response response = write(thread, turn);
                        if (std::ranges::find(expected, response.status) != expected.end())
                            continue;
                        ++others;
                        ADD_FAILURE() << response.status << ' ' << response.body;
                    }
                });
            }
        }
        return others;
    }
    http::Response create(const std::string& slug) {
        return call("POST", "/user/personality", stranger,
                    R"({"name":"Echo","slug":")" + slug + R"("})");
    }
};
TUTTI_ON_BOTH_DATABASES(Writers);

TEST_P(Writers, SixteenAtOnceAreAllServed) {
    EXPECT_EQ(unexpected(16, 15, {201},
                         [&](std::size_t thread, int turn) {
                             return activate("5" + std::to_string(thread), "maestro",
                                             std::to_string(100 + turn));
                         }),
              0);
}

TEST_P(Writers, APersonalityThatComesAndGoesIsThereOrNot) {
    std::atomic<bool> done = false;
    std::jthread churn([&] {
        for (int i = 0; i < 30; ++i) {
            EXPECT_EQ(create("echo").status, 201);
            EXPECT_EQ(call("DELETE", "/user/personality/echo", stranger).status, 200);
        }
        done = true;
    });

    while (!done) {
        EXPECT_EQ(unexpected(6, 3, {201, 404},
                             [&](std::size_t thread, int) {
                                 return activate("5" + std::to_string(thread), "echo", stranger);
                             }),
                  0);
    }
}

// A session of another program, in the middle of its transaction.
class OtherProgram {
public:
    explicit OtherProgram(const std::string& url)
        : connection_(PQconnectdb(url.c_str()), &PQfinish) {}

    std::string run(const std::string& statement) {
        const std::unique_ptr<PGresult, decltype(&PQclear)> result(
            PQexec(connection_.get(), statement.c_str()), &PQclear);
        EXPECT_EQ(std::string(PQresultErrorMessage(result.get())), "");
        return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
    }

private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

class Races : public GatewayTest {
protected:
    void SetUp() override {
        postgres_ = std::make_unique<tests::PostgresDatabase>();
        start({});
        other_ = std::make_unique<OtherProgram>(postgres_->url());
    }

    // What `request` is answered when the other program commits `statement` just before it does.
    template <class Request>
    http::Response beside(const std::string& statement, Request request) {
        other_->run("BEGIN");
        other_->run(statement);
        http::Response response;
        {
            std::jthread asks([&] { response = request(); });
            EXPECT_TRUE(eventually([&] {
                return postgres_->query(
                           "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                           "AND application_name = 'tutti-api-gateway'") != "0";
            })) << "it waits for nobody";
            other_->run("COMMIT");
        }
        return response;
    }

    std::unique_ptr<OtherProgram> other_;
};

TEST_F(Races, APersonalityThatIsDeletedDuringItsActivationIsNotFound) {
    ASSERT_EQ(call("GET", "/user/persona", stranger).status, 200);  // the user is known

    const auto response = beside("DELETE FROM personalities WHERE slug = 'maestro'",
                                 [&] { return activate("500", "maestro", stranger); });

    expect_error(response, 404, "NOT_FOUND");
}

TEST_F(Races, AConfigurationThatIsDeletedWhileItIsChosenIsNotFound) {
    const auto made = call_as_owner("POST", "/admin/llm-config",
                                    R"({"name":"c","model":"some/model","provider":"openrouter"})");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string id = other_->run("SELECT id FROM llm_configs");
    ASSERT_EQ(call("GET", "/user/persona", stranger).status, 200);

    const auto response = beside("DELETE FROM llm_configs", [&] {
        return call("PUT", "/user/model-override", stranger,
                    R"({"personalityId":"7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01","configId":")" + id +
                        R"("})");
    });

    expect_error(response, 404, "NOT_FOUND");
}

// Of two that make the same row one finds it there.
TEST_F(Races, AUserWhomAnotherProgramMakesAtTheSameTimeIsFound) {
    const auto response = beside(
        "INSERT INTO users (id, discord_id, username, created_at, updated_at) VALUES "
        "('00000000-0000-4000-8000-000000000001', '100000000000000002', 'x', now(), now())",
        [&] { return activate("500", "maestro", stranger); });

    EXPECT_EQ(response.status, 201) << response.body;
}

// An activation that commits before the deletion is among those that hear of it.
TEST_F(Races, AnActivationBesideADeletionIsToldOfIt) {
    tests::RedisServer redis;
    EventWatch watch(redis);
    redis_url_ = redis.url();
    start({});

    const auto response = beside(
        "INSERT INTO activated_channels (id, channel_id, personality_id, created_at) SELECT "
        "'00000000-0000-4000-8000-000000000002', '777', id, now() FROM personalities WHERE slug = "
        "'maestro'",
        [&] { return call("DELETE", "/user/personality/maestro", bot_owner); });

    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(postgres_->query("SELECT COUNT(*) FROM activated_channels"), "0");
    std::string heard;
    EXPECT_TRUE(eventually([&] {
        for (const auto& event : watch.take()) heard += event + '\n';
        return heard.contains(R"({"type":"channel","channelId":"777"})");
    })) << heard;
    gateway_.reset();
}

}  // namespace
}  // namespace tutti::services
