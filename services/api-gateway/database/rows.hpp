// Rows as described structs, read and written by the names of their members: a new column is a new
// member. Cells are text in both directions: SQLite and PostgreSQL convert text to and from a
// column's type, and they spell booleans and times differently, which is settled here.
//
//     static const auto columns =
//         Columns<Persona>("p").as("is_default", "u.default_persona_id = p.id");
//     select(sql, columns, "FROM personas p JOIN users u ON ... WHERE p.owner_id = :id", {owner});
//     RowWriter().set("owner_id", owner).set_edit<Persona>(edit).insert(sql, "personas");
//
// A member may be a text, a number, a flag, an optional or Nullable one of these, or a described
// struct. One whose name ends in `_at` is a time, ISO 8601 in UTC with milliseconds. A null leaves
// a member that is not optional as it was. An optional struct is there when its first column is not
// null.
//
// Column and table names come from the program, values only as parameters. All functions throw what
// SOCI throws. Includes SOCI.
#pragma once

#include <soci/session.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include "tutti/json/nullable.hpp"

namespace tutti::services::gateway::database {

using Cell = std::optional<std::string>;

// PostgreSQL's text of a time in UTC, "2026-01-02 03:04:05.6+00", as ISO 8601 with milliseconds;
// what is ISO already stays as it is.
[[nodiscard]] std::string iso_time(std::string text);

// The expressions that a query selects, by the path of the member that each of them fills.
class SelectList {
public:
    struct Column {
        std::string path;  // "owner_info.username"
        std::string expression;
    };

    void add(std::string path, std::string expression) {
        columns_.push_back({std::move(path), std::move(expression)});
    }
    // Throws std::logic_error when no member has this path.
    void replace(std::string_view path, std::string expression);

    [[nodiscard]] std::size_t size() const noexcept { return columns_.size(); }
    [[nodiscard]] std::string text() const;

private:
    std::vector<Column> columns_;
};

namespace rows {

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
inline constexpr bool is_struct = boost::describe::has_describe_members<T>::value;

template <class T>
struct Inside {
    using type = T;
    static constexpr bool is_optional = false;
};
template <class T>
struct Inside<std::optional<T>> {
    using type = T;
    static constexpr bool is_optional = true;
};
template <class T>
struct Inside<json::Nullable<T>> : Inside<std::optional<T>> {};

template <class T, class Visit>
void each_member(const Visit& visit) {
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        using Member = std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>;
        visit.template operator()<Member>(member);
    });
}

// Calls `visit(path, name)` for each column of a struct, also of those within.
template <class T, class Visit>
void each_column(const std::string& prefix, const Visit& visit) {
    each_member<T>([&]<class Member>(auto member) {
        using Value = typename Inside<Member>::type;
        const std::string path = prefix + member.name;
        if constexpr (is_struct<Value>) {
            each_column<Value>(path + '.', visit);
        } else {
            visit(path, std::string(member.name));
        }
    });
}

// The cells of one row, taken in the order of the columns.
class Cells {
public:
    explicit Cells(std::span<Cell> cells) : rest_(cells) {}

    [[nodiscard]] bool next_is_null() const { return !rest_.front(); }
    [[nodiscard]] Cell next() {
        Cell cell = std::move(rest_.front());
        rest_ = rest_.subspan(1);
        return cell;
    }

private:
    std::span<Cell> rest_;
};

// False: it is no such value, and the member is left as it was.
bool assign(std::string& member, std::string cell);
bool assign(bool& member, const std::string& cell);
bool assign(double& member, const std::string& cell);
bool assign(std::int64_t& member, const std::string& cell);

template <class T>
void read_struct(T& row, Cells& cells);

template <class T>
void read_member(T& member, Cells& cells, std::string_view name) {
    using Value = typename Inside<T>::type;
    if constexpr (is_struct<Value> && Inside<T>::is_optional) {
        const bool is_there = !cells.next_is_null();
        Value value{};
        read_struct(value, cells);
        if (is_there) member.emplace(std::move(value));
    } else if constexpr (is_struct<Value>) {
        read_struct(member, cells);
    } else {
        Cell cell = cells.next();
        if (!cell) return;
        if (name.ends_with("_at")) cell = iso_time(*std::move(cell));
        if constexpr (Inside<T>::is_optional) {
            Value value{};
            if (assign(value, *std::move(cell))) member.emplace(std::move(value));
        } else {
            assign(member, *std::move(cell));
        }
    }
}

