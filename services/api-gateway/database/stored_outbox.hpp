// The outbox (tutti/outbox.hpp) in the gateway's database.
//
// Thread-safety: all functions may be called from any thread. Includes SOCI.
#pragma once

#include <soci/session.h>

#include <span>
#include <vector>

#include "tutti/error.hpp"
#include "tutti/outbox.hpp"

namespace tutti::services::gateway::database {

class Sessions;

// Within a transaction of the caller's. Throws what SOCI throws, also for an answer that is none.
[[nodiscard]] std::vector<outbox::Row> take_rows(soci::session& sql, const outbox::Sql& statements);

class StoredOutbox : public outbox::Rows {
public:
    // `sessions` outlive it.
    explicit StoredOutbox(Sessions& sessions) : sessions_(sessions) {}

    [[nodiscard]] Result<std::vector<outbox::Row>> take() override;
    [[nodiscard]] Result<void> remove(std::span<const outbox::RowId> ids) override;

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
