// What only PostgreSQL does: the gateway passes on what it tells, it goes away and comes back, and
// it says no. What its triggers tell is in triggers_test.cpp.
#include <gmock/gmock.h>

#include <future>

#include <libpq-fe.h>

#include "api-gateway/database/change_listener.hpp"
#include "api-gateway/database/database.hpp"
#include "integration/api_gateway/event_watch.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/scripted_server.hpp"
#include "support/tcp_proxy.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::IsEmpty;

// A gateway between a real PostgreSQL and a real Redis.
class Bridge : public GatewayTest {
protected:
    void SetUp() override {
        postgres_ = std::make_unique<tests::PostgresDatabase>();
        redis_url_ = redis_.url();
        start({});
        await_event(R"(invalidation {"type":"all"})");  // of the schema's step
        heard_.clear();
    }

    void await_event(const std::string& event) {
        EXPECT_TRUE(eventually([&] {
            for (auto& each : watch_.take()) heard_.push_back(std::move(each));
            return std::ranges::find(heard_, event) != heard_.end();
        })) << ::testing::PrintToString(heard_);
    }
    bool notifications_heard() {
        return send({.path = "/health"}).body.contains(R"("notifications":true)");
    }

    tests::RedisServer redis_;
    EventWatch watch_{redis_};
    std::vector<std::string> heard_;
};

TEST_F(Bridge, ChangeOfAnotherProgramIsPublishedCompactly) {
    execute(std::string("UPDATE personalities SET updated_at = now() WHERE id = '") + solo_id +
            "'");

    await_event(std::string(R"(invalidation {"type":"personality","personalityId":")") + solo_id +
                "\"}");
    EXPECT_EQ(heard_.size(), 1U) << ::testing::PrintToString(heard_);
}

TEST_F(Bridge, GatewayServesWhatAnotherProgramWrote) {
    const auto info = [&] {
        return read<domain::GetPersonalityResponse>(
                   call("GET", "/user/personality/maestro", stranger))
            .personality.character_info;
    };
    EXPECT_EQ(info(), "Conducts since the baton was invented.");

    execute("UPDATE personalities SET character_info = 'new', updated_at = now()");

    EXPECT_TRUE(eventually([&] { return info() == "new"; }));
}

TEST_F(Bridge, NotificationWakesAndSaysNothing) {
    for (const char* payload :
         {"", "nonsense", R"({"type":"all"})", R"({"type":"personality","personalityId":"a"})"}) {
        execute(std::string("NOTIFY cache_invalidation, '") + payload + "'");
    }
    execute("INSERT INTO tutti_outbox (channel, cache_key) VALUES ('cache:invalidation', 'last')");

    await_event(R"(invalidation {"type":"personality","personalityId":"last"})");
    EXPECT_EQ(heard_.size(), 1U) << ::testing::PrintToString(heard_);
}

TEST_F(Bridge, ChangeWhileRedisIsSilentIsToldWhenItAnswersAgain) {
    redis_.pause();
    execute("UPDATE personalities SET updated_at = now() WHERE slug = 'solo'");
    EXPECT_EQ(call("GET", "/user/persona", stranger).status, 200);
    redis_.resume();

    await_event(std::string(R"(invalidation {"type":"personality","personalityId":")") + solo_id +
                "\"}");
    execute("UPDATE personalities SET updated_at = now() WHERE slug = 'maestro'");
    await_event(std::string(R"(invalidation {"type":"personality","personalityId":")") +
                maestro_id + "\"}");
}

TEST_F(Bridge, StormOfChangesBecomesAll) {
    execute(
        "INSERT INTO tutti_outbox (channel, cache_key) "
        "SELECT 'cache:invalidation', n FROM generate_series(1, 500) n");

    await_event(R"(invalidation {"type":"all"})");
    EXPECT_EQ(heard_.size(), 1U) << ::testing::PrintToString(heard_);
}

