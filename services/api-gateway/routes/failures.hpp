// What the gateway says when a request cannot be carried out.
#pragma once

#include <optional>
#include <string_view>

#include "api-gateway/database/refusal.hpp"
#include "common/http/message.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::routes {

// 500, or 503 when too much waits for it, without the cause, which goes to the log: it may name
// tables and paths.
[[nodiscard]] http::Response database_failed(const Error& error);
// 400: the body is not what was agreed.
[[nodiscard]] http::Response invalid_body(const Error& error);
// 404, 403, 409, or 400 for what would be too large.
[[nodiscard]] http::Response refused(database::Refusal refusal, std::string_view what);

// What to say when the database has failed, or has refused the change of `what`; nothing: it is
// done.
template <class T>
[[nodiscard]] std::optional<http::Response> not_done(const Result<database::Outcome<T>>& outcome,
                                                     std::string_view what) {
    if (!outcome) return database_failed(outcome.error());
    if (!*outcome) return refused(outcome->error(), what);
    return std::nullopt;
}

}  // namespace tutti::services::gateway::routes
