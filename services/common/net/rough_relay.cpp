// One thread for each connection: it waits for bytes of both sides with a timeout, so that it sees
// a stop.
#include "common/net/rough_relay.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

#include "common/process/edge.hpp"
#include "tutti/canonical.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::net {
namespace {

constexpr int look_every_ms = 50;
constexpr std::size_t pieces = 8;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int make_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool receive_some(int socket, std::string& to) {
    std::array<char, 16384> block{};
    const auto got = ::recv(socket, block.data(), block.size(), 0);
    if (got <= 0) return false;
    to.append(block.data(), static_cast<std::size_t>(got));
    return true;
}

// The server's answers have a length, and names of fields as it writes them.
std::optional<std::string_view> field(std::string_view head, std::string_view name) {
    const std::string lower = to_lower(head);
    const std::string wanted = "\r\n" + to_lower(name) + ": ";
    const std::size_t found = lower.find(wanted);
    if (found == std::string::npos) return std::nullopt;
    const std::string_view rest = head.substr(found + wanted.size());
    return rest.substr(0, rest.find("\r\n"));
}

std::size_t number(std::string_view digits) {
    std::size_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

// The length of the answer that stands first; nothing while it is not complete.
std::optional<std::size_t> complete_answer(std::string_view bytes) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::size_t length =
        end + 4 + number(field(bytes.substr(0, end + 2), "Content-Length").value_or("0"));
    return bytes.size() >= length ? std::optional(length) : std::nullopt;
}

void pause(std::size_t milliseconds, const std::stop_token& stop) {
    detail::Mutex mutex;
    std::condition_variable_any never;
    detail::Lock lock(mutex);
    never.wait_for(lock, stop, std::chrono::milliseconds(milliseconds), [] { return false; });
}

}  // namespace

Result<std::unique_ptr<RoughRelay>> RoughRelay::start(std::uint16_t port,
                                                      std::uint16_t server_port) {
    const int listener = make_socket();
    const int reuse = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    sockaddr_in address = loopback(port);
    socklen_t bytes = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, generic, bytes) != 0 || ::listen(listener, SOMAXCONN) != 0 ||
        ::getsockname(listener, generic, &bytes) != 0) {
        ::close(listener);
        return fail(Errc::unavailable, "start the stand-in",
                    "port " + std::to_string(port) + " is in use or not allowed");
    }
    return std::unique_ptr<RoughRelay>(
        new RoughRelay(listener, ntohs(address.sin_port), server_port));
}

RoughRelay::RoughRelay(int listener, std::uint16_t port, std::uint16_t server_port)
    : listener_(listener),
      port_(port),
      server_port_(server_port),
      thread_([this](const std::stop_token& stop) {
          process::contain("the stand-in's relay", [&] { accept_all(stop); });
      }) {}

RoughRelay::~RoughRelay() {
    stop();
    ::close(listener_);
}

void RoughRelay::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    connections_.clear();
}

void RoughRelay::accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        std::erase_if(connections_, [](const Connection& one) { return one.ended.load(); });
        Connection& connection = connections_.emplace_back();
        connection.thread = std::jthread([this, client, &connection](const std::stop_token& ends) {
            process::contain("a relayed connection", [&] { relay(client, ends); });
            ::close(client);
            connection.ended = true;
        });
    }
}

void RoughRelay::relay(int client, const std::stop_token& stop) {
    const int server = make_socket();
    const sockaddr_in address = loopback(server_port_);
    std::string answers;
    const bool connected =
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    while (connected && !stop.stop_requested()) {
        std::array<pollfd, 2> waits{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
        if (::poll(waits.data(), waits.size(), look_every_ms) < 0) break;
        std::string asked;
        if (waits[0].revents != 0 && (!receive_some(client, asked) || !send_all(server, asked)))
            break;
        if (waits[1].revents != 0 && !receive_some(server, answers)) break;
        bool cut = false;
        while (const auto length = complete_answer(answers)) {
            const std::string answer = answers.substr(0, *length);
            answers.erase(0, *length);
            cut = field(answer, rough_field) == "cut";
            deliver(client, answer, stop);
            if (cut) break;
        }
        if (cut) break;
    }
    ::close(server);
}

void RoughRelay::deliver(int client, const std::string& answer, const std::stop_token& stop) {
    const std::string how(field(answer, rough_field).value_or(""));
    const std::string_view all = answer;
    if (how == "cut") {
        send_all(client, all.substr(0, all.size() / 2));
    } else if (how.starts_with("pieces")) {
        const std::size_t step = all.size() / pieces + 1;
        for (std::size_t at = 0; at < all.size() && !stop.stop_requested(); at += step) {
            pause(number(how.substr(how.find(' ') + 1)), stop);
            if (!send_all(client, all.substr(at, step))) return;
        }
    } else {
        send_all(client, all);
    }
}

}  // namespace tutti::services::net
