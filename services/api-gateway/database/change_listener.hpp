// Hears on a connection of its own that PostgreSQL has rows in the outbox, and wakes its publisher.
//
// A wake-up saves time and nothing else: what is said to no listener is found by the publisher's
// next look. The listener wakes once at its start; it reconnects for ever (1 s, doubled up to 60 s,
// jittered), and it asks an idle server every 10 s whether it is there, because a connection may be
// dead without saying so.
//
// Thread-safety: all functions from any thread. `wake` is called on the listener's thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/process/logging.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class ChangeListener {
public:
    using Wake = std::function<void()>;

    struct Options {
        process::Secret url;  // postgres://...
        Duration connect_deadline = std::chrono::seconds{5};
        Duration retry_first = std::chrono::seconds{1};
        Duration retry_last = std::chrono::seconds{60};
        Duration probe_every = std::chrono::seconds{10};
        Duration probe_deadline = std::chrono::seconds{5};
    };

    // Returns before it is connected; a server that is away is no failure. Errors:
    // invalid_option, unavailable (the process has no descriptor left).
    [[nodiscard]] static Result<std::unique_ptr<ChangeListener>> start(Options options, Wake wake);
    // Stops. Blocking: as long as `wake` takes.
    ~ChangeListener();
    ChangeListener(const ChangeListener&) = delete;
    ChangeListener& operator=(const ChangeListener&) = delete;

    // Empty while it listens, otherwise why it does not.
    [[nodiscard]] std::string failure() const;

private:
    class Listening;

    ChangeListener(Options options, std::string connection, Wake wake);

    void run();
    void listen_once();
    void set_failure(std::string text);
    // Returns true when it is time to stop.
    [[nodiscard]] bool wait(Duration duration) const;

    const Options options_;
    const std::string connection_;
    const Wake wake_;
    int stop_ = -1;  // eventfd
    int failed_attempts_ = 0;
    log::Outage outage_{"database changes are not heard", "database changes are heard again"};

    mutable detail::Mutex mutex_;
    std::string failure_ TUTTI_GUARDED_BY(mutex_) = "not connected yet";
    std::jthread thread_;  // last: uses all of the above
};

}  // namespace tutti::services::gateway::database