TEST_F(Bridge, AfterARestartOfTheServerChangesAreHeardAndRequestsWorkAtOnce) {
    for (int i = 0; i < 4; ++i) EXPECT_EQ(call("GET", "/user/persona", stranger).status, 200);
    postgres_->server().kill();
    EXPECT_TRUE(eventually([&] {
        const auto response = send({.path = "/health"});
        return response.status == 503 && response.body.contains(R"("notifications":false)");
    }));
    expect_error(call("GET", "/user/persona", stranger), 500, "INTERNAL_ERROR");
    EXPECT_THAT(heard_, IsEmpty());

    postgres_->server().start();

    for (int i = 0; i < 8; ++i) EXPECT_EQ(call("GET", "/user/persona", stranger).status, 200);
    execute("UPDATE personalities SET updated_at = now() WHERE slug = 'solo'");
    await_event(std::string(R"(invalidation {"type":"personality","personalityId":")") + solo_id +
                "\"}");
    EXPECT_TRUE(eventually([&] { return notifications_heard(); }));
    EXPECT_TRUE(eventually([&] { return send({.path = "/health"}).status == 200; }));
}

TEST_F(Bridge, RestartThatNobodyNoticedCostsNoRequest) {
    for (int i = 0; i < 4; ++i) EXPECT_EQ(call("GET", "/user/persona", stranger).status, 200);

    postgres_->server().restart();

    EXPECT_EQ(call("GET", "/user/persona", stranger).status, 200);
}

TEST_F(Bridge, HealthIsDegradedWhileOnlyTheListenerIsAway) {
    EXPECT_TRUE(eventually([&] { return notifications_heard(); }));

    execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");

    EXPECT_TRUE(eventually([&] {
        const auto response = send({.path = "/health"});
        return response.status == 200 && response.body.contains(R"("status":"degraded")") &&
               response.body.contains("changes of other programs are heard late");
    }));
    execute("UPDATE personalities SET updated_at = now() WHERE slug = 'solo'");
    await_event(std::string(R"(invalidation {"type":"personality","personalityId":")") + solo_id +
                "\"}");
}

TEST_F(Bridge, SecondGatewaySeesWhatTheFirstOneChanged) {
    auto second = start_gateway({.postgres_url = process::Secret(postgres_->url()),
                                 .redis_url = redis_url_,
                                 .attachment_dir = folder_.file("attachments"),
                                 .secret = process::Secret(secret_text)});
    ASSERT_TRUE(second) << second.error().message();
    const auto seen_by_second = [&] {
        const std::string here =
            std::exchange(url_, "http://127.0.0.1:" + std::to_string((*second)->port()));
        const auto response = call("GET", "/user/personality/maestro", stranger);
        url_ = here;
        return read<domain::GetPersonalityResponse>(response).personality.character_info;
    };
    EXPECT_EQ(seen_by_second(), "Conducts since the baton was invented.");

    const auto changed =
        call("PUT", "/user/personality/maestro", owner_of_solo, R"({"characterInfo":"new"})");

    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_TRUE(eventually([&] { return seen_by_second() == "new"; }));
}

class Listener : public ::testing::Test {
protected:
    void start(const std::string& url, Duration retry = 20ms, Duration retry_last = 100ms) {
        auto started =
            gateway::database::ChangeListener::start({.url = process::Secret(url),
                                                      .connect_deadline = 500ms,
                                                      .retry_first = retry,
                                                      .retry_last = std::max(retry, retry_last),
                                                      .probe_every = 100ms,
                                                      .probe_deadline = 200ms},
                                                     [this] { ++events_; });
        ASSERT_TRUE(started) << started.error().message();
        listener_ = *std::move(started);
    }

    tests::PostgresDatabase postgres_;
    std::atomic<int> events_ = 0;
    std::unique_ptr<gateway::database::ChangeListener> listener_;
};

