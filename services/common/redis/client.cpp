// A pool of the library's connections: a call takes a slot, then an idle connection or a fresh one,
// and puts it back while it can be used. Each has one command at a time, so a read that waits in
// the server holds up none of the others. What is added here are the meanings that the services
// give to errors.
#include "common/redis/client.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/net/slots.hpp"
#include "common/process/edge.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/redis/connection.hpp"

namespace tutti::services::redis {
namespace {

using tutti::redis::Connection;
using tutti::redis::Connector;
using tutti::redis::Reply;

constexpr std::size_t elements_max = 20'000;  // of a whole reply, nested arrays included

Errc code_of(const Reply& error) {
    for (const char* away : {"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"}) {
        if (error.is_error(away)) return Errc::unavailable;
    }
    return error.is_error("OOM") ? Errc::overloaded : Errc::refused;
}

// What the server says, without the arguments that it may repeat.
std::string shown(std::string_view error) {
    error = error.substr(0, error.find(", with args"));
    error = error.substr(0, error.find_first_of("'`\r\n"));
    return std::string(error.substr(0, 200));
}

bool is_cut(const Reply& reply) {
    return reply.is(Reply::Type::oversized) || std::ranges::any_of(reply.items, is_cut);
}

RedisReply to_value(Reply reply) {
    switch (reply.type) {
    case Reply::Type::integer: return {.kind = RedisReply::Kind::integer, .integer = reply.integer};
    case Reply::Type::array: {
        RedisReply value{.kind = RedisReply::Kind::array};
        value.elements.reserve(reply.items.size());
        for (Reply& item : reply.items) value.elements.push_back(to_value(std::move(item)));
        return value;
    }
    case Reply::Type::text:
    case Reply::Type::status:
    case Reply::Type::error: return {.kind = RedisReply::Kind::text, .text = std::move(reply.text)};
    case Reply::Type::nil:
    case Reply::Type::oversized: break;
    }
    return {};
}

Result<RedisReply> judged(Reply reply) {
    if (reply.is(Reply::Type::error)) return fail(code_of(reply), {}, shown(reply.text));
    if (is_cut(reply)) return fail(Errc::too_large, {}, "the reply is over the limit");
    return to_value(std::move(reply));
}

std::unexpected<Error> of_operation(std::string_view command, Error error) {
    error.operation = "redis " + std::string(command);
    return fail(std::move(error));
}

}  // namespace

class RedisClient::Impl {
public:
    Impl(Options options, const Connector& connector)
        : options_(std::move(options)),
          connector_(connector),
          slots_({.concurrent_max = options_.connections_max, .queued_max = options_.queued_max}) {}

    // `text`: of the script whose digest is the second word, if any.
    Result<RedisReply> command(std::vector<std::string_view> words, std::string_view text,
                               TimePoint deadline) {
        deadline = std::min(deadline, Boottime::now() + options_.command_timeout);
        const auto slot = slots_.take(deadline);
        if (!slot) return fail(slot.error());
        auto connection = take_idle();
        if (!connection) {
            auto opened = process::as_result(Errc::unavailable, [&] { return open(deadline); });
            if (!opened) return fail(std::move(opened).error());
            connection = *std::move(opened);
        }
        // The command may have been sent before something was thrown.
        return process::as_result(Errc::timeout, [&]() -> Result<RedisReply> {
            auto reply = connection->command(words, deadline);
            if (!text.empty() && reply && reply->is_error("NOSCRIPT")) {
                words[0] = "EVAL";
                words[1] = text;
                reply = connection->command(words, deadline);
            }
            if (!reply) return fail(std::move(reply).error());
            keep(*std::move(connection));
            return judged(*std::move(reply));
        });
    }
    void stop() {
        slots_.stop();
        const detail::Lock lock(mutex_);
        stopped_ = true;
        idle_.clear();
    }

private:
    std::optional<Connection> take_idle() {
        const detail::Lock lock(mutex_);
        while (!idle_.empty()) {
            Connection connection = std::move(idle_.back());
            idle_.pop_back();
            if (connection.usable()) return connection;
        }
        return std::nullopt;
    }
    void keep(Connection connection) {
        const detail::Lock lock(mutex_);
        if (!stopped_) idle_.push_back(std::move(connection));
    }
    // Nothing of the caller's command has been sent when this fails, so no failure is a timeout.
    Result<Connection> open(TimePoint deadline) {
        auto connection =
            connector_.connect(std::min(deadline, Boottime::now() + options_.connect_timeout));
        if (connection) return connection;
        Error error = std::move(connection).error();
        if (error.code == Errc::timeout) error.code = Errc::unavailable;
        error.cause = "cannot connect: " + error.cause;
        return fail(std::move(error));
    }

    const Options options_;
    const Connector connector_;
    net::Slots slots_;
    detail::Mutex mutex_;
    std::vector<Connection> idle_ TUTTI_GUARDED_BY(mutex_);  // at most as many as slots
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
};

Result<std::unique_ptr<RedisClient>> RedisClient::create(Options options) {
    auto connector = Connector::create(options.url, {.text_bytes_max = options.reply_bytes_max,
                                                     .bytes_max = options.reply_bytes_max,
                                                     .array_items_max = elements_max,
                                                     .items_max = elements_max});
    if (!connector) return fail(std::move(connector).error());
    auto impl = std::make_unique<Impl>(std::move(options), *std::move(connector));
    return std::unique_ptr<RedisClient>(new RedisClient(std::move(impl)));
}

RedisClient::RedisClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisClient::~RedisClient() { stop(); }
void RedisClient::stop() { impl_->stop(); }

Result<RedisReply> RedisClient::command(const std::vector<std::string>& words, TimePoint deadline) {
    auto reply = impl_->command({words.begin(), words.end()}, {}, deadline);
    if (reply || words.empty()) return reply;
    return of_operation(words.front(), std::move(reply).error());
}

Result<RedisReply> RedisClient::run(const Script& script, const std::vector<std::string>& words,
                                    TimePoint deadline) {
    std::vector<std::string_view> views{"EVALSHA", script.sha1};
    views.insert(views.end(), words.begin(), words.end());
    auto reply = impl_->command(std::move(views), script.text, deadline);
    if (reply) return reply;
    return of_operation("EVALSHA", std::move(reply).error());
}

}  // namespace tutti::services::redis
