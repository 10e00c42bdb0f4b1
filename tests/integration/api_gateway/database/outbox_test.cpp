// Between commit and publication, on real databases and a real Redis: the writer is a process that
// kill -9 ends there, the reader a node with a cache and a TTL of an hour.
#include "tutti/outbox.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest-spi.h>

#include "api-gateway/database/database.hpp"
#include "common/caches/invalidation_services.hpp"
#include "integration/api_gateway/database/other_program.hpp"
#include "integration/api_gateway/event_watch.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/child_process.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;

constexpr const char* user_event =
    R"(persona-invalidation {"type":"user","discordId":"100000000000000002"})";
constexpr Duration taken_for = 500ms;
// What the remedy needs at most: the rows are due again, a look, and a slow machine.
constexpr Duration patience = 20s;
// What it needs usually, several times.
constexpr Duration in_vain = 5s;

enum class Remedy : std::uint8_t { on, off };

class Outbox : public BothDatabases {
protected:
    void SetUp() override {
        redis_url_ = redis_.url();
        BothDatabases::SetUp();
        call("POST", "/user/persona", stranger, R"({"name":"A","content":"old"})");
        settle();
        start_reader();
    }
    void TearDown() override {
        gateway_.reset();
        if (reader_) reader_->stop();
    }

    std::string run(const std::string& sql) {
        return postgres_ ? postgres_->query(sql) : query_sqlite(database_path(), sql);
    }
    // Nothing is left to be published.
    void settle() {
        EXPECT_TRUE(eventually([&] { return run("SELECT COUNT(*) FROM tutti_outbox") == "0"; }));
        watch_.take();
    }
    std::string content() { return run("SELECT content FROM personas"); }

    void start_reader() {
        reader_ = Node::create({.name = "bot", .redis = redis_.url(), .app = "tzurot"}).value();
        contents_.emplace(reader_->coherent(CacheOptions<std::string, std::string>{
            .name = "contents",
            .caches = "the content of a user's persona",
            .stale = Stale::wrong,
            .ttl = 1h,
            .bound = entries(10),
            .load = [this](const std::string&, LoadContext&) { return content(); },
            .channel = std::string(caches::persona_events.channel)}));
        pages_.emplace(reader_->coherent(CacheOptions<std::string, std::string>{
            .name = "pages",
            .caches = "what shows personas, whose keys their writers do not know",
            .stale = Stale::wrong,
            .ttl = 1h,
            .bound = entries(10),
            .load =
                [this](const std::string&, LoadContext&) {
                    Loaded<std::string> loaded(content());
                    return loaded.tag("personas");
                },
            .tagged = Tagged{},
            .channel = std::string(caches::persona_events.channel)}));
        ASSERT_TRUE(reader_->start());
    }
    std::string read() { return *contents_->get(stranger).value(); }
    std::string read_page() { return *pages_->get("front").value(); }
    // From now on a change of a persona also says so of what carries the tag.
    void write_tags() {
        const std::string insertion =
            "INSERT INTO tutti_outbox (channel, cache_tag) VALUES "
            "('cache:persona-invalidation', 'personas');";
        const std::string trigger = "CREATE TRIGGER tag_changed AFTER UPDATE ON personas ";
        if (!postgres_) {
            run(trigger + "BEGIN " + insertion + " END");
            return;
        }
        run("CREATE FUNCTION tag_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN " +
            insertion + " RETURN NULL; END $$");
        run(trigger + "FOR EACH ROW EXECUTE FUNCTION tag_changed()");
    }

    // Commits, and is killed before it publishes. Without the remedy no row is left.
    int write_and_die(Remedy remedy = Remedy::on) {
        gateway::database::Database::Options options{.sqlite_path = database_path(),
                                                     .changed =
                                                         [this, remedy](const auto&) {
                                                             if (remedy == Remedy::off)
                                                                 run("DELETE FROM tutti_outbox");
                                                             ::raise(SIGKILL);
                                                         },
                                                     .outbox_taken_for = taken_for};
        if (postgres_) options.postgres_url = process::Secret(postgres_->url());
        return tests::in_child([&] {
            const auto database = gateway::database::Database::open(options);
            if (!database) return 1;
            const auto personas = (*database)->personas.list(stranger);
            if (!personas || personas->empty()) return 2;
            domain::PersonaEdit edit;
            edit.content = "new";
            (void)(*database)->personas.update(stranger, personas->front().id, edit);
            return 3;
        });
    }

