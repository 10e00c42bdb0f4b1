// Runs a script by its digest, and by its text when the server does not know it: never seen,
// restarted, or SCRIPT FLUSH. NOSCRIPT means that nothing was executed, so sending again is safe;
// calls that were pipelined at that moment may change their order.
//
// Thread-safety: `run` from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redis/command_connection.hpp"
#include "redis/scripts.hpp"

namespace tutti::redis {

enum class ScriptBy : std::uint8_t {
    digest,
    text,  // always: larger, but it never has to be sent again, so it keeps its place in the order
};

struct ScriptCall {
    Script script;
    std::string_view operation;  // a literal: "redis publish"
    std::vector<std::string> keys;
    std::vector<std::string> args;
    // The first argument is a candidate for a new epoch: a fresh random number for every send. A
    // retry that came with the same one could recreate an epoch that was lost in between.
    RandomSource candidate = nullptr;
    CommandConnection::Caller caller = CommandConnection::Caller::bus;
    ScriptBy by = ScriptBy::digest;
    bool waits = false;  // as CommandConnection::Command
};

// The handler gets an Error for an error reply, too.
void run(const std::shared_ptr<CommandConnection>& connection, ScriptCall call, TimePoint deadline,
         CommandConnection::Handler handler);

}  // namespace tutti::redis
