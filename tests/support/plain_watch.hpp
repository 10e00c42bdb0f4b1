// A subscriber of one Redis channel that is no part of Tutti.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tests {

class PlainWatch {
public:
    // Returns when the subscription is confirmed. Throws std::runtime_error.
    PlainWatch(std::uint16_t port, const std::string& channel);
    ~PlainWatch();
    PlainWatch(PlainWatch&&) noexcept;
    PlainWatch& operator=(PlainWatch&&) = delete;

    // What has arrived since the last call. Does not wait.
    [[nodiscard]] std::vector<std::string> take();

private:
    struct Connection;
    std::unique_ptr<Connection> connection_;
};

}  // namespace tests
