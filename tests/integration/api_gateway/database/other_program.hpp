// The SQLite file as another program asks it; PostgreSQL is asked with PostgresDatabase::query.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <sstream>
#include <string>
#include <vector>

namespace tutti::services::testing {

// One or more statements, with foreign keys. The rows of all: columns joined with '|', a line each.
inline std::string query_sqlite(const std::string& path, const std::string& statements) {
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    std::string rows;
    const auto add = [](void* to, int count, char** cells, char**) {
        auto& text = *static_cast<std::string*>(to);
        if (!text.empty()) text += '\n';
        for (int i = 0; i < count; ++i) {
            if (i > 0) text += '|';
            text += cells[i] == nullptr ? "(null)" : cells[i];
        }
        return 0;
    };
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(database, ("PRAGMA foreign_keys = ON; " + statements).c_str(), add,
                           &rows, &error),
              SQLITE_OK)
        << error;
    sqlite3_free(error);
    sqlite3_close(database);
    return rows;
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

}  // namespace tutti::services::testing
