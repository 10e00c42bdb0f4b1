#include "redis/script_runner.hpp"

#include <utility>

#include "coherence/wire.hpp"
#include "redis/command.hpp"

namespace tutti::redis {
namespace {

std::string command(const ScriptCall& call, ScriptBy by) {
    const std::string key_count = std::to_string(call.keys.size());
    const std::string candidate = call.candidate ? wire::hex(call.candidate() | 1U) : "";
    std::vector<std::string_view> words;
    words.reserve(4 + call.keys.size() + call.args.size());
    words.push_back(by == ScriptBy::digest ? "EVALSHA" : "EVAL");
    words.push_back(by == ScriptBy::digest ? call.script.sha1 : call.script.text);
    words.push_back(key_count);
    words.insert(words.end(), call.keys.begin(), call.keys.end());
    if (call.candidate) words.push_back(candidate);
    words.insert(words.end(), call.args.begin(), call.args.end());
    return encode(words);
}

void finish(std::string_view operation, Result<Reply> reply, CommandConnection::Handler& handler) {
    if (reply && reply->is(Reply::Type::error)) {
        return handler(fail(to_error(std::string(operation), *reply)));
    }
    handler(std::move(reply));
}

}  // namespace

void run(const std::shared_ptr<CommandConnection>& connection, ScriptCall call, TimePoint deadline,
         CommandConnection::Handler handler) {
    const std::string_view operation = call.operation;
    const auto to_send = [operation, deadline, caller = call.caller,
                          waits = call.waits](std::string bytes) {
        return CommandConnection::Command{.operation = operation,
                                          .bytes = std::move(bytes),
                                          .deadline = deadline,
                                          .caller = caller,
                                          .waits = waits};
    };
    std::string bytes = command(call, call.by);
    if (call.by == ScriptBy::text) {
        return connection->submit(
            to_send(std::move(bytes)),
            [operation, handler = std::move(handler)](Result<Reply> reply) mutable {
                finish(operation, std::move(reply), handler);
            });
    }
    connection->submit(
        to_send(std::move(bytes)), [connection, call = std::move(call), to_send,
                                    handler = std::move(handler)](Result<Reply> reply) mutable {
            if (!reply || !reply->is_error("NOSCRIPT")) {
                return finish(call.operation, std::move(reply), handler);
            }
            connection->submit(to_send(command(call, ScriptBy::text)),
                               [operation = call.operation,
                                handler = std::move(handler)](Result<Reply> second) mutable {
                                   finish(operation, std::move(second), handler);
                               });
        });
}

}  // namespace tutti::redis
