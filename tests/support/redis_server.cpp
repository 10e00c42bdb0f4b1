#include "support/redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace tests {
namespace {

using namespace std::chrono_literals;

struct FreeReply {
    void operator()(void* reply) const { freeReplyObject(reply); }
};
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;
using ContextPtr = std::unique_ptr<redisContext, decltype(&redisFree)>;

ReplyPtr send(redisContext& context, const std::vector<std::string>& words) {
    std::vector<const char*> text;
    std::vector<std::size_t> bytes;
    for (const std::string& word : words) {
        text.push_back(word.data());
        bytes.push_back(word.size());
    }
    ReplyPtr reply(static_cast<redisReply*>(
        redisCommandArgv(&context, static_cast<int>(words.size()), text.data(), bytes.data())));
    if (!reply) throw std::runtime_error(words.front() + ": " + context.errstr);
    return reply;
}

std::string to_text(const redisReply& reply) {
    switch (reply.type) {
    case REDIS_REPLY_ERROR: throw std::runtime_error(std::string(reply.str, reply.len));
    case REDIS_REPLY_INTEGER: return std::to_string(reply.integer);
    case REDIS_REPLY_NIL: return "(nil)";
    case REDIS_REPLY_ARRAY: break;
    default: return {reply.str, reply.len};
    }
    std::string lines;
    for (std::size_t i = 0; i < reply.elements; ++i) {
        lines.append(i == 0 ? "" : "\n").append(to_text(*reply.element[i]));
    }
    return lines;
}

std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tutti-redis-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    return name;
}

std::string read_file(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

std::uint16_t any_free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    const bool bound =
        ::bind(socket, generic, bytes) == 0 && ::getsockname(socket, generic, &bytes) == 0;
    ::close(socket);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

}  // namespace

std::uint16_t free_port() {
    // A cluster node takes the port 10,000 above its own as well, and the system offers up to 60,999.
    constexpr std::uint16_t port_max = 55'535;
    for (int attempt = 0; attempt < 200; ++attempt) {
        const std::uint16_t port = any_free_port();
        if (port < port_max) return port;
    }
    throw std::runtime_error("no free port");
}

RedisServer::RedisServer(Options options)
    : folder_(make_folder()), password_(std::move(options.password)), port_(free_port()) {
    std::ofstream config(folder_ / "redis.conf");
    config << "bind 127.0.0.1\nport " << port_ << "\nunixsocket " << socket_path() << "\ndir "
           << folder_.string() << "\nlogfile " << (folder_ / "log").string()
           << "\nsave \"\"\nappendonly no\n";
    for (const std::string& line : options.config) config << line << '\n';
    config.close();
    start();
}

RedisServer::~RedisServer() {
    if (pid_ > 0) reap(SIGKILL);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string RedisServer::url() const {
    const std::string login = password_.empty() ? "" : ":" + password_ + "@";
    return "redis://" + login + "127.0.0.1:" + std::to_string(port_);
}

std::string RedisServer::unix_url() const {
    return "unix://" + (password_.empty() ? "" : ":" + password_ + "@") + socket_path();
}

std::string RedisServer::command(const std::vector<std::string>& words) {
    const timeval timeout{.tv_sec = 5, .tv_usec = 0};
    const ContextPtr context(redisConnectWithTimeout("127.0.0.1", port_, timeout), &redisFree);
    if (!context || context->err != 0) {
        throw std::runtime_error(context ? context->errstr : "out of memory");
    }
    redisSetTimeout(context.get(), timeout);
    if (!password_.empty()) (void)to_text(*send(*context, {"AUTH", password_}));
    return to_text(*send(*context, words));
}

void RedisServer::start() {
    const std::string config = (folder_ / "redis.conf").string();
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
        // Dies with the test, however that ends.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
        ::execlp("redis-server", "redis-server", config.c_str(), nullptr);
        ::_exit(127);
    }
    wait_until_it_answers();
}

void RedisServer::kill() { reap(SIGKILL); }
void RedisServer::shut_down() { reap(SIGTERM); }
void RedisServer::pause() { ::kill(pid_, SIGSTOP); }
void RedisServer::resume() { ::kill(pid_, SIGCONT); }

void RedisServer::wait_until_it_answers() {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    for (;;) {
        try {
            (void)command({"PING"});
            return;
        } catch (const std::runtime_error& error) {
            const bool ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
            if (ended) pid_ = -1;
            if (ended || std::chrono::steady_clock::now() > give_up) {
                throw std::runtime_error(std::string("redis-server: ") + error.what() + "\n" +
                                         read_file(folder_ / "log"));
            }
        }
        std::this_thread::sleep_for(5ms);
    }
}

void RedisServer::reap(int signal) {
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

}  // namespace tests
