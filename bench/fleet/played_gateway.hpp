// An api-gateway that answers bots after a fixed time, and its workers, which have the reply at
// once: what a bot is measured with, so that a figure is the bot's alone.
//
// A message "m <number>" is answered "r <number>", by a result in the stream that bots read. Of
// each message it is known when it was asked for here, and when its reply was left to the bots.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "common/http/message.hpp"
#include "common/http/server.hpp"
#include "common/redis/client.hpp"
#include "tutti/detail/mutex.hpp"

namespace bench {

class PlayedGateway {
public:
    static constexpr const char* secret = "the-secret-of-the-bench";
    using Time = std::chrono::system_clock::time_point;
    struct Seen {
        Time asked{};
        Time left{};  // zero: not yet
    };

    // Throws when the port or Redis is away. `takes`: an answer to a message.
    PlayedGateway(const std::string& redis_url, std::chrono::milliseconds takes);
    ~PlayedGateway() { server_->stop(); }
    PlayedGateway(const PlayedGateway&) = delete;
    PlayedGateway& operator=(const PlayedGateway&) = delete;

    [[nodiscard]] std::string url() const;
    // Every other channel is activated.
    void silence(const std::string& channel);
    // By the number of the message.
    [[nodiscard]] std::map<std::size_t, Seen> take_seen();
    // Since the last take.
    [[nodiscard]] std::size_t confirmed() const;

private:
    [[nodiscard]] tutti::services::http::Response activation(const std::string& channel) const;
    tutti::services::http::Response generate(const tutti::services::http::Request& request);

    const std::chrono::milliseconds takes_;
    std::unique_ptr<tutti::services::redis::RedisClient> redis_;
    mutable tutti::detail::Mutex mutex_;
    std::string silent_ TUTTI_GUARDED_BY(mutex_);
    std::map<std::size_t, Seen> seen_ TUTTI_GUARDED_BY(mutex_);
    std::size_t confirmed_ TUTTI_GUARDED_BY(mutex_) = 0;
    std::unique_ptr<tutti::services::http::Server> server_;  // last: its handlers use all of it
};

}  // namespace bench
