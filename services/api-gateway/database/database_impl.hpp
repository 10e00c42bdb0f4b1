// What the queries share: a leased session, a transaction, and exceptions turned into errors.
// Includes SOCI; only the gateway's query files include this.
#pragma once

#include <soci/into.h>
#include <soci/session.h>
#include <soci/statement.h>
#include <soci/use.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <soci/boost-optional.h>

#include "api-gateway/database/database.hpp"
#include "api-gateway/database/sessions.hpp"
#include "common/net/slots.hpp"
#include "common/process/logging.hpp"
#include "tutti/json/nullable.hpp"

namespace tutti::services {

[[nodiscard]] bool is_postgresql(soci::session& sql);

// SQLite: the write lock is taken at once, so transactions that write are serialised. PostgreSQL:
// `lock` names what must not change meanwhile. Rolls back unless `commit` was called. Begins inside
// of `Impl::write`, but for migrations.
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
// Whether another transaction was in the way of this one, which will see what it did when it is run
// again: the row that it refers to is gone, the row that it makes is there, or one of two had to
// give way.
[[nodiscard]] bool met_another(const soci::soci_error& error);

struct Database::Impl {
    Impl(Sessions::Options options, std::size_t writers_max)
        : sessions(std::move(options)),
          writers({.concurrent_max = writers_max, .queued_max = writers_queued_max}) {}

    static constexpr std::size_t writers_queued_max = 1024;
    static constexpr Duration turn_patience = std::chrono::seconds{5};
    static constexpr int attempts_max = 3;

    Sessions sessions;
    // Before a session is leased, so that those who wait for their turn leave sessions to readers.
    Slots writers;

    template <class Query>
    using Answer = std::invoke_result_t<const Query&, soci::session&>;

    // Runs `query(session)`, which reads, and returns what it returns.
    template <class Query>
    Result<Answer<Query>> run(const char* operation, const Query& query) {
        bool again = false;
        return run_once(operation, query, again);
    }

    // The same for what writes; `query` is run again when it met another transaction.
    template <class Query>
    Result<Answer<Query>> write(const char* operation, const Query& query) {
        const auto turn = writers.take(Boottime::now() + turn_patience);
        if (!turn)
            return fail(turn.error().code, operation, "too many changes wait for their turn");
        for (int attempt = 1;; ++attempt) {
            bool again = false;
            auto result = run_once(operation, query, again);
            if (!again || attempt == attempts_max) return result;
        }
    }

    // The row id of a user, for what otherwise only reads; the row is created when it is missing.
    [[nodiscard]] Result<std::string> user_id(const std::string& discord_id);

private:
    template <class Query>
    Result<Answer<Query>> run_once(const char* operation, const Query& query, bool& again) {
        try {
            const auto lease = sessions.lease();
            if (!lease) return fail(lease.error());
            if constexpr (std::is_void_v<Answer<Query>>) {
                query(lease->session());
                return {};
            } else {
                return query(lease->session());
            }
        } catch (const soci::soci_error& error) {
            again = met_another(error);
            return fail(to_error(error, operation));
        }
    }
};

// A personality with everything that is merged into it. Nothing: there is none.
[[nodiscard]] std::optional<std::expected<GetPersonalityResponse, Refusal>> load_personality(
    soci::session& sql, const std::string& id);

// The row id of a user. `ensure_user` creates the row when it is missing: in what writes, see also
// `Impl::user_id`.
[[nodiscard]] std::optional<std::string> find_user(soci::session& sql,
                                                   const std::string& discord_id);
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
