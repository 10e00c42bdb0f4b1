#include "redis/host_lookup.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include "tutti/detail/asio_waiting.hpp"

namespace tutti::redis {
namespace {

constexpr int lookups_max = 16;
constexpr Duration answer_counts = std::chrono::seconds(1);
std::atomic<int> lookups = 0;  // that run

LookedUp ask_system(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* answer = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &answer);
    if (failed != 0) return std::unexpected(std::string(::gai_strerror(failed)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(answer, ::freeaddrinfo);
    Endpoints endpoints;
    for (const addrinfo* one = answer; one != nullptr; one = one->ai_next) {
        endpoints.emplace_back(one->ai_addr, one->ai_addrlen, one->ai_protocol);
    }
    return endpoints;
}

}  // namespace

void look_up(boost::asio::io_context& loop, const std::string& host, std::uint16_t port,
             std::move_only_function<void(LookedUp)> done) {
    using Lent = detail::LentExecutor<boost::asio::io_context::executor_type>;
    auto answer = [lent = Lent::lend(loop.get_executor()),
                   done = std::move(done)](LookedUp found) mutable {
        const auto pin = lent->pin();
        if (!pin) return;
        boost::asio::post(lent->executor(),
                          [done = std::move(done), found = std::move(found)]() mutable {
                              done(std::move(found));
                          });
    };
    if (lookups.fetch_add(1) >= lookups_max) {
        lookups.fetch_sub(1);
        return answer(std::unexpected("too many earlier lookups have no answer yet"));
    }
    auto shared = std::make_shared<decltype(answer)>(std::move(answer));
    try {
        std::thread([host, port, shared] {
            auto found = ask_system(host, port);
            lookups.fetch_sub(1);
            (*shared)(std::move(found));
        }).detach();
    } catch (const std::system_error& error) {
        lookups.fetch_sub(1);
        (*shared)(std::unexpected(std::string("no thread for it: ") + error.what()));
    }
}

void HostLookups::look_up(const std::string& host, std::uint16_t port,
                          std::move_only_function<void(LookedUp)> done) {
    const Name name(host, port);
    Asked& asked = asked_[name];
    if (asked.answer && Boottime::now() - asked.answered_at < answer_counts) {
        return boost::asio::post(loop_, [done = std::move(done), found = *asked.answer]() mutable {
            done(std::move(found));
        });
    }
    asked.waiting.push_back(std::move(done));
    if (asked.waiting.size() > 1) return;
    redis::look_up(loop_, host, port, [weak = weak_from_this(), name](const LookedUp& found) {
        if (const auto self = weak.lock()) self->answered(name, found);
    });
}

void HostLookups::answered(const Name& name, const LookedUp& found) {
    Asked& asked = asked_[name];
    asked.answer = found;
    asked.answered_at = Boottime::now();
    for (auto& done : std::exchange(asked.waiting, {})) done(found);
}

}  // namespace tutti::redis
