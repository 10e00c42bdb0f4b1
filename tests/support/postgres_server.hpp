// A PostgreSQL server of its own for one test: in a fresh folder, on a free loopback port and a unix
// socket in that folder, without fsync. The server refuses to run as root, so a test that is root runs
// it as the user `postgres`. Stopped and removed with the object. Everything blocks, and throws
// std::runtime_error when the server does not do as asked.
//
//     tests::PostgresServer server;
//     server.url()                      // postgres://tutti:<password>@127.0.0.1:40123/tutti
//     server.query("SELECT 1, NULL")    // "1|(null)", over a connection of its own
//
// Thread-safety: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace tests {

class PostgresServer {
public:
    PostgresServer();
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    static constexpr const char* password = "a-password-of-the-test";

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const { return url(port_); }
    // The same through something that listens on another port.
    [[nodiscard]] static std::string url(std::uint16_t port);
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

    // One or more statements. The rows of the last: columns joined with '|', rows with '\n'.
    std::string query(const std::string& sql);

    void start();  // again, on the same port and folder; waits until it answers
    void kill();   // at once; connections break
    void restart() {
        kill();
        start();
    }

private:
    void wait_until_it_answers();

    std::filesystem::path folder_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

}  // namespace tests
