#include "api-gateway/database/sql_errors.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace tutti::services::gateway::database {
namespace {

// Of the SQLSTATEs those that call for another action than "try again later".
Errc code_of(const std::string& state) {
    if (state == "57014") return Errc::timeout;  // statement_timeout
    const std::string_view family = std::string_view(state).substr(0, 2);
    if (family == "28" || state == "42501" || state == "3D000") return Errc::refused;
    if (state == "42P07") return Errc::unsupported;  // a table that is not ours
    return Errc::unavailable;
}

std::string without_line_ends(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    for (char& c : text) c = c == '\n' ? ' ' : c;
    return text;
}

}  // namespace

// `get_error_message` and not `what`: the latter repeats the values of the statement.
Error to_error(const soci::soci_error& error, std::string operation) {
    Error result{Errc::unavailable, std::move(operation),
                 without_line_ends(error.get_error_message())};
    if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
        const int code = sqlite->result() & 0xFF;
        if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) result.code = Errc::unsupported;
    } else if (const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
        result.code = code_of(postgresql->sqlstate());
    }
    return result;
}

bool met_another(const soci::soci_error& error) {
    constexpr std::array<std::string_view, 4> states{"23503",   // foreign_key_violation
                                                     "23505",   // unique_violation
                                                     "40001",   // serialization_failure
                                                     "40P01"};  // deadlock_detected
    const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error);
    return postgresql != nullptr &&
           std::ranges::find(states, postgresql->sqlstate()) != states.end();
}

}  // namespace tutti::services::gateway::database
