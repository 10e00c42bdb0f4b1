#include "api-gateway/database/stored_outbox.hpp"

#include <soci/error.h>

#include <utility>

#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"

namespace tutti::services::gateway::database {

std::vector<outbox::Row> take_rows(soci::session& sql, const outbox::Sql& statements) {
    constexpr std::size_t columns = 5;  // with the tag
    auto rows = outbox::read_rows(select_cells(sql, statements.take(), columns));
    if (!rows) throw soci::soci_error(rows.error().message());
    return *std::move(rows);
}

Result<std::vector<outbox::Row>> StoredOutbox::take() {
    return sessions_.write("take changes", [&](soci::session& sql, Transaction& transaction) {
        auto rows = take_rows(sql, sessions_.outbox());
        transaction.commit_in_silence();
        return rows;
    });
}

Result<void> StoredOutbox::remove(std::span<const outbox::RowId> ids) {
    return sessions_.write("remove changes", [&](soci::session& sql, Transaction& transaction) {
        execute(sql, sessions_.outbox().remove(ids), {});
        transaction.commit_in_silence();
    });
}

}  // namespace tutti::services::gateway::database
