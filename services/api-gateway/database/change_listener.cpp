// libpq without blocking: every step waits on the connection's socket and on `stop_`, with a
// deadline.
#include "api-gateway/database/change_listener.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

#include <libpq-fe.h>

#include "api-gateway/database/database.hpp"
#include "common/net/retry.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::gateway::database {
namespace {

enum class Woken : std::uint8_t { ready, timeout, stop };

Woken wait_on(int socket, short events, int stop, Duration limit) {
    const TimePoint until = Boottime::now() + limit;
    while (true) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - Boottime::now()).count();
        std::array<pollfd, 2> polled{{{.fd = stop, .events = POLLIN, .revents = 0},
                                      {.fd = socket, .events = events, .revents = 0}}};
        const int woken =
            ::poll(polled.data(), polled.size(), static_cast<int>(std::max<long>(left, 0)));
        if (polled[0].revents != 0) return Woken::stop;
        if (woken > 0) return Woken::ready;
        if (woken == 0 && left <= 0) return Woken::timeout;
    }
}

}  // namespace

// One connection, from connecting to its end. The functions return false when it is over; `failure`
// then says why, and is empty when it is time to stop.
class ChangeListener::Listening {
public:
    Listening(const Options& options, const std::string& connection, int stop)
        : options_(options), stop_(stop), connection_(PQconnectStart(connection.c_str())) {}
    ~Listening() { PQfinish(connection_); }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

    [[nodiscard]] bool connect() {
        if (connection_ == nullptr || PQstatus(connection_) == CONNECTION_BAD) return lost();
        const TimePoint until = Boottime::now() + options_.connect_deadline;
        auto step = PGRES_POLLING_WRITING;
        while (step != PGRES_POLLING_OK) {
            if (step == PGRES_POLLING_FAILED) return lost();
            const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
            if (!ready(events, until - Boottime::now())) return false;
            step = PQconnectPoll(connection_);
        }
        PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
        return true;
    }

    [[nodiscard]] bool execute(const char* command, Duration limit) {
        if (PQsendQuery(connection_, command) == 0) return lost();
        const TimePoint until = Boottime::now() + limit;
        while (true) {
            while (PQisBusy(connection_) != 0) {
                if (!ready(POLLIN, until - Boottime::now()) || !consume()) return false;
            }
            PGresult* const result = PQgetResult(connection_);
            if (result == nullptr) return true;
            const auto status = PQresultStatus(result);
            PQclear(result);
            if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return lost();
        }
    }

    // Until something can be read, or it was asked in vain whether the server is there.
    [[nodiscard]] bool wait_for_news() {
        switch (wait_on(PQsocket(connection_), POLLIN, stop_, options_.probe_every)) {
        case Woken::stop: return false;
        case Woken::ready: return consume();
        case Woken::timeout: return execute("SELECT 1", options_.probe_deadline);
        }
        return false;
    }

    // Whether a notification has been read since the last call.
    [[nodiscard]] bool was_notified() {
        bool any = false;
        while (PGnotify* const notification = PQnotifies(connection_)) {
            PQfreemem(notification);
            any = true;
        }
        return any;
    }

    [[nodiscard]] const std::string& failure() const { return failure_; }

private:
    bool ready(short events, Duration limit) {
        const auto woken = wait_on(PQsocket(connection_), events, stop_, limit);
        if (woken == Woken::timeout) failure_ = "PostgreSQL did not answer in time";
        return woken == Woken::ready;
    }
    bool consume() { return PQconsumeInput(connection_) != 0 || lost(); }
    bool lost() {
        failure_ = connection_ == nullptr ? "out of memory" : PQerrorMessage(connection_);
        std::ranges::replace(failure_, '\n', ' ');
        while (failure_.ends_with(' ')) failure_.pop_back();
        if (failure_.empty()) failure_ = "PostgreSQL closed the connection";
        return false;
    }

    const Options& options_;
    const int stop_;
    PGconn* const connection_;
    std::string failure_;
};

Result<std::unique_ptr<ChangeListener>> ChangeListener::start(Options options, Wake wake) {
    auto connection = with_limits(options.url.reveal());
    if (!connection) return fail(connection.error());
    std::unique_ptr<ChangeListener> listener(
        new ChangeListener(std::move(options), *std::move(connection), std::move(wake)));
    if (listener->stop_ < 0) {
        return fail(Errc::unavailable, "listen for database changes", "no descriptor is left");
    }
    listener->thread_ = std::jthread([&it = *listener] { it.run(); });
    return listener;
}

ChangeListener::ChangeListener(Options options, std::string connection, Wake wake)
    : options_(std::move(options)),
      connection_(std::move(connection)),
      wake_(std::move(wake)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {}

ChangeListener::~ChangeListener() {
    if (stop_ < 0) return;
    const std::uint64_t one = 1;
    if (::write(stop_, &one, sizeof one) != sizeof one) log::error("the listener cannot be woken");
    if (thread_.joinable()) thread_.join();
    ::close(stop_);
}

std::string ChangeListener::failure() const {
    const detail::Lock lock(mutex_);
    return failure_;
}

void ChangeListener::set_failure(std::string text) {
    const detail::Lock lock(mutex_);
    failure_ = std::move(text);
}

bool ChangeListener::wait(Duration duration) const {
    return wait_on(-1, 0, stop_, duration) == Woken::stop;
}

void ChangeListener::run() {
    while (!wait(Duration::zero())) {
        if (!process::contain("the listener for database changes", [this] { listen_once(); })) {
            set_failure("see the error before");
        }
        const std::string failed = failure();
        if (failed.empty()) return;
        const Duration pause = net::retry_after(
            {.first = options_.retry_first, .last = options_.retry_last}, failed_attempts_++);
        outage_.failed(
            failed + "; the next attempt is in " +
            std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(pause).count()) +
            " ms");
        if (wait(pause)) return;
    }
}

void ChangeListener::listen_once() {
    Listening listening(options_, connection_, stop_);
    if (listening.connect() &&
        listening.execute("LISTEN cache_invalidation", options_.connect_deadline)) {
        outage_.worked();
        set_failure({});
        failed_attempts_ = 0;
        wake_();  // for what was said before
        while (listening.wait_for_news()) {
            if (listening.was_notified()) wake_();
        }
    }
    set_failure(listening.failure());
}

}  // namespace tutti::services::gateway::database
