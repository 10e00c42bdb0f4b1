#include "api-gateway/database/rows.hpp"

#include <soci/into.h>
#include <soci/statement.h>
#include <soci/use.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <boost/algorithm/hex.hpp>
#include <boost/optional/optional.hpp>
#include <soci/boost-optional.h>

#include "api-gateway/database/transaction.hpp"

namespace tutti::services::gateway::database {
namespace {

using SociCell = boost::optional<std::string>;

template <class Number>
bool parse(Number& number, const std::string& text) {
    Number read{};
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, read);
    if (error != std::errc{} || stopped != end) return false;
    number = read;
    return true;
}

SociCell to_soci(const Cell& cell) { return cell ? SociCell(*cell) : SociCell(); }

Cell from_soci(const SociCell& cell) { return cell ? Cell(*cell) : Cell(); }

}  // namespace

std::string iso_time(std::string text) {
    constexpr std::size_t seconds_end = 19;  // "2026-01-02 03:04:05"
    constexpr std::size_t milliseconds_end = 23;
    if (text.size() < seconds_end || text[10] != ' ') return text;
    text[10] = 'T';
    const std::size_t zone = text.find_first_of("+-", seconds_end);
    std::string time = text.substr(0, std::min(zone, milliseconds_end));
    if (time.size() == seconds_end) time += '.';
    time.resize(milliseconds_end, '0');
    return time + 'Z';
}

void SelectList::replace(std::string_view path, std::string expression) {
    const auto found = std::ranges::find(columns_, path, &Column::path);
    if (found == columns_.end()) throw std::logic_error("no member " + std::string(path));
    found->expression = std::move(expression);
}

std::string SelectList::text() const {
    std::string text;
    for (const Column& column : columns_) {
        text.append(text.empty() ? "" : ", ").append(column.expression);
    }
    return text;
}

namespace rows {

bool assign(std::string& member, std::string cell) {
    member = std::move(cell);
    return true;
}

bool assign(bool& member, const std::string& cell) {
    member = cell == "1" || cell == "t";
    return true;
}

bool assign(double& member, const std::string& cell) { return parse(member, cell); }

bool assign(std::int64_t& member, const std::string& cell) { return parse(member, cell); }

}  // namespace rows

std::vector<std::vector<Cell>> select_cells(soci::session& sql, const std::string& query,
                                            std::size_t columns,
                                            const std::vector<std::string>& parameters) {
    std::vector<SociCell> cells(columns);
    soci::statement statement(sql);
    for (auto& cell : cells) statement.exchange(soci::into(cell));
    for (const auto& parameter : parameters) statement.exchange(soci::use(parameter));
    statement.alloc();
    statement.prepare(query);
    statement.define_and_bind();
    statement.execute();
    std::vector<std::vector<Cell>> found;
    while (statement.fetch()) {
        auto& row = found.emplace_back();
        std::ranges::transform(cells, std::back_inserter(row), from_soci);
    }
    return found;
}

std::vector<std::vector<Cell>> select_cells(soci::session& sql, const SelectList& list,
                                            std::string_view rest,
                                            const std::vector<std::string>& parameters) {
    return select_cells(sql, "SELECT " + list.text() + ' ' + std::string(rest), list.size(),
                        parameters);
}

std::vector<std::string> select_texts(soci::session& sql, const std::string& query,
                                      const std::vector<std::string>& parameters) {
    std::vector<std::string> texts;
    for (auto& row : select_cells(sql, query, 1, parameters)) {
        texts.push_back(std::move(row.front()).value_or(std::string()));
    }
    return texts;
}

std::optional<std::string> select_text(soci::session& sql, const std::string& query,
                                       const std::vector<std::string>& parameters) {
    auto found = select_cells(sql, query, 1, parameters);
    if (found.empty()) return std::nullopt;
    return std::move(found.front().front());
}

std::string bytes_column(soci::session& sql, std::string_view column) {
    const std::string name(column);
    return is_postgresql(sql) ? "encode(" + name + ", 'hex')" : "hex(" + name + ")";
}

std::string bytes_of_column(std::string_view text) {
    std::string bytes;
    boost::algorithm::unhex(text, std::back_inserter(bytes));
    return bytes;
}

std::string bytes_literal(soci::session& sql, std::string_view bytes) {
    std::string text(is_postgresql(sql) ? "'\\x" : "X'");
    boost::algorithm::hex(bytes, std::back_inserter(text));
    text += '\'';
    return text;
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
    columns_.emplace_back(column, std::nullopt);
    return *this;
}

void RowWriter::insert(soci::session& sql, std::string_view table) const {
    std::string names;
    std::string values;
    std::vector<SociCell> cells;
    for (const auto& [column, value] : columns_) {
        names.append(names.empty() ? "" : ", ").append(column);
        values.append(values.empty() ? ":" : ", :").append(column);
        cells.push_back(to_soci(value));
    }
    soci::statement statement(sql);
    for (const SociCell& cell : cells) statement.exchange(soci::use(cell));
    statement.alloc();
    statement.prepare("INSERT INTO " + std::string(table) + " (" + names + ") VALUES (" + values +
                      ")");
    statement.define_and_bind();
    statement.execute(true);
}

void RowWriter::update(soci::session& sql, std::string_view table, const std::string& id) const {
    if (columns_.empty()) return;
    std::string assignments;
    std::vector<SociCell> cells;
    for (const auto& [column, value] : columns_) {
        assignments.append(assignments.empty() ? "" : ", ").append(column).append(" = :");
        assignments.append(column);
        cells.push_back(to_soci(value));
    }
    soci::statement statement(sql);
    for (const SociCell& cell : cells) statement.exchange(soci::use(cell));
    statement.exchange(soci::use(id));
    statement.alloc();
    statement.prepare("UPDATE " + std::string(table) + " SET " + assignments +
                      " WHERE id = :row_id");
    statement.define_and_bind();
    statement.execute(true);
}

}  // namespace tutti::services::gateway::database
