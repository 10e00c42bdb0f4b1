#include "fault/source.hpp"

#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tests::fault {

namespace {

namespace outbox = tutti::outbox;

// What writes holds the file's lock for microseconds, or as long as its process is stopped.
constexpr std::chrono::milliseconds busy_timeout = std::chrono::seconds{10};

outbox::Sql statements() {
    return outbox::Sql({.dialect = outbox::Dialect::sqlite,
                        .channels = {std::string(channel)},
                        .taken_for = taken_for});
}

class Rows final : public outbox::Rows {
public:
    explicit Rows(Source& source) : source_(source) {}

    tutti::Result<std::vector<outbox::Row>> take() override {
        const auto answer = source_.run(sql_.take());
        if (!answer) return tutti::fail(answer.error());
        return outbox::read_rows(*answer);
    }
    tutti::Result<void> remove(std::span<const outbox::RowId> ids) override {
        if (auto done = source_.run(sql_.remove(ids)); !done) return tutti::fail(done.error());
        return {};
    }

private:
    Source& source_;
    const outbox::Sql sql_ = statements();
};

Version version_in(const std::vector<outbox::Cells>& answer) {
    return std::stoull(answer.at(0).at(0).value());
}

}  // namespace

void Source::create(const std::filesystem::path& file) {
    Source source(file);
    source.must("PRAGMA journal_mode = WAL");
    source.must("CREATE TABLE versions (key INTEGER PRIMARY KEY, version INTEGER NOT NULL)");
    for (std::size_t key = 0; key < keys; ++key) {
        source.must("INSERT INTO versions VALUES (" + std::to_string(key) + ", 0)");
    }
    source.must(statements().create());
}

Source::Source(const std::filesystem::path& file) {
    if (sqlite3_open(file.c_str(), &connection_) != SQLITE_OK) {
        throw std::runtime_error("SQLite cannot open " + file.string());
    }
    sqlite3_busy_timeout(connection_, static_cast<int>(busy_timeout.count()));
    must("PRAGMA synchronous = OFF");
}

Source::~Source() { sqlite3_close(connection_); }

Version Source::read(std::size_t key) {
    return version_in(must("SELECT version FROM versions WHERE key = " + std::to_string(key)));
}

Source::Committed Source::commit(std::size_t key, Remedy remedy) {
    const std::lock_guard lock(transaction_);
    const std::string number = std::to_string(key);
    Committed committed;
    must("BEGIN IMMEDIATE");
    committed.version = version_in(must(
        "UPDATE versions SET version = version + 1 WHERE key = " + number + " RETURNING version"));
    if (remedy == Remedy::outbox) {
        must("INSERT INTO tutti_outbox (channel, cache_key) VALUES ('" + std::string(channel) +
             "', '" + number + "')");
        committed.rows = outbox::read_rows(must(statements().take())).value();
    }
    must("COMMIT");
    return committed;
}

tutti::Result<std::vector<outbox::Cells>> Source::run(const std::string& text) {
    const std::lock_guard lock(transaction_);
    try {
        return must(text);
    } catch (const std::runtime_error& error) {
        return tutti::fail(tutti::Errc::unavailable, "SQLite", error.what());
    }
}

std::vector<outbox::Cells> Source::must(const std::string& text) {
    std::vector<outbox::Cells> rows;
    const auto add = [](void* to, int count, char** cells, char**) {
        auto& row = static_cast<std::vector<outbox::Cells>*>(to)->emplace_back();
        for (int i = 0; i < count; ++i) {
            row.push_back(cells[i] != nullptr ? std::optional<std::string>(cells[i])
                                              : std::nullopt);
        }
        return 0;
    };
    const std::lock_guard lock(mutex_);
    if (sqlite3_exec(connection_, text.c_str(), add, &rows, nullptr) != SQLITE_OK) {
        throw std::runtime_error(text + ": " + sqlite3_errmsg(connection_));
    }
    return rows;
}

std::shared_ptr<outbox::Rows> rows_of(Source& source) { return std::make_shared<Rows>(source); }

}  // namespace tests::fault
