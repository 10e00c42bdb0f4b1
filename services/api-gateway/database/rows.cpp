#include "api-gateway/database/rows.hpp"

#include <soci/into.h>
#include <soci/statement.h>
#include <soci/use.h>

#include <charconv>
#include <iterator>
#include <system_error>

#include <boost/algorithm/hex.hpp>
#include <soci/boost-optional.h>

#include "api-gateway/database/database_impl.hpp"

namespace tutti::services {
namespace {

template <class Number>
std::optional<Number> parse(const RowReader::Cell& cell) {
    if (!cell) return std::nullopt;
    Number number{};
    const char* const end = cell->data() + cell->size();
    const auto [stopped, error] = std::from_chars(cell->data(), end, number);
    return error == std::errc{} && stopped == end ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string RowReader::text() { return next().value_or(std::string()); }
std::optional<std::string> RowReader::optional_text() { return to_std(next()); }
json::Nullable<std::string> RowReader::nullable_text() { return to_nullable(next()); }
std::optional<double> RowReader::number() { return parse<double>(next()); }
std::optional<std::int64_t> RowReader::integer() { return parse<std::int64_t>(next()); }
bool RowReader::flag() {
    const std::string value = text();
    return value == "1" || value == "t";
}
std::string RowReader::time() { return iso_time(text()); }
std::optional<std::string> RowReader::optional_time() {
    return optional_text().transform(iso_time);
}
std::string RowReader::bytes() {
    std::string bytes;
    boost::algorithm::unhex(text(), std::back_inserter(bytes));
    return bytes;
}

std::string bytes_column(soci::session& sql, std::string_view column) {
    const std::string name(column);
    return is_postgresql(sql) ? "encode(" + name + ", 'hex')" : "hex(" + name + ")";
}

std::string bytes_literal(soci::session& sql, std::string_view bytes) {
    std::string text(is_postgresql(sql) ? "'\\x" : "X'");
    boost::algorithm::hex(bytes, std::back_inserter(text));
    text += '\'';
    return text;
}

std::vector<RowReader> select(soci::session& sql, const std::string& query, std::size_t columns,
                              const std::vector<std::string>& parameters) {
    std::vector<RowReader::Cell> cells(columns);
    soci::statement statement(sql);
    for (auto& cell : cells) statement.exchange(soci::into(cell));
    for (const auto& parameter : parameters) statement.exchange(soci::use(parameter));
    statement.alloc();
    statement.prepare(query);
    statement.define_and_bind();
    statement.execute();
    std::vector<RowReader> rows;
    while (statement.fetch()) rows.emplace_back(cells);
    return rows;
}

std::optional<RowReader> select_one(soci::session& sql, const std::string& query,
                                    std::size_t columns,
                                    const std::vector<std::string>& parameters) {
    auto rows = select(sql, query, columns, parameters);
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
}

std::size_t execute(soci::session& sql, const std::string& statement_text,
                    const std::vector<std::string>& parameters) {
    soci::statement statement(sql);
    for (const auto& parameter : parameters) statement.exchange(soci::use(parameter));
    statement.alloc();
    statement.prepare(statement_text);
    statement.define_and_bind();
    statement.execute(true);
    return static_cast<std::size_t>(statement.get_affected_rows());
}

RowWriter& RowWriter::set(std::string_view column, std::string value) {
    columns_.emplace_back(column, std::move(value));
    return *this;
}

RowWriter& RowWriter::set(std::string_view column, double value) {
    constexpr std::size_t digits_max = 32;
    std::string text(digits_max, '\0');
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    text.resize(static_cast<std::size_t>(end - text.data()));
    return set(column, std::move(text));
}

RowWriter& RowWriter::set_null(std::string_view column) {
    columns_.emplace_back(column, boost::none);
    return *this;
}

void RowWriter::insert(soci::session& sql, std::string_view table) const {
    std::string names;
    std::string values;
    soci::statement statement(sql);
    for (const auto& [column, value] : columns_) {
        names.append(names.empty() ? "" : ", ").append(column);
        values.append(values.empty() ? ":" : ", :").append(column);
        statement.exchange(soci::use(value));
    }
    statement.alloc();
    statement.prepare("INSERT INTO " + std::string(table) + " (" + names + ") VALUES (" + values +
                      ")");
    statement.define_and_bind();
    statement.execute(true);
}

void RowWriter::update(soci::session& sql, std::string_view table, const std::string& id) const {
    if (columns_.empty()) return;
    std::string assignments;
    soci::statement statement(sql);
    for (const auto& [column, value] : columns_) {
        assignments.append(assignments.empty() ? "" : ", ").append(column).append(" = :");
        assignments.append(column);
        statement.exchange(soci::use(value));
    }
    statement.exchange(soci::use(id));
    statement.alloc();
    statement.prepare("UPDATE " + std::string(table) + " SET " + assignments +
                      " WHERE id = :row_id");
    statement.define_and_bind();
    statement.execute(true);
}

}  // namespace tutti::services
