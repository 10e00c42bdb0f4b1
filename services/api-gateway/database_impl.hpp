// What the queries share: a leased session, a transaction, and exceptions turned into errors.
// Includes SOCI; only the gateway's query files include this.
#pragma once

#include <soci/into.h>
#include <soci/session.h>
#include <soci/statement.h>
#include <soci/use.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <soci/boost-optional.h>

#include "api-gateway/database.hpp"
#include "api-gateway/sessions.hpp"
#include "common/logging.hpp"
#include "tutti/json/nullable.hpp"

namespace tutti::services {

[[nodiscard]] bool is_postgresql(soci::session& sql);

// SQLite: the write lock is taken at once, so transactions that write are serialised. PostgreSQL:
// `lock` names what must not change meanwhile. Rolls back unless `commit` was called.
class Transaction {
public:
    explicit Transaction(soci::session& sql) : sql_(sql) {
        sql_ << (is_postgresql(sql) ? "BEGIN" : "BEGIN IMMEDIATE");
    }
    ~Transaction() {
        if (committed_) return;
        try {
            sql_ << "ROLLBACK";
        } catch (const std::exception&) {
            // The failure that brought us here is the one that the caller hears of.
            log::debug("a rollback failed");
        }
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    // Until the end of the transaction, nobody else holds a lock of this name.
    void lock(std::string_view name);

    void commit() {
        sql_ << "COMMIT";
        committed_ = true;
    }

private:
    soci::session& sql_;
    bool committed_ = false;
};

[[nodiscard]] Error to_error(const soci::soci_error& error, std::string operation);

struct Database::Impl {
    explicit Impl(Sessions::Options options) : sessions(std::move(options)) {}

    Sessions sessions;

    // Runs `query(session)` and returns what it returns.
    template <class Query>
    auto run(const char* operation, const Query& query)
        -> Result<decltype(query(std::declval<soci::session&>()))> {
        try {
            const auto lease = sessions.lease();
            if (!lease) return fail(lease.error());
            if constexpr (std::is_void_v<decltype(query(lease->session()))>) {
                query(lease->session());
                return {};
            } else {
                return query(lease->session());
            }
        } catch (const soci::soci_error& error) {
            return fail(to_error(error, operation));
        }
    }
};

// The row id of a user; the row is created when it is missing.
[[nodiscard]] std::string ensure_user(soci::session& sql, const std::string& discord_id);

// UUIDv5 in the DNS namespace: the same name has the same id in every deployment.
[[nodiscard]] std::string name_uuid(const std::string& name);
[[nodiscard]] std::string random_uuid();

// PostgreSQL's text of a time in UTC, "2026-01-02 03:04:05.6+00", as ISO 8601 with milliseconds;
// what is ISO already stays as it is.
[[nodiscard]] std::string iso_time(std::string text);

template <class T>
[[nodiscard]] json::Nullable<T> to_nullable(const boost::optional<T>& value) {
    return value ? json::Nullable<T>(*value) : json::Nullable<T>();
}
template <class T>
[[nodiscard]] std::optional<T> to_std(const boost::optional<T>& value) {
    return value ? std::optional<T>(*value) : std::nullopt;
}
template <class T>
[[nodiscard]] boost::optional<T> to_boost(const std::optional<T>& value) {
    return value ? boost::optional<T>(*value) : boost::optional<T>();
}

}  // namespace tutti::services
