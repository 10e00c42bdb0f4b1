#include "api-gateway/database/sessions.hpp"

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <chrono>
#include <string>

#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>

#include "common/process/edge.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::gateway::database {
namespace {

constexpr std::chrono::milliseconds watch_every{250};

// Null for SQLite. The library hides the class's type information, so there is no dynamic_cast.
PGconn* connection_of(soci::session& sql) {
    if (sql.get_backend_name() != "postgresql") return nullptr;
    return static_cast<soci::postgresql_session_backend*>(sql.get_backend())->conn_;
}

// An idle connection has nothing to say: if it can be read, it is the server's farewell. Unlike
// SOCI's own is_connected this costs no round trip, and cannot hang on a server that is silent.
bool is_well(soci::session& sql) {
    if (sql.get_backend() == nullptr) return false;
    PGconn* const connection = connection_of(sql);
    if (connection == nullptr) return true;
    if (PQstatus(connection) != CONNECTION_OK) return false;
    char byte = 0;
    const ssize_t got = ::recv(PQsocket(connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

Sessions::Sessions(Options options)
    : options_(std::move(options)),
      outbox_(options_.outbox),
      writers_({.concurrent_max = options_.writers_max, .queued_max = writers_queued_max}),
      pool_(options_.count),
      due_(options_.count) {
    if (options_.use_max > Duration::zero()) {
        watchdog_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
    }
}

Sessions::~Sessions() = default;

Result<Sessions::Lease> Sessions::lease() {
    std::size_t position = 0;
    const auto longest =
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.lease_deadline);
    if (!pool_.try_lease(position, static_cast<int>(longest.count()))) {
        return fail(Errc::overloaded, "lease session",
                    "all " + std::to_string(options_.count) + " database sessions are in use");
    }
    Lease lease(*this, position);
    soci::session& sql = lease.session();
    if (!is_well(sql)) {
        sql.close();
        options_.open(sql);
    }
    if (options_.use_max > Duration::zero()) {
        const detail::Lock lock(mutex_);
        due_[position] = Boottime::now() + options_.use_max;
    }
    return lease;
}

void Sessions::give_back(std::size_t position) {
    {
        const detail::Lock lock(mutex_);
        due_[position].reset();
    }
    pool_.give_back(position);
}

void Sessions::watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            detail::Lock lock(mutex_);
            wake_.wait_for(lock, stop, watch_every, [] { return false; });
        }
        process::contain("the watch of the database sessions",
                         [this] { cut_off_overdue(Boottime::now()); });
    }
}

// The thread that uses the session is inside libpq, which then sees the end of the connection.
void Sessions::cut_off_overdue(TimePoint now) {
    const detail::Lock lock(mutex_);
    for (std::size_t position = 0; position < due_.size(); ++position) {
        auto& due = due_[position];
        if (!due || *due > now) continue;
        due.reset();
        PGconn* const connection = connection_of(pool_.at(position));
        if (connection != nullptr) ::shutdown(PQsocket(connection), SHUT_RDWR);
        log::warn("a database session was cut off", "it did not answer in time");
    }
}

}  // namespace tutti::services::gateway::database
