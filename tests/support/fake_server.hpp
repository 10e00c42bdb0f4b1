// Listens on a loopback port and plays a server that is not a proper Redis: it sends one fixed text
// to every client that has said something, and then keeps the connection open or closes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace tests {

class FakeServer {
public:
    enum class Then : std::uint8_t { keep_open, close };

    FakeServer(std::string answer, Then then);
    ~FakeServer();
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

private:
    void serve();

    std::string answer_;
    Then then_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;  // written by the destructor, read by the thread
    std::thread thread_;
};

// "$<bytes>\r\n<text>\r\n"
[[nodiscard]] std::string bulk(const std::string& text);

}  // namespace tests
