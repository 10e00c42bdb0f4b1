// Hears on a connection of its own what PostgreSQL says about changed personalities, and passes it
// on.
//
// The problem: other programs write the same tables, and what is said to no listener is lost. So
// after every time that the listener was away, and at its start, it passes on "all"; it reconnects
// for ever (1 s, doubled up to 60 s, jittered), and it asks an idle server every 10 s whether it is
// there, because a connection may be dead without saying so.
//
// Thread-safety: all functions from any thread. `publish` is called on the listener's thread; it
// may block, notifications wait meanwhile. Events of one transaction are passed on once each; more
// than a hundred at a time become "all".
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/caches/invalidation_services.hpp"
#include "common/process/logging.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class ChangeListener {
public:
    using Publish = std::function<void(const caches::PersonalityEvent&)>;

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
    [[nodiscard]] static Result<std::unique_ptr<ChangeListener>> start(Options options,
                                                                       Publish publish);
    // Stops. Blocking: as long as `publish` takes.
    ~ChangeListener();
    ChangeListener(const ChangeListener&) = delete;
    ChangeListener& operator=(const ChangeListener&) = delete;

    // Empty while it listens, otherwise why it does not.
    [[nodiscard]] std::string failure() const;

private:
    class Listening;

    ChangeListener(Options options, std::string connection, Publish publish);

    void run();
    void listen_once();
    void pass_on(Listening& listening);
    void set_failure(std::string text);
    // Returns true when it is time to stop.
    [[nodiscard]] bool wait(Duration duration) const;

    const Options options_;
    const std::string connection_;
    const Publish publish_;
    int stop_ = -1;  // eventfd
    int failed_attempts_ = 0;
    log::Outage outage_{"database changes are not heard", "database changes are heard again"};

    mutable detail::Mutex mutex_;
    std::string failure_ TUTTI_GUARDED_BY(mutex_) = "not connected yet";
    std::jthread thread_;  // last: uses all of the above
};

}  // namespace tutti::services::gateway::database
