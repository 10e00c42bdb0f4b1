// A redis-server of its own for one test: in a fresh folder, on a free loopback port and a unix
// socket beside it, without persistence unless the configuration asks for it. Stopped and removed
// with the object. Everything blocks, and throws std::runtime_error when the server does not do as
// asked.
//
//     tests::RedisServer server({.config = {"requirepass secret"}});
//     server.url("secret")            // redis://:secret@127.0.0.1:40123
//     server.command({"PING"})        // "PONG", over a connection of its own
//
// Thread-safety: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tests {

struct RedisServerOptions {
    std::vector<std::string> config;  // lines of redis.conf, behind ours
    std::string password;   // what `command` logs in with, and `url` contains; empty: none
    bool sentinel = false;  // a Sentinel, which writes into its redis.conf
};

class RedisServer {
public:
    using Options = RedisServerOptions;

    RedisServer() : RedisServer(Options{}) {}
    explicit RedisServer(Options options);
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string unix_url() const;
    [[nodiscard]] std::string socket_path() const { return (folder_ / "redis.sock").string(); }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] pid_t pid() const { return pid_; }

    // The reply as text: strings as they are, integers in decimal, nil as "(nil)", the elements of
    // an array on a line each. Throws when the reply is an error; its text is in the exception.
    std::string command(const std::vector<std::string>& words);

    void start();      // again, on the same port and folder; waits until it answers
    void kill();       // SIGKILL: what is not on disk is lost
    void shut_down();  // SIGTERM: saves when the configuration says so
    void restart() {
        kill();
        start();
    }
    void pause();   // SIGSTOP: connections stay open and nobody answers
    void resume();  // SIGCONT

private:
    void wait_until_it_answers();
    void reap(int signal);

    std::filesystem::path folder_;
    std::string password_;
    bool sentinel_ = false;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

// A port of the loopback interface on which nobody listens now.
[[nodiscard]] std::uint16_t free_port();

}  // namespace tests
