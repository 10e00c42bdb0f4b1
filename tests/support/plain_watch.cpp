#include "support/plain_watch.hpp"

#include <hiredis/hiredis.h>
#include <poll.h>

#include <stdexcept>

namespace tests {

struct PlainWatch::Connection {
    struct Free {
        void operator()(redisContext* connection) const { redisFree(connection); }
        void operator()(void* reply) const { freeReplyObject(reply); }
    };
    using Reply = std::unique_ptr<void, Free>;

    explicit Connection(std::uint16_t port) : context(redisConnect("127.0.0.1", port)) {
        if (!context || context->err != 0) throw std::runtime_error("plain watch: cannot connect");
    }
    // Requires: REDIS_OK of hiredis' function.
    void check(int status) const {
        if (status != REDIS_OK) throw std::runtime_error(context->errstr);
    }
    [[nodiscard]] bool readable() const {
        pollfd waiting{.fd = context->fd, .events = POLLIN, .revents = 0};
        return ::poll(&waiting, 1, 0) == 1;
    }

    std::unique_ptr<redisContext, Free> context;
};

PlainWatch::PlainWatch(std::uint16_t port, const std::string& channel)
    : connection_(std::make_unique<Connection>(port)) {
    const Connection::Reply confirmed(
        redisCommand(connection_->context.get(), "SUBSCRIBE %b", channel.data(), channel.size()));
    if (!confirmed) throw std::runtime_error("plain watch: cannot subscribe");
}

PlainWatch::~PlainWatch() = default;
PlainWatch::PlainWatch(PlainWatch&&) noexcept = default;

std::vector<std::string> PlainWatch::take() {
    while (connection_->readable()) connection_->check(redisBufferRead(connection_->context.get()));
    std::vector<std::string> payloads;
    for (;;) {
        void* raw = nullptr;
        connection_->check(redisGetReplyFromReader(connection_->context.get(), &raw));
        const Connection::Reply owned(raw);
        const auto* reply = static_cast<const redisReply*>(raw);
        if (reply == nullptr) return payloads;
        if (reply->elements == 3)
            payloads.emplace_back(reply->element[2]->str, reply->element[2]->len);
    }
}

}  // namespace tests
