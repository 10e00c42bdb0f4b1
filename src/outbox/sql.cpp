// The statements of the table, and its rows as a driver reads them: a foreign program may have
// written anything into it.
//
// `due` is a time of the database's own clock, so no two clocks are compared. One that lies further
// ahead than any taker wants counts as due: the clock was set back.
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tutti/outbox.hpp"
#include "tutti/store.hpp"

namespace tutti::outbox {
namespace {

std::string quoted(std::string_view text) {
    std::string literal = "'";
    for (const char c : text) literal.append(c == '\'' ? 2 : 1, c);
    return literal + "'";
}

// "'a', 'b'"; of nothing: NULL, in which no channel is.
std::string list_of(const std::vector<std::string>& channels) {
    std::string list;
    for (const auto& channel : channels) list += (list.empty() ? "" : ", ") + quoted(channel);
    return list.empty() ? "NULL" : list;
}

std::string milliseconds(Duration duration) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

// What differs between the dialects.
struct Spelling {
    std::string_view create;
    std::string_view bytes;  // of a text in place of the ?
    std::string now;
    std::string later;  // when what is taken now is due again
    std::string far;    // further ahead than any of these
    std::string_view skip_locked;
};

Spelling spelling_of(const Table& table) {
    const std::string taken_for = milliseconds(table.taken_for);
    if (table.dialect == Dialect::postgresql) {
        return {.create =
                    "id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
                    "channel TEXT NOT NULL, cache_key TEXT, "
                    "reach TEXT NOT NULL DEFAULT 'published', "
                    "due TIMESTAMPTZ NOT NULL DEFAULT '-infinity'",
                .bytes = "octet_length(?)",
                .now = "clock_timestamp()",
                .later = "clock_timestamp() + interval '" + taken_for + " milliseconds'",
                .far = "clock_timestamp() + interval '1 hour'",
                .skip_locked = " FOR UPDATE SKIP LOCKED"};
    }
    // AUTOINCREMENT: an id is never used again, or a late removal would meet another row.
    return {.create =
                "id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, "
                "cache_key TEXT, reach TEXT NOT NULL DEFAULT 'published', "
                "due REAL NOT NULL DEFAULT 0",
            .bytes = "length(CAST(? AS BLOB))",
            .now = "julianday('now')",
            .later = "julianday('now') + " + taken_for + " / 86400000.0",
            .far = "julianday('now') + 1 / 24.0",
            .skip_locked = ""};
}

// The text of a column, or, where it is too long to be sent, something that says as much.
std::string bounded(const Spelling& in, const std::string& column, std::size_t bytes_max,
                    std::string_view otherwise) {
    std::string bytes(in.bytes);
    bytes.replace(bytes.find('?'), 1, column);
    return "CASE WHEN " + bytes + " > " + std::to_string(bytes_max) + " THEN " +
           std::string(otherwise) + " ELSE " + column + " END";
}

std::optional<RowId> id_in(const std::optional<std::string>& cell) {
    if (!cell) return std::nullopt;
    RowId id = 0;
    const char* const end = cell->data() + cell->size();
    const auto [stopped, error] = std::from_chars(cell->data(), end, id);
    if (error != std::errc() || stopped != end || id <= 0) return std::nullopt;
    return id;
}

}  // namespace

std::string Sql::create() const {
    return "CREATE TABLE " + std::string(name) + " (" + std::string(spelling_of(table_).create) +
           ")";
}

std::string Sql::add_tags() {
    return "ALTER TABLE " + std::string(name) +
           " ADD COLUMN cache_tag TEXT CHECK (cache_tag IS NULL OR cache_key IS NULL)";
}

std::string Sql::take() const {
    const Spelling in = spelling_of(table_);
    const std::string table(name);
    // '' is no tag: every key.
    const std::string tag =
        table_.tags ? ", " + bounded(in, "cache_tag", tag_bytes_max, "''") : std::string();
    return "UPDATE " + table + " SET due = " + in.later + " WHERE id IN (SELECT id FROM " + table +
           " WHERE channel IN (" + list_of(table_.channels) + ") AND (due <= " + in.now +
           " OR due > " + in.far + ") ORDER BY id LIMIT " + std::to_string(rows_max) +
           std::string(in.skip_locked) + ") RETURNING CAST(id AS TEXT), channel, " +
           bounded(in, "cache_key", key_bytes_max, "NULL") + ", reach" + tag;
}

std::string Sql::remove(std::span<const RowId> ids) const {
    std::string list;
    for (const RowId id : ids) list += (list.empty() ? "" : ", ") + std::to_string(id);
    return "DELETE FROM " + std::string(name) + " WHERE id IN (" + list + ")";
}

Result<std::vector<Row>> read_rows(std::span<const Cells> answer) {
    constexpr std::size_t columns = 4;
    std::vector<Row> rows;
    rows.reserve(answer.size());
    for (const Cells& cells : answer) {
        const bool has_tag = cells.size() == columns + 1;
        const auto id = cells.size() == columns || has_tag ? id_in(cells[0]) : std::nullopt;
        if (!id || !cells[1] || !cells[3]) {
            return fail(Errc::protocol, "read outbox",
                        "a row is not of the form id, channel, key, reach, and with Table::tags "
                        "tag: give read_rows every column that the statement of Sql::take answers");
        }
        rows.push_back({.id = *id,
                        .channel = *cells[1],
                        .key = cells[2],
                        .reach = *cells[3],
                        .tag = has_tag ? cells[4] : std::nullopt});
    }
    return rows;
}

}  // namespace tutti::outbox