TEST_F(Listener, ConnectionThatDiesSilentlyIsNoticedAndReplaced) {
    tests::TcpProxy proxy(postgres_.server().port());
    start(postgres_.url(proxy.port()));
    EXPECT_TRUE(eventually([&] { return events_ == 1 && listener_->failure().empty(); }));

    proxy.cut();
    EXPECT_TRUE(eventually([&] { return !listener_->failure().empty(); }));
    EXPECT_EQ(events_, 1);
    proxy.heal();

    EXPECT_TRUE(eventually([&] { return events_ == 2 && listener_->failure().empty(); }));
}

TEST_F(Listener, GoesOnTryingAndStopsAtOnce) {
    postgres_.server().kill();
    start(postgres_.url());
    EXPECT_TRUE(eventually([&] { return listener_->failure().contains("refused"); }));
    EXPECT_FALSE(listener_->failure().contains(tests::PostgresServer::password));
    postgres_.server().start();
    EXPECT_TRUE(eventually([&] { return events_ == 1; }));

    const auto before = Boottime::now();
    listener_.reset();
    EXPECT_LT(Boottime::now() - before, 1s);
}

TEST_F(Listener, HasOneSessionWhateverHappenedAndNoneAfterItsEnd) {
    const auto sessions = [this] {
        return postgres_.query(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = "
            "'tutti-api-gateway'");
    };
    start(postgres_.url());
    EXPECT_TRUE(eventually([&] { return events_ == 1; }));
    EXPECT_EQ(sessions(), "1");

    postgres_.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
        "'tutti-api-gateway'");
    EXPECT_TRUE(eventually([&] { return events_ == 2; }));
    EXPECT_EQ(sessions(), "1");

    listener_.reset();
    EXPECT_TRUE(eventually([&] { return sessions() == "0"; }));
    EXPECT_EQ(events_, 2) << "one for each time that it began to listen";
}

TEST_F(Listener, WaitsLongerAfterEachFailure) {
    const ScriptedServer closes_at_once([](int, int) {});
    const auto before = Boottime::now();
    const std::string address = closes_at_once.url().substr(std::string_view("http://").size());
    start("postgres://u@" + address + "tutti?sslmode=disable&gssencmode=disable", 20ms, 1min);

    EXPECT_TRUE(eventually([&] { return closes_at_once.connections() >= 6; }));

    // 20 + 40 + 80 + 160 + 320 ms, each at least four fifths of it.
    EXPECT_GE(Boottime::now() - before, 496ms);
}

TEST_F(Listener, DoesNotFinishTheWaitForTheNextAttemptWhenItIsStopped) {
    postgres_.server().kill();
    start(postgres_.url(), 1min);
    EXPECT_TRUE(eventually([&] { return listener_->failure().contains("refused"); }));

    const auto before = Boottime::now();
    listener_.reset();

    EXPECT_LT(Boottime::now() - before, 5s);
    EXPECT_EQ(events_, 0);
}

class PostgresqlStart : public ::testing::Test {
protected:
    Error error_for(const std::string& url) {
        const auto opened =
            gateway::database::Database::open({.postgres_url = process::Secret(url)});
        EXPECT_FALSE(opened);
        return opened ? Error{} : opened.error();
    }

    tests::PostgresDatabase postgres_;
};

TEST_F(PostgresqlStart, ManyAtTheSameTimeMigrateOnce) {
    std::vector<std::future<bool>> starts;
    for (int i = 0; i < 6; ++i) {
        starts.push_back(std::async(std::launch::async, [&] {
            const auto opened = gateway::database::Database::open(
                {.postgres_url = process::Secret(postgres_.url())});
            return opened.has_value();
        }));
    }
    for (auto& started : starts) EXPECT_TRUE(started.get());

    EXPECT_EQ(
        postgres_.query("SELECT COUNT(*) > 0, COUNT(*) = MAX(version) FROM schema_migrations"),
        "t|t");
    EXPECT_EQ(postgres_.query("SELECT COUNT(*) FROM personalities"), "2");
}

