// PostgreSQL for tests. To start a server and to end it takes a second, so a test process has one,
// and each test in it a database of its own:
//
//     tests::PostgresDatabase database;
//     database.url()                      // postgres://tutti:<password>@127.0.0.1:40123/test_1
//     database.query("SELECT 1, NULL")    // "1|(null)", over a connection of its own
//     database.server().kill()            // connections break; the next database starts it again
//
// ctest gives each test a process: name what uses databases in TOGETHER (cmake/targets.cmake).
//
// A server is in a fresh folder, on a free loopback port and a unix socket in that folder, without
// fsync. It refuses to run as root, so a test that is root runs it as the user `postgres`. Stopped
// and removed with the object. Everything blocks, and throws std::runtime_error when the server
// does not do as asked.
//
// Thread-safety: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tests {

class PostgresServer {
public:
    PostgresServer();
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    static constexpr const char* password = "a-password-of-the-test";

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view database = "tutti") const {
        return url(port_, database);
    }
    // The same through something that listens on another port.
    [[nodiscard]] static std::string url(std::uint16_t port, std::string_view database = "tutti");

    // One or more statements. The rows of the last: columns joined with '|', rows with '\n'.
    std::string query(const std::string& sql) { return query_at(url(), sql); }
    static std::string query_at(const std::string& url, const std::string& sql);

    void start();  // again, on the same port and folder; waits until it answers
    void kill();   // at once; connections break
    [[nodiscard]] bool is_running() const { return pid_ > 0; }
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

// Empty, on the server of this process, which the first one starts and the end of the process
// stops. Its sessions end and its rows go with the object.
class PostgresDatabase {
public:
    PostgresDatabase();
    ~PostgresDatabase();
    PostgresDatabase(const PostgresDatabase&) = delete;
    PostgresDatabase& operator=(const PostgresDatabase&) = delete;

    [[nodiscard]] PostgresServer& server() const { return server_; }
    [[nodiscard]] std::string url() const { return server_.url(name_); }
    // The same through something that listens on another port.
    [[nodiscard]] std::string url(std::uint16_t port) const {
        return PostgresServer::url(port, name_);
    }
    std::string query(const std::string& sql) { return PostgresServer::query_at(url(), sql); }

private:
    PostgresServer& server_;
    std::string name_;
};

}  // namespace tests
