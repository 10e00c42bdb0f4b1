#include "fleet/counting_front.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "tutti/clock.hpp"

namespace tests {

using namespace std::chrono_literals;
using namespace tutti::services;

CountingFront::CountingFront(std::string upstream) : upstream_(std::move(upstream)) {
    auto server = http::Server::start(
        {.limits = {.internal = {.workers = 64}}},
        [this](const http::Request& request) -> http::Response { return pass_on(request); });
    if (!server) throw std::runtime_error(server.error().message());
    server_ = *std::move(server);
}

CountingFront::~CountingFront() {
    client_.stop();
    server_->stop();
}

std::string CountingFront::url() const {
    return "http://127.0.0.1:" + std::to_string(server_->port());
}

std::size_t CountingFront::count(std::string_view beginning) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(
        seen_, [&](const std::string& line) { return line.starts_with(beginning); }));
}

http::Response CountingFront::pass_on(const http::Request& request) {
    {
        const std::lock_guard lock(mutex_);
        seen_.push_back(request.method + ' ' + request.path);
    }
    http::Request copy{.method = request.method,
                       .path = request.path,
                       .query = request.query,
                       .body = request.body};
    for (const char* name :
         {"X-Service-Auth", "X-User-Id", "X-Owner-Id", "Content-Type", "Idempotency-Key"}) {
        if (const auto value = request.headers.find(name))
            copy.headers.set(name, std::string(*value));
    }
    auto response = client_.send(upstream_, copy, tutti::Boottime::now() + 20s);
    if (!response) return http::text_response(502, response.error().message());
    return {.status = response->status,
            .headers = {{"Content-Type", "application/json"}},
            .body = std::move(response->body)};
}

}  // namespace tests
