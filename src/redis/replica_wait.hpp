// Runs scripts whose answers count only when enough replicas have what the scripts wrote (W5): a
// WAIT behind them, on the same connection, since it speaks of the writes of its own connection
// alone.
//
// One WAIT is under way at a time, for all scripts that were answered before it: what comes
// meanwhile the server takes up afterwards, and the next WAIT is for that. It holds up everything
// behind it on the connection, so the connection is for this and what may wait.
//
// Thread-safety: `run` from any thread; everything else on the executor's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "coherence/copies.hpp"
#include "redis/command_connection.hpp"
#include "redis/script_runner.hpp"
#include "tutti/executor.hpp"

namespace tutti::redis {

class ReplicaWait final : public std::enable_shared_from_this<ReplicaWait> {
public:
    struct Options {
        Copies copies;
        Duration patience;  // of one WAIT
        // Too few replicas had it: this may be the primary no longer.
        std::function<void()> in_doubt = nullptr;
    };

    ReplicaWait(std::shared_ptr<CommandConnection> connection, Options options, Executor& executor,
                const Clock& clock);

    // As redis::run. Errors also: unavailable, when too few replicas had it in time; the script has
    // run then.
    void run(ScriptCall call, TimePoint deadline, CommandConnection::Handler handler);

private:
    struct Answered {
        std::string_view operation;
        Reply reply;
        CommandConnection::Handler handler;
        std::uint64_t link;  // on which it was answered
    };

    void send(ScriptCall call, TimePoint deadline, CommandConnection::Handler handler);
    void ask();
    void on_copies(Result<Reply> reply);

    const std::shared_ptr<CommandConnection> connection_;
    const Options options_;
    Executor& executor_;
    const Clock& clock_;
    std::vector<Answered> answered_;  // that the WAIT under way is for
    std::size_t unanswered_ = 0;      // scripts that were sent
    bool asking_ = false;
};

}  // namespace tutti::redis
