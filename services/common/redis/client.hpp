// Redis commands for the services, beyond what the library's store and bus offer: streams, hashes
// and scripts. A small pool of connections, blocking calls with deadlines, replies with a limit.
//
//     auto redis = RedisClient::create({.url = "redis://127.0.0.1:6379"});
//     auto reply = (*redis)->command({"XLEN", "ai-requests"}, Boottime::now() + 2s);
//
// The calling thread does the I/O, so it must be one that may wait: a worker of the HTTP server,
// never its I/O thread. Connections are made when they are needed and made again after a failure.
//
// Errors of a command:
//   unavailable  no connection, or the server is loading: the command was not carried out
//   timeout      no reply: the deadline passed or the connection broke, and the command may have
//                been carried out
//   refused      password, certificate, permission, read-only replica, wrong type, or any other
//                error reply: not carried out, but a script may have got to the command that failed
//   overloaded   all connections are in use and no turn came, or the server is out of memory: not
//                carried out
//   too_large    the reply is over the limit; the command was carried out
//   protocol     bytes that are no reply, or one of too many elements; the command may have been
//                carried out
//   stopped      `stop` was called
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::redis {

struct RedisReply {
    enum class Kind : std::uint8_t { nil, integer, text, array };

    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text{};  // of strings and of status replies
    std::vector<RedisReply> elements{};

    [[nodiscard]] bool is_text(std::string_view expected) const {
        return kind == Kind::text && text == expected;
    }
};

// A Lua script, and the digest by which a server knows it that has seen it.
struct Script {
    std::string_view sha1;
    std::string_view text;
};

class RedisClient {
public:
    struct Options {
        std::string url{};
        std::size_t connections_max = 4;
        std::size_t queued_max =
            64;  // calls that wait for a connection; above: overloaded, at once
        std::chrono::milliseconds connect_timeout{1000};
        std::chrono::milliseconds command_timeout{2000};  // no call takes longer, all included
        std::size_t reply_bytes_max = 16U << 20U;
    };

    // Reads the URL (tutti/redis_url.hpp) and the files that it names, and connects to nothing.
    // Errors: invalid_option.
    [[nodiscard]] static Result<std::unique_ptr<RedisClient>> create(Options options);
    // Requires: no command is in progress or begins.
    ~RedisClient();
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;

    // Blocking: until `deadline` or for `command_timeout` at most.
    [[nodiscard]] Result<RedisReply> command(const std::vector<std::string>& words,
                                             TimePoint deadline);
    // EVALSHA, and EVAL when the server has not seen the script: then nothing of it was carried
    // out. `words`: how many keys, the keys, the arguments. Otherwise as `command`.
    [[nodiscard]] Result<RedisReply> run(const Script& script,
                                         const std::vector<std::string>& words, TimePoint deadline);

    // Refuses commands from now on; those in progress end within their deadline. Idempotent.
    void stop();

private:
    class Impl;
    explicit RedisClient(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::redis
