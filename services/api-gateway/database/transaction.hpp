// A transaction on one session. Includes SOCI.
//
// Thread-safety: none, as of a session.
#pragma once

#include <soci/session.h>

#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "common/process/logging.hpp"
#include "tutti/outbox.hpp"

namespace tutti::services::gateway::database {

[[nodiscard]] bool is_postgresql(soci::session& sql);

// SQLite: the write lock is taken at once, so transactions that write are serialised. PostgreSQL:
// `lock` names what must not change meanwhile. Rolls back unless it was committed.
// `Sessions::write` begins it; only migrations do that themselves.
class Transaction {
public:
    // What it changes is written into the outbox by the schema; `outbox` takes those rows.
    explicit Transaction(soci::session& sql, const outbox::Sql* outbox = nullptr)
        : sql_(sql), outbox_(outbox) {
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

    // Takes the rows of the outbox before: they are never due for another process, unless this one
    // dies.
    void commit();
    // Of what concerns no cache.
    void commit_in_silence() {
        sql_ << "COMMIT";
        committed_ = true;
    }

    // What it has taken and committed: to be published.
    [[nodiscard]] std::vector<outbox::Row> take_changes() {
        return committed_ ? std::exchange(changes_, {}) : std::vector<outbox::Row>();
    }

private:
    soci::session& sql_;
    const outbox::Sql* outbox_;
    bool committed_ = false;
    std::vector<outbox::Row> changes_;
};

}  // namespace tutti::services::gateway::database
