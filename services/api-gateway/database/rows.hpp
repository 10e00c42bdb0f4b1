// Rows of whatever columns, as text in both directions: SQLite and PostgreSQL convert text to and from a
// column's type, and they spell booleans and times differently, which is settled here.
//
//     for (RowReader& row : select(sql, "SELECT id, is_public FROM ...", 2, {slug})) {
//         p.id = row.text();
//         p.is_public = row.flag();
//     }
//     RowWriter().set("name", name).set("is_public", true).update(sql, "personalities", id);
//
// Column and table names come from the program, values only as parameters. All functions throw what SOCI
// throws. Includes SOCI.
#pragma once

#include <soci/session.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/optional/optional.hpp>

#include "tutti/json/nullable.hpp"

namespace tutti::services {

// The cells of one row, taken in the order of the columns.
class RowReader {
public:
    using Cell = boost::optional<std::string>;

    explicit RowReader(std::vector<Cell> cells) : cells_(std::move(cells)) {}

    [[nodiscard]] std::string text();  // empty for null
    [[nodiscard]] std::optional<std::string> optional_text();
    [[nodiscard]] json::Nullable<std::string> nullable_text();
    [[nodiscard]] std::optional<double> number();
    [[nodiscard]] std::optional<std::int64_t> integer();
    [[nodiscard]] bool flag();
    [[nodiscard]] std::string time();  // ISO 8601, UTC, milliseconds
    [[nodiscard]] std::optional<std::string> optional_time();
    [[nodiscard]] std::string bytes();  // of a column that is selected by `bytes_column`

private:
    [[nodiscard]] Cell next() { return std::move(cells_.at(position_++)); }

    std::vector<Cell> cells_;
    std::size_t position_ = 0;
};

// `columns` is the number of columns that the query selects.
[[nodiscard]] std::vector<RowReader> select(soci::session& sql, const std::string& query,
                                            std::size_t columns,
                                            const std::vector<std::string>& parameters);
// The first row, or nothing.
[[nodiscard]] std::optional<RowReader> select_one(soci::session& sql, const std::string& query,
                                                  std::size_t columns,
                                                  const std::vector<std::string>& parameters);
// Bytes go over as hexadecimal text, too: in a query the column, in a statement the value.
[[nodiscard]] std::string bytes_column(soci::session& sql, std::string_view column);
[[nodiscard]] std::string bytes_literal(soci::session& sql, std::string_view bytes);

// How many rows it changed.
std::size_t execute(soci::session& sql, const std::string& statement,
                    const std::vector<std::string>& parameters);

class RowWriter {
public:
    RowWriter& set(std::string_view column, std::string value);
    RowWriter& set(std::string_view column, const char* value) {
        return set(column, std::string(value));
    }
    RowWriter& set(std::string_view column, bool value) { return set(column, value ? "1" : "0"); }
    RowWriter& set(std::string_view column, double value);
    RowWriter& set(std::string_view column, std::int64_t value) {
        return set(column, std::to_string(value));
    }
    RowWriter& set_null(std::string_view column);
    // Leaves the column alone without a value.
    template <class T>
    RowWriter& set_if(std::string_view column, const std::optional<T>& value) {
        return value ? set(column, *value) : *this;
    }
    // The same for a text that may be taken away: an empty one becomes null.
    RowWriter& set_or_clear(std::string_view column, const std::optional<std::string>& value) {
        return value && value->empty() ? set_null(column) : set_if(column, value);
    }

    void insert(soci::session& sql, std::string_view table) const;
    // Of the row with this id; does nothing when no column was set.
    void update(soci::session& sql, std::string_view table, const std::string& id) const;

private:
    std::vector<std::pair<std::string, RowReader::Cell>> columns_;
};

}  // namespace tutti::services