    tests::RedisServer redis_;
    EventWatch watch_{redis_};
    std::unique_ptr<Node> reader_;
    std::optional<Coherent<std::string, std::string>> contents_;
    std::optional<Coherent<std::string, std::string>> pages_;
};
TUTTI_ON_BOTH_DATABASES(Outbox);

TEST_P(Outbox, WriterThatIsKilledBetweenCommitAndPublicationLeavesNoOldValue) {
    ASSERT_EQ(read(), "old");

    ASSERT_EQ(write_and_die(), -SIGKILL);

    ASSERT_EQ(content(), "new") << "it was killed too early";
    EXPECT_EQ(read(), "old") << "it has published: this test shows nothing";
    EXPECT_TRUE(eventually([&] { return read() == "new"; }, patience));
}

// The same without the remedy: the test above bites.
TEST_P(Outbox, WithoutItsRowTheOldValueStays) {
    ASSERT_EQ(read(), "old");

    ASSERT_EQ(write_and_die(Remedy::off), -SIGKILL);

    ASSERT_EQ(content(), "new") << "it was killed too early";
    EXPECT_FALSE(eventually([&] { return read() == "new"; }, in_vain));
}

// The same for what carries a tag: the row is the only one that says so.
TEST_P(Outbox, WriterThatIsKilledBehindARowForATagLeavesNoOldValue) {
    write_tags();
    ASSERT_EQ(read_page(), "old");

    ASSERT_EQ(write_and_die(), -SIGKILL);

    ASSERT_EQ(content(), "new") << "it was killed too early";
    EXPECT_EQ(read_page(), "old") << "it has published: this test shows nothing";
    EXPECT_TRUE(eventually([&] { return read_page() == "new"; }, patience));
    settle();
}

TEST_P(Outbox, WithoutItsRowTheOldValueOfATagStays) {
    write_tags();
    ASSERT_EQ(read_page(), "old");

    ASSERT_EQ(write_and_die(Remedy::off), -SIGKILL);

    ASSERT_EQ(content(), "new") << "it was killed too early";
    EXPECT_FALSE(eventually([&] { return read_page() == "new"; }, in_vain));
}

TEST_P(Outbox, RowForATagLeavesWhatDoesNotCarryIt) {
    ASSERT_EQ(read(), "old");
    ASSERT_EQ(read_page(), "old");
    gateway_.reset();
    run("DROP TRIGGER personas_changed" + std::string(postgres_ ? " ON personas" : ""));
    write_tags();
    run("UPDATE personas SET content = 'new'");

    start({});

    EXPECT_TRUE(eventually([&] { return read_page() == "new"; }, patience));
    EXPECT_EQ(read(), "old") << "its key was not told, and it carries no tag";
}

// A gateway of the version before goes on beside one that has added the column: what it asks for is
// asked here.
TEST_P(Outbox, VersionWithoutTagsTakesARowForATagForEveryKey) {
    gateway_.reset();
    run("INSERT INTO tutti_outbox (channel, cache_tag) VALUES "
        "('cache:persona-invalidation', 'page')");
    const outbox::Sql before(
        {.dialect = postgres_ ? outbox::Dialect::postgresql : outbox::Dialect::sqlite,
         .channels = {"cache:persona-invalidation"}});

    const std::string taken = run(before.take());

    EXPECT_THAT(taken, EndsWith("|cache:persona-invalidation|(null)|published"));
}

TEST_P(Outbox, RowsFromBeforeTheColumnForTagsArePublishedByKey) {
    gateway_.reset();
    run("ALTER TABLE tutti_outbox DROP COLUMN cache_tag");
    run("DELETE FROM schema_migrations WHERE version = 9");
    run("UPDATE personas SET content = 'new'");
    watch_.take();

    start({});

    EXPECT_TRUE(eventually([&] { return run("SELECT COUNT(*) FROM tutti_outbox") == "0"; }));
    EXPECT_THAT(watch_.take(), ElementsAre(user_event)) << "and not everything";
    EXPECT_EQ(run("SELECT COUNT(*) FROM tutti_outbox WHERE cache_tag IS NOT NULL"), "0");
}

// A process without tags would read the key alone.
TEST_P(Outbox, TableHasNoRowWithAKeyAndATag) {
    const std::string both =
        "INSERT INTO tutti_outbox (channel, cache_key, cache_tag) VALUES ('nobody''s', '1', 'red')";

    if (postgres_) {
        EXPECT_THROW(run(both), std::runtime_error);
    } else {
        EXPECT_NONFATAL_FAILURE(query_sqlite(database_path(), both), "CHECK constraint failed");
    }

    EXPECT_EQ(run("SELECT COUNT(*) FROM tutti_outbox"), "0");
}

