// A transaction on one session. Includes SOCI.
//
// Thread-safety: none, as of a session.
#pragma once

#include <soci/session.h>

#include <exception>
#include <string_view>

#include "common/process/logging.hpp"

namespace tutti::services::gateway::database {

[[nodiscard]] bool is_postgresql(soci::session& sql);

// SQLite: the write lock is taken at once, so transactions that write are serialised. PostgreSQL:
// `lock` names what must not change meanwhile. Rolls back unless `commit` was called. Begins inside
// of `Sessions::write`, but for migrations.
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

    // Until the end of the transaction, no other session holds a lock of this name.
    void lock(std::string_view name);

    void commit() {
        sql_ << "COMMIT";
        committed_ = true;
    }

private:
    soci::session& sql_;
    bool committed_ = false;
};

}  // namespace tutti::services::gateway::database