TEST_F(PostgresqlStart, ColumnsHaveNativeTypes) {
    ASSERT_TRUE(
        gateway::database::Database::open({.postgres_url = process::Secret(postgres_.url())}));

    EXPECT_EQ(
        postgres_.query("SELECT data_type FROM information_schema.columns WHERE table_name = "
                        "'personalities' AND column_name IN ('id', 'updated_at', 'is_public') "
                        "ORDER BY column_name"),
        "uuid\nboolean\ntimestamp with time zone");
    EXPECT_EQ(postgres_.query("SELECT data_type FROM information_schema.columns WHERE table_name = "
                              "'job_results' AND column_name = 'result'"),
              "jsonb");
    EXPECT_EQ(postgres_.query("SELECT data_type FROM information_schema.columns WHERE table_name = "
                              "'personality_avatars' ORDER BY column_name"),
              "uuid\nbytea\ntimestamp with time zone");
}

TEST_F(PostgresqlStart, WhatIsWrongIsNamedWithoutThePassword) {
    std::string wrong = postgres_.url();
    wrong.replace(wrong.find(tests::PostgresServer::password),
                  std::string_view(tests::PostgresServer::password).size(), "not-it");

    const auto refused = error_for(wrong);
    const auto unreachable = error_for(postgres_.url(tests::free_port()));
    const auto no_url = error_for("postgres://u:hidden@[/x?nonsense=1");

    EXPECT_TRUE(refused.message().contains("password authentication failed"));
    EXPECT_FALSE(refused.message().contains("not-it")) << refused.message();
    EXPECT_EQ(unreachable.code, Errc::unavailable) << unreachable.message();
    EXPECT_TRUE(unreachable.message().contains("DATABASE_URL")) << unreachable.message();
    EXPECT_FALSE(unreachable.message().contains(tests::PostgresServer::password));
    EXPECT_EQ(no_url.code, Errc::invalid_option);
    EXPECT_FALSE(no_url.message().contains("hidden")) << no_url.message();
}

TEST_F(PostgresqlStart, TablesOfSomebodyElseAreLeftAlone) {
    postgres_.query("CREATE TABLE users (id INTEGER)");

    const auto error = error_for(postgres_.url());

    EXPECT_EQ(error.code, Errc::unsupported) << error.message();
    EXPECT_TRUE(error.message().contains("users")) << error.message();
    EXPECT_EQ(postgres_.query("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
}

TEST_F(PostgresqlStart, NewerSchemaIsRefused) {
    ASSERT_TRUE(
        gateway::database::Database::open({.postgres_url = process::Secret(postgres_.url())}));
    postgres_.query("INSERT INTO schema_migrations VALUES (1000, now())");

    const auto error = error_for(postgres_.url());

    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_TRUE(error.cause.contains("version 1000")) << error.cause;
}

TEST_F(PostgresqlStart, StatementEndsAtItsDeadline) {
    auto database = gateway::database::Database::open(
        {.postgres_url = process::Secret(postgres_.url()), .statement_deadline = 200ms});
    ASSERT_TRUE(database) << database.error().message();
    PGconn* const blocker = PQconnectdb(postgres_.url().c_str());
    PQclear(PQexec(blocker, "BEGIN; LOCK TABLE activated_channels"));

    const auto found = (*database)->channels.read("500");
    PQfinish(blocker);

    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::timeout) << found.error().message();
    EXPECT_TRUE((*database)->channels.read("500"));
}

TEST_F(PostgresqlStart, ServerThatFallsSilentHoldsNobodyForLong) {
    tests::TcpProxy proxy(postgres_.server().port());
    auto database = gateway::database::Database::open(
        {.postgres_url = process::Secret(postgres_.url(proxy.port())),
         .statement_deadline = 300ms});
    ASSERT_TRUE(database) << database.error().message();
    EXPECT_TRUE((*database)->channels.read("500"));

    proxy.cut();
    const auto before = Boottime::now();
    const auto found = (*database)->channels.read("500");
    const auto took = Boottime::now() - before;
    proxy.heal();

    EXPECT_FALSE(found);
    EXPECT_LT(took, 3s);
    EXPECT_TRUE((*database)->channels.read("500"));
}

}  // namespace
}  // namespace tutti::services
