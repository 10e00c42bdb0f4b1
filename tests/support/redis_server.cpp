#include "support/redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "support/folders.hpp"

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

bool is_free(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return bound;
}

// Until this process ends: tests run in processes of their own, several at a time.
bool take(std::uint16_t port) {
    static const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("tutti-ports-" + std::to_string(::geteuid()));
    static const int locks = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (locks < 0) throw std::runtime_error("cannot open " + file.string());
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = port;
    lock.l_len = 1;
    return ::fcntl(locks, F_SETLK, &lock) == 0;
}

}  // namespace

// Below the ports that the system gives to connections, also with the 10,000 that a cluster node
// adds.
std::uint16_t free_port() {
    constexpr unsigned first = 12'000;
    constexpr unsigned count = 10'000;
    static std::atomic<unsigned> next = static_cast<unsigned>(::getpid()) * 37;
    for (unsigned attempt = 0; attempt < count; ++attempt) {
        const auto port = static_cast<std::uint16_t>(first + next++ % count);
        if (take(port) && is_free(port)) return port;
    }
    throw std::runtime_error("no free port");
}

RedisServer::RedisServer(Options options)
    : folder_(make_folder("redis")),
      password_(std::move(options.password)),
      sentinel_(options.sentinel),
      port_(free_port()) {
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
        ::execlp("redis-server", "redis-server", config.c_str(), sentinel_ ? "--sentinel" : nullptr,
                 nullptr);
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
