#include "support/fake_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

namespace tests {

std::string bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

FakeServer::FakeServer(std::string answer, Then then) : answer_(std::move(answer)), then_(then) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, bytes) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &bytes) != 0) {
        throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

FakeServer::~FakeServer() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
}

void FakeServer::serve() {
    constexpr int step_ms = 10;
    std::vector<int> open;
    while (!stopping_) {
        pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, step_ms) <= 0) continue;
        const int client = ::accept(listener_, nullptr, nullptr);
        std::array<char, 4096> heard;
        (void)!::read(client, heard.data(), heard.size());
        (void)!::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
        if (then_ == Then::close) {
            ::close(client);
        } else {
            open.push_back(client);
        }
    }
    for (const int client : open) ::close(client);
}

}  // namespace tests