template <class T>
void read_struct(T& row, Cells& cells) {
    each_member<T>(
        [&]<class Member>(auto member) { read_member(row.*member.pointer, cells, member.name); });
}

// Whether a struct has a member of this name that need not be there.
template <class T>
bool may_lack(std::string_view name) {
    bool found = false;
    each_member<T>([&]<class Member>(auto member) {
        found = found || (name == member.name && Inside<Member>::is_optional);
    });
    return found;
}

}  // namespace rows

// The select list of `Row`: of each member the column of its name, of one table, unless said
// otherwise.
template <class Row>
class Columns {
public:
    explicit Columns(std::string_view table) {
        rows::each_column<Row>("", [&](std::string path, const std::string& name) {
            list_.add(std::move(path), std::string(table) + '.' + name);
        });
    }
    // These members are columns of another table.
    Columns&& from(std::string_view table, std::initializer_list<std::string_view> members) && {
        for (const std::string_view member : members) {
            list_.replace(member, std::string(table) + '.' + std::string(member));
        }
        return std::move(*this);
    }
    // This member is another expression.
    Columns&& as(std::string_view member, std::string expression) && {
        list_.replace(member, std::move(expression));
        return std::move(*this);
    }

    [[nodiscard]] const SelectList& list() const noexcept { return list_; }

private:
    SelectList list_;
};

// The rows of any statement that answers with so many columns.
[[nodiscard]] std::vector<std::vector<Cell>> select_cells(
    soci::session& sql, const std::string& statement, std::size_t columns,
    const std::vector<std::string>& parameters = {});

// "SELECT <list> <rest>", all rows of it.
[[nodiscard]] std::vector<std::vector<Cell>> select_cells(
    soci::session& sql, const SelectList& list, std::string_view rest,
    const std::vector<std::string>& parameters);

// What a null leaves alone is as in `initial`.
template <class Row>
[[nodiscard]] std::vector<Row> select(soci::session& sql, const Columns<Row>& columns,
                                      std::string_view rest,
                                      const std::vector<std::string>& parameters,
                                      const Row& initial = {}) {
    std::vector<Row> found;
    for (auto& row : select_cells(sql, columns.list(), rest, parameters)) {
        rows::Cells cells(row);
        rows::read_struct(found.emplace_back(initial), cells);
    }
    return found;
}
// The first row, or nothing.
template <class Row>
[[nodiscard]] std::optional<Row> select_one(soci::session& sql, const Columns<Row>& columns,
                                            std::string_view rest,
                                            const std::vector<std::string>& parameters,
                                            const Row& initial = {}) {
    auto found = select(sql, columns, rest, parameters, initial);
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}
// The texts of a query that selects one column which is never null.
[[nodiscard]] std::vector<std::string> select_texts(soci::session& sql, const std::string& query,
                                                    const std::vector<std::string>& parameters);
// The first of them. Nothing: there is no row, or it is null.
[[nodiscard]] std::optional<std::string> select_text(soci::session& sql, const std::string& query,
                                                     const std::vector<std::string>& parameters);

// Bytes go over as hexadecimal text, too: in a query the column, in a statement the value.
[[nodiscard]] std::string bytes_column(soci::session& sql, std::string_view column);
[[nodiscard]] std::string bytes_of_column(std::string_view text);
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
    // Every member of an edit that is there. An empty text takes away what `Row` may lack. The
    // members in `but` are no columns of this table.
    template <class Row, class Edit>
    RowWriter& set_edit(const Edit& edit, std::initializer_list<std::string_view> but = {}) {
        rows::each_member<Edit>([&]<class Member>(auto member) {
            for (const std::string_view other : but) {
                if (other == member.name) return;
            }
            const auto& value = edit.*member.pointer;
            if (!value) return;
            if constexpr (std::is_same_v<typename Member::value_type, std::string>) {
                if (value->empty() && rows::may_lack<Row>(member.name)) {
                    set_null(member.name);
                    return;
                }
            }
            set(member.name, *value);
        });
        return *this;
    }

    void insert(soci::session& sql, std::string_view table) const;
    // Of the row with this id; does nothing when no column was set.
    void update(soci::session& sql, std::string_view table, const std::string& id) const;

private:
    std::vector<std::pair<std::string, Cell>> columns_;
};

}  // namespace tutti::services::gateway::database
