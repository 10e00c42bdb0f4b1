// What the queries share: a leased session, a transaction, and exceptions turned into errors.
// Includes SOCI; only the gateway's query files include this.
#pragma once

#include <soci/into.h>
#include <soci/session.h>
#include <soci/statement.h>
#include <soci/use.h>

#include <cstddef>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include <soci/boost-optional.h>
#include <soci/connection-pool.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "api-gateway/database.hpp"
#include "common/logging.hpp"

namespace tutti::services {

// The write lock is taken at once. (PostgreSQL has no such BEGIN: there, a lock on the channel's
// id.) Rolls back unless `commit` was called.
class Transaction {
public:
    explicit Transaction(soci::session& sql) : sql_(sql) { sql_ << "BEGIN IMMEDIATE"; }
    ~Transaction() {
        if (committed_) return;
        try {
            sql_ << "ROLLBACK";
        } catch (const std::exception& error) {
            // The failure that brought us here is the one that the caller hears of.
            log::debug(std::string("rollback: ") + error.what());
        }
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    void commit() {
        sql_ << "COMMIT";
        committed_ = true;
    }

private:
    soci::session& sql_;
    bool committed_ = false;
};

[[nodiscard]] Error to_error(const soci::sqlite3_soci_error& error, std::string operation);

struct Database::Impl {
    static constexpr std::size_t sessions = 4;

    soci::connection_pool pool{sessions};

    // Runs `query(session)` and returns what it returns.
    template <class Query>
    auto run(const char* operation, const Query& query)
        -> Result<decltype(query(std::declval<soci::session&>()))> {
        try {
            soci::session sql(pool);
            if constexpr (std::is_void_v<decltype(query(sql))>) {
                query(sql);
                return {};
            } else {
                return query(sql);
            }
        } catch (const soci::sqlite3_soci_error& error) {
            return fail(to_error(error, operation));
        } catch (const soci::soci_error& error) {
            return fail(Errc::unavailable, operation, error.what());
        }
    }
};

// The row id of a user; the row is created when it is missing.
[[nodiscard]] std::string ensure_user(soci::session& sql, const std::string& discord_id);

// UUIDv5 in the DNS namespace: the same name has the same id in every deployment.
[[nodiscard]] std::string name_uuid(const std::string& name);

template <class T>
[[nodiscard]] json::Nullable<T> to_nullable(const boost::optional<T>& value) {
    return value ? json::Nullable<T>(*value) : json::Nullable<T>();
}

}  // namespace tutti::services