// Nor does the row help while no publisher lives; the next one finds it.
TEST_P(Outbox, RowWaitsForTheNextPublisher) {
    ASSERT_EQ(read(), "old");
    gateway_.reset();

    ASSERT_EQ(write_and_die(), -SIGKILL);
    EXPECT_FALSE(eventually([&] { return read() == "new"; }, in_vain));
    watch_.take();

    start({});
    EXPECT_TRUE(eventually([&] { return read() == "new"; }, patience));
    settle();
}

TEST_P(Outbox, ChangeOfAnotherProgramWhileNoGatewayRanIsToldByKey) {
    gateway_.reset();
    run("UPDATE personas SET content = 'new'");
    watch_.take();

    start({});

    std::vector<std::string> heard;
    EXPECT_TRUE(eventually([&] {
        for (auto& event : watch_.take()) heard.push_back(std::move(event));
        return !heard.empty();
    }));
    EXPECT_THAT(heard, ElementsAre(user_event)) << "and not everything";
}

TEST_P(Outbox, SeveralGatewaysPublishARowOnce) {
    auto with = options();
    with.name = "api-gateway-2";
    with.attachment_dir = folder_.file("attachments");
    auto second = start_gateway(std::move(with));
    ASSERT_TRUE(second) << second.error().message();

    run("UPDATE personas SET content = 'a'");
    run("UPDATE personas SET content = 'b'");
    EXPECT_TRUE(eventually([&] { return read() == "b"; }));
    EXPECT_TRUE(eventually([&] { return run("SELECT COUNT(*) FROM tutti_outbox") == "0"; }));

    std::size_t heard = 0;
    for (const auto& event : watch_.take()) heard += event == user_event ? 1 : 0;
    EXPECT_GE(heard, 1U);
    EXPECT_LE(heard, 2U) << "one for each change, however many hear of it";
    (*second)->stop();
}

TEST_P(Outbox, TenThousandRowsAfterAnOutageAreGoneSoonWithAFewEvents) {
    gateway_.reset();
    run("INSERT INTO tutti_outbox (channel, cache_key) "
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
        "WHERE n < 10000) SELECT 'cache:persona-invalidation', CAST(n AS TEXT) FROM numbers");
    run("UPDATE personas SET content = 'new'");
    watch_.take();

    const auto before = Boottime::now();
    start({});
    EXPECT_TRUE(eventually([&] { return run("SELECT COUNT(*) FROM tutti_outbox") == "0"; }));
    const auto took = Boottime::now() - before;

    RecordProperty("milliseconds", std::to_string(took / 1ms));
    EXPECT_LE(watch_.take().size(), 3U);
    EXPECT_EQ(read(), "new");
}

TEST_P(Outbox, WhatOthersPutIntoTheTableIsNotBelieved) {
    run("INSERT INTO tutti_outbox (channel, cache_key, reach) VALUES "
        "('cache:persona-invalidation', '" +
        std::string(2000, 'x') +
        "', 'published'), "
        "('cache:api-key-invalidation', '7', 'everywhere'), "
        "('nobody''s', '1', 'published'), ('', '', '')");
    run("INSERT INTO tutti_outbox (channel, cache_tag) VALUES ('cache:llm-config-invalidation', '" +
        std::string(2000, 'x') + "')");

    EXPECT_TRUE(eventually([&] { return run("SELECT COUNT(*) FROM tutti_outbox") == "2"; }));
    std::vector<std::string> heard = watch_.take();
    EXPECT_THAT(heard, ElementsAre(R"(api-key-invalidation {"type":"user","discordId":"7"})",
                                   R"(llm-config-invalidation {"type":"all"})",
                                   R"(persona-invalidation {"type":"all"})"));
    EXPECT_EQ(run("SELECT COUNT(*) FROM tutti_outbox WHERE channel LIKE 'cache:%'"), "0");
    EXPECT_TRUE(metrics_text().contains("tutti_outbox_malformed_total 2\n")) << metrics_text();
}

// A transaction takes its rows before it commits: a publisher that looks meanwhile, and that is
// woken by the commit, finds nothing to publish again.
TEST_P(Outbox, OwnWriteIsPublishedBeforeItsAnswerAndOnce) {
    const auto changed = call("POST", "/user/persona", stranger, R"({"name":"B","content":"b"})");
    ASSERT_EQ(changed.status, 201) << changed.body;
    EXPECT_THAT(watch_.take(), ElementsAre(user_event));

    settle();
    std::this_thread::sleep_for(1500ms);
    EXPECT_THAT(watch_.take(), IsEmpty());
}

}  // namespace
}  // namespace tutti::services
