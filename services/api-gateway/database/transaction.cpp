#include "api-gateway/database/transaction.hpp"

#include <soci/into.h>
#include <soci/use.h>

#include <string>

#include "api-gateway/database/stored_outbox.hpp"

namespace tutti::services::gateway::database {

bool is_postgresql(soci::session& sql) { return sql.get_backend_name() == "postgresql"; }

void Transaction::lock(std::string_view name) {
    if (!is_postgresql(sql_)) return;
    const std::string text(name);
    std::string nothing;
    sql_ << "SELECT CAST(pg_advisory_xact_lock(hashtextextended(:name, 0)) AS TEXT)",
        soci::use(text), soci::into(nothing);
}

void Transaction::commit() {
    if (outbox_ != nullptr) changes_ = take_rows(sql_, *outbox_);
    commit_in_silence();
}

}  // namespace tutti::services::gateway::database
