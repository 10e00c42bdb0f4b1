// `initdb` takes seconds, so it runs once for each build folder, and every server starts from a
// copy of its folder.
#include "support/postgres_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "support/folders.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* user = "tutti";

struct Account {
    uid_t uid;
    gid_t gid;
};

// Who runs the server; nothing when the test itself may.
std::optional<Account> other_account() {
    if (::geteuid() != 0) return std::nullopt;
    const passwd* const found = ::getpwnam("postgres");
    if (found == nullptr) throw std::runtime_error("no user postgres: tools/install test");
    return Account{.uid = found->pw_uid, .gid = found->pw_gid};
}

void give_away(const fs::path& folder) {
    const auto account = other_account();
    if (!account) return;
    const auto give = [&](const fs::path& path) {
        if (::lchown(path.c_str(), account->uid, account->gid) != 0) {
            throw std::runtime_error("cannot give away " + path.string());
        }
    };
    give(folder);
    for (const auto& entry : fs::recursive_directory_iterator(folder)) give(entry.path());
}

// The newest installed server.
fs::path program(const char* name) {
    fs::path found;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql")) {
        const fs::path candidate = version.path() / "bin" / name;
        if (fs::exists(candidate) && candidate > found) found = candidate;
    }
    if (found.empty()) throw std::runtime_error(std::string(name) + ": tools/install test");
    return found;
}

// Its output goes to `log`; dies with the test, however that ends.
pid_t run(const std::vector<std::string>& command, const fs::path& log) {
    std::vector<char*> words;
    words.reserve(command.size() + 1);
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const auto account = other_account();
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid > 0) return pid;
    const int output = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    if (account) {
        const bool changed = ::setgroups(0, nullptr) == 0 && ::setgid(account->gid) == 0 &&
                             ::setuid(account->uid) == 0;
        if (!changed) ::_exit(126);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::getppid() != parent) ::_exit(1);
    if (::chdir("/") != 0) ::_exit(1);
    ::execv(words[0], words.data());
    ::_exit(127);
}

void initialise(const fs::path& folder) {
    std::ofstream(folder / "password") << PostgresServer::password << '\n';
    give_away(folder);
    const pid_t pid = run({program("initdb").string(), "-D", (folder / "data").string(), "-U", user,
                           "-E", "UTF8", "--locale=C", "--no-sync", "--auth=scram-sha-256",
                           "--wal-segsize=1", "--pwfile=" + (folder / "password").string()},
                          folder / "log");
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (status != 0) throw std::runtime_error("initdb: " + read_file(folder / "log"));
}

// Tests run in processes of their own, several at a time: the first one makes the template.
fs::path data_template() {
    const fs::path wanted = fs::path(TUTTI_POSTGRES_TEMPLATE);
    const int lock =
        ::open((wanted.string() + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (lock < 0 || ::flock(lock, LOCK_EX) != 0) throw std::runtime_error("no lock");
    if (!fs::exists(wanted)) {
        const fs::path folder = make_folder("postgres");
        initialise(folder);
        fs::copy(folder / "data", wanted.string() + ".new", fs::copy_options::recursive);
        fs::rename(wanted.string() + ".new", wanted);
        fs::remove_all(folder);
    }
    ::close(lock);
    return wanted;
}

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Rows = std::unique_ptr<PGresult, decltype(&PQclear)>;

PostgresServer& server_of_this_process() {
    static PostgresServer server;
    if (!server.is_running()) server.start();
    return server;
}

}  // namespace

PostgresServer::PostgresServer() : folder_(make_folder("postgres")), port_(free_port()) {
    fs::copy(data_template(), folder_ / "data", fs::copy_options::recursive);
    fs::permissions(folder_ / "data", fs::perms::owner_all);
    give_away(folder_);
    start();
    query_at(url("postgres"), "CREATE DATABASE tutti");
}

PostgresServer::~PostgresServer() {
    if (pid_ > 0) kill();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string PostgresServer::url(std::uint16_t port, std::string_view database) {
    return std::string("postgres://") + user + ':' + password +
           "@127.0.0.1:" + std::to_string(port) + '/' + std::string(database);
}

std::string PostgresServer::query_at(const std::string& url, const std::string& sql) {
    const Connection connection(PQconnectdb(url.c_str()), &PQfinish);
    const Rows rows(PQexec(connection.get(), sql.c_str()), &PQclear);
    const auto status = PQresultStatus(rows.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    std::string text;
    for (int row = 0; row < PQntuples(rows.get()); ++row) {
        text += row == 0 ? "" : "\n";
        for (int column = 0; column < PQnfields(rows.get()); ++column) {
            const bool null = PQgetisnull(rows.get(), row, column) != 0;
            text += column == 0 ? "" : "|";
            text += null ? "(null)" : PQgetvalue(rows.get(), row, column);
        }
    }
    return text;
}

void PostgresServer::start() {
    fs::remove(folder_ / "data" / "postmaster.pid");
    pid_ = run({program("postgres").string(), "-D", (folder_ / "data").string(), "-k",
                folder_.string(), "-h", "127.0.0.1", "-p", std::to_string(port_), "-F", "-c",
                "full_page_writes=off", "-c", "autovacuum=off", "-c", "max_connections=60"},
               folder_ / "log");
    wait_until_it_answers();
}

void PostgresServer::kill() {
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void PostgresServer::wait_until_it_answers() {
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (PQping(url("postgres").c_str()) != PQPING_OK) {
        const bool ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
        if (ended) pid_ = -1;
        if (ended || std::chrono::steady_clock::now() > give_up) {
            throw std::runtime_error("postgres: " + read_file(folder_ / "log"));
        }
        std::this_thread::sleep_for(10ms);
    }
}

PostgresDatabase::PostgresDatabase() : server_(server_of_this_process()) {
    static int count = 0;
    name_ = "test_" + std::to_string(++count);
    // Files are copied for a third of what it costs to log each page of them.
    PostgresServer::query_at(server_.url("postgres"),
                             "CREATE DATABASE " + name_ + " STRATEGY FILE_COPY");
}

PostgresDatabase::~PostgresDatabase() {
    if (!server_.is_running()) return;
    try {
        PostgresServer::query_at(server_.url("postgres"),
                                 "DROP DATABASE " + name_ + " WITH (FORCE)");
    } catch (const std::runtime_error& error) {
        std::fprintf(stderr, "%s: %s", name_.c_str(), error.what());
    }
}

}  // namespace tests
