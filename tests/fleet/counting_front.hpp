// Stands before an upstream, passes every request on and counts it. What reaches the upstream is so
// seen from outside, whatever a service says of itself. A request that the upstream does not answer
// is 502.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/client.hpp"
#include "common/http/server.hpp"

namespace tests {

class CountingFront {
public:
    // Listens on a free port of the loopback interface. Throws std::runtime_error.
    explicit CountingFront(std::string upstream);
    ~CountingFront();
    CountingFront(const CountingFront&) = delete;
    CountingFront& operator=(const CountingFront&) = delete;

    [[nodiscard]] std::string url() const;
    // The requests so far that begin with this, for instance "GET /user/channel/".
    [[nodiscard]] std::size_t count(std::string_view beginning) const;

private:
    [[nodiscard]] tutti::services::http::Response pass_on(
        const tutti::services::http::Request& request);

    std::string upstream_;
    mutable std::mutex mutex_;
    std::vector<std::string> seen_;  // guarded by mutex_
    tutti::services::http::Client client_{{.name = "front", .idle_max = 64}};
    std::unique_ptr<tutti::services::http::Server> server_;
};

}  // namespace tests
