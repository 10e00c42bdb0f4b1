// A change reaches every cache although the process that committed it dies before it can say so.
// The database here is SQLite; PostgreSQL differs by its driver and by the word `postgresql`.
#include "tutti/outbox.hpp"

#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tutti/node.hpp"

using namespace std::chrono_literals;
namespace outbox = tutti::outbox;

// One connection, and the least of a driver: a statement, and its rows as text.
class Database {
public:
    Database() { sqlite3_open(":memory:", &connection_); }
    ~Database() { sqlite3_close(connection_); }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    tutti::Result<std::vector<outbox::Cells>> run(const std::string& statement) {
        std::vector<outbox::Cells> rows;
        const auto add = [](void* to, int count, char** cells, char**) {
            auto& row = static_cast<std::vector<outbox::Cells>*>(to)->emplace_back();
            for (int i = 0; i < count; ++i) {
                row.push_back(cells[i] ? std::optional<std::string>(cells[i]) : std::nullopt);
            }
            return 0;
        };
        const std::lock_guard lock(mutex_);
        if (sqlite3_exec(connection_, statement.c_str(), add, &rows, nullptr) != SQLITE_OK) {
            return tutti::fail(tutti::Errc::unavailable, "SQLite", sqlite3_errmsg(connection_));
        }
        return rows;
    }

private:
    std::mutex mutex_;
    sqlite3* connection_ = nullptr;
};

// The table as the publisher uses it.
class Rows : public outbox::Rows {
public:
    Rows(Database& database, outbox::Sql sql) : database_(database), sql_(std::move(sql)) {}

    tutti::Result<std::vector<outbox::Row>> take() override {
        const auto answer = database_.run(sql_.take());
        if (!answer) return tutti::fail(answer.error());
        return outbox::read_rows(*answer);
    }
    tutti::Result<void> remove(std::span<const outbox::RowId> ids) override {
        if (auto done = database_.run(sql_.remove(ids)); !done) return tutti::fail(done.error());
        return {};
    }

private:
    Database& database_;
    outbox::Sql sql_;
};

int main() {
    Database database;
    const outbox::Sql sql({.dialect = outbox::Dialect::sqlite,
                           .channels = {"cache:users"},
                           .tags = true,
                           .taken_for = 200ms});
    database.run("CREATE TABLE teams (id TEXT PRIMARY KEY, name TEXT)").value();
    database.run("CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT, team TEXT)").value();
    database.run("INSERT INTO teams VALUES ('10', 'red')").value();
    database.run("INSERT INTO users VALUES ('42', 'Ada', '10')").value();
    database.run(sql.create()).value();
    database.run(outbox::Sql::add_tags()).value();  // a second step, for rows that name a tag
    // So no writer can forget it, a shell neither.
    database
        .run(
            "CREATE TRIGGER user_changed AFTER UPDATE ON users BEGIN "
            "INSERT INTO tutti_outbox (channel, cache_key) VALUES ('cache:users', NEW.id); END")
        .value();
    // Who renames a team knows none of its users.
    database
        .run(
            "CREATE TRIGGER team_changed AFTER UPDATE ON teams BEGIN INSERT INTO tutti_outbox "
            "(channel, cache_tag) VALUES ('cache:users', 'team:' || NEW.id); END")
        .value();

    const auto node = tutti::Node::create({.name = "api"}).value();
    const auto users = node->coherent<std::string, std::string>({
        .name = "users",
        .caches = "users with the names of their teams",
        .stale = tutti::Stale::wrong,
        .ttl = 1h,
        .bound = tutti::entries(1000),
        .load =
            [&](const std::string& id, tutti::LoadContext&) {
                const auto rows = database
                                      .run(
                                          "SELECT users.name || ' of ' || teams.name, teams.id "
                                          "FROM users, teams WHERE users.id = '" +
                                          id + "' AND teams.id = users.team")
                                      .value();
                tutti::Loaded<std::string> loaded(rows[0][0].value());
                return loaded.tag("team:" + rows[0][1].value());
            },
        .tagged = tutti::Tagged{},
        .channel = "cache:users",
    });
    if (!node->start()) return EXIT_FAILURE;
    const auto publisher = outbox::Publisher::start(
        {.channels = {outbox::channel("cache:users", users)}, .poll_every = 100ms},
        std::make_shared<Rows>(database, sql));
    if (!publisher) return EXIT_FAILURE;

    // A write of this process: it takes its rows before the commit and publishes them itself.
    std::cout << "before: " << *users.get("42").value() << '\n';
    database.run("BEGIN; UPDATE users SET name = 'Grace' WHERE id = '42'").value();
    const auto rows = outbox::read_rows(database.run(sql.take()).value()).value();
    database.run("COMMIT").value();
    (*publisher)->publish(rows);
    const std::string written = *users.get("42").value();
    std::cout << "after the own write: " << written << '\n';

    // A write of a process that dies behind its commit: the publisher finds the row.
    database.run("UPDATE users SET name = 'Alan' WHERE id = '42'").value();
    while (*users.get("42").value() == written) std::this_thread::yield();
    std::cout << "after the other's: " << *users.get("42").value() << '\n';

    // And one that names a tag.
    database.run("UPDATE teams SET name = 'crimson' WHERE id = '10'").value();
    while (*users.get("42").value() != "Alan of crimson") std::this_thread::yield();
    std::cout << "after a tag: " << *users.get("42").value() << '\n';
    return written == "Grace of red" ? EXIT_SUCCESS : EXIT_FAILURE;
}
