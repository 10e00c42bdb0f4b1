// A connection is a blocking hiredis context whose socket timeouts are set to what is left until the
// deadline before every read and write. hiredis has no limit on a reply, so bytes are counted while it
// reads, and a multi-bulk reply of too many elements fails where its array would be made.
//
// A call takes a slot, then an idle connection or a fresh one, and puts it back unless anything went
// wrong on it: after a failure nobody knows which reply comes next.
#include "common/redis/client.hpp"

#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

#include "common/redis/address.hpp"
#include "common/slots.hpp"

namespace tutti::services {
namespace {

constexpr int elements_max = 10'000;

struct FreeContext {
    void operator()(redisContext* context) const noexcept { redisFree(context); }
};
struct FreeReply {
    void operator()(::redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;
using Reply = std::unique_ptr<::redisReply, FreeReply>;

timeval to_timeval(Duration left) {
    const auto us = std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::microseconds>(left).count());
    return {.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
}

// hiredis' own functions, except for arrays: null makes its reader fail.
redisReplyObjectFunctions* bounded_functions(const redisReader& reader) {
    static const redisReplyObjectFunctions original = *reader.fn;
    static redisReplyObjectFunctions bounded = [] {
        redisReplyObjectFunctions functions = original;
        functions.createArray = [](const redisReadTask* task, int elements) -> void* {
            return elements > elements_max ? nullptr : original.createArray(task, elements);
        };
        return functions;
    }();
    return &bounded;
}

Errc code_of(std::string_view error) {
    const std::string_view word = error.substr(0, error.find(' '));
    for (const char* refused : {"NOAUTH", "WRONGPASS", "NOPERM", "READONLY"}) {
        if (word == refused) return Errc::refused;
    }
    for (const char* away : {"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"}) {
        if (word == away) return Errc::unavailable;
    }
    return word == "OOM" ? Errc::overloaded : Errc::protocol;
}

// What the server says, without the arguments that it may repeat.
std::string shown(std::string_view error) {
    error = error.substr(0, error.find(", with args"));
    error = error.substr(0, error.find_first_of("'`\r\n"));
    return std::string(error.substr(0, 200));
}

RedisReply to_value(const ::redisReply& reply) {
    switch (reply.type) {
    case REDIS_REPLY_INTEGER: return {.kind = RedisReply::Kind::integer, .integer = reply.integer};
    case REDIS_REPLY_ARRAY: {
        RedisReply value{.kind = RedisReply::Kind::array};
        value.elements.reserve(reply.elements);
        for (std::size_t i = 0; i < reply.elements; ++i) {
            value.elements.push_back(to_value(*reply.element[i]));
        }
        return value;
    }
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        return {.kind = RedisReply::Kind::text, .text = std::string(reply.str, reply.len)};
    default: return {};
    }
}

class Connection {
public:
    Connection(Context context, std::size_t bytes_max)
        : context_(std::move(context)), bytes_max_(bytes_max) {
        context_->reader->fn = bounded_functions(*context_->reader);
    }

    Result<RedisReply> command(const std::vector<std::string>& words, TimePoint deadline) {
        std::vector<const char*> texts;
        std::vector<std::size_t> sizes;
        for (const std::string& word : words) {
            texts.push_back(word.data());
            sizes.push_back(word.size());
        }
        if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(),
                                   sizes.data()) != REDIS_OK) {
            return fail(Errc::too_large, {}, "the command cannot be written");
        }
        if (auto sent = write(deadline); !sent) return fail(std::move(sent).error());
        const auto reply = read(deadline);
        if (!reply) return fail(reply.error());
        healthy_ = true;
        if ((*reply)->type != REDIS_REPLY_ERROR) return to_value(**reply);
        const std::string_view error((*reply)->str, (*reply)->len);
        return fail(code_of(error), {}, shown(error));
    }

    // Whether the last command was answered, so that the next reply belongs to the next command.
    [[nodiscard]] bool healthy() const noexcept { return healthy_; }
    // False when the server has closed it meanwhile, or said something unasked for.
    [[nodiscard]] bool reusable() const {
        char byte = 0;
        return ::recv(context_->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
               (errno == EAGAIN || errno == EWOULDBLOCK);
    }

private:
    Result<void> arm(TimePoint deadline) {
        const Duration left = deadline - Boottime::now();
        if (left <= Duration::zero())
            return fail(Errc::timeout, {}, "no reply within the deadline");
        redisSetTimeout(context_.get(), to_timeval(left));
        return {};
    }
    [[nodiscard]] std::unexpected<Error> broken() const {
        const bool late =
            context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (context_->err == REDIS_ERR_PROTOCOL || context_->err == REDIS_ERR_OOM) {
            return fail(Errc::protocol, {},
                        "the server's bytes are no reply, or one of too many parts");
        }
        return fail(
            Errc::timeout, {},
            late ? "no reply within the deadline" : "the connection broke before the reply");
    }
    Result<void> write(TimePoint deadline) {
        healthy_ = false;
        for (int done = 0; done == 0;) {
            if (auto armed = arm(deadline); !armed) return armed;
            if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return broken();
        }
        return {};
    }
    Result<Reply> read(TimePoint deadline) {
        std::size_t bytes = 0;
        while (true) {
            void* reply = nullptr;
            if (redisGetReplyFromReader(context_.get(), &reply) != REDIS_OK) return broken();
            if (reply != nullptr) return Reply(static_cast<::redisReply*>(reply));
            if (bytes > bytes_max_) return fail(Errc::too_large, {}, "the reply is over the limit");
            if (auto armed = arm(deadline); !armed) return fail(std::move(armed).error());
            const std::size_t before = context_->reader->len;
            if (redisBufferRead(context_.get()) != REDIS_OK) return broken();
            bytes += context_->reader->len - before;
        }
    }

    Context context_;
    std::size_t bytes_max_;
    bool healthy_ = false;
};

}  // namespace

class RedisClient::Impl {
public:
    Impl(Options options, RedisAddress address)
        : options_(std::move(options)),
          address_(std::move(address)),
          slots_({.concurrent_max = options_.connections_max, .queued_max = options_.queued_max}) {}

    Result<RedisReply> command(const std::vector<std::string>& words, TimePoint deadline) {
        deadline = std::min(deadline, Boottime::now() + options_.command_timeout);
        const auto slot = slots_.take(deadline);
        if (!slot) return fail(slot.error());
        auto connection = take_idle();
        if (!connection) {
            auto opened = open(deadline);
            if (!opened) return fail(std::move(opened).error());
            connection = *std::move(opened);
        }
        auto reply = connection->command(words, deadline);
        if (connection->healthy()) keep(std::move(connection));
        return reply;
    }
    void stop() {
        slots_.stop();
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        idle_.clear();
    }

private:
    using Connected = std::unique_ptr<Connection>;

    Connected take_idle() {
        const std::lock_guard lock(mutex_);
        while (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            if (connection->reusable()) return connection;
        }
        return nullptr;
    }
    void keep(Connected connection) {
        const std::lock_guard lock(mutex_);
        if (!stopped_) idle_.push_back(std::move(connection));
    }
    Result<Connected> open(TimePoint deadline);

    const Options options_;
    const RedisAddress address_;
    Slots slots_;
    std::mutex mutex_;
    std::vector<Connected> idle_;  // at most as many as slots
    bool stopped_ = false;
};

// Nothing of the caller's command has been sent when this fails, so no failure is a timeout.
Result<RedisClient::Impl::Connected> RedisClient::Impl::open(TimePoint deadline) {
    const auto left = deadline - Boottime::now();
    if (left <= Duration::zero()) return fail(Errc::unavailable, {}, "no time left to connect");
    const timeval timeout = to_timeval(std::min<Duration>(left, options_.connect_timeout));
    Context context(address_.host.empty()
                        ? redisConnectUnixWithTimeout(address_.path.c_str(), timeout)
                        : redisConnectWithTimeout(address_.host.c_str(), address_.port, timeout));
    if (!context) return fail(Errc::unavailable, {}, "no memory for a connection");
    if (context->err != 0) {
        return fail(Errc::unavailable, {}, std::string("cannot connect: ") + context->errstr);
    }
    auto connection = std::make_unique<Connection>(std::move(context), options_.reply_bytes_max);
    std::vector<std::vector<std::string>> steps;
    if (!address_.password.empty()) {
        steps.push_back({"AUTH"});
        if (!address_.user.empty()) steps.back().push_back(address_.user);
        steps.back().push_back(address_.password.reveal());
    }
    if (address_.database != 0) steps.push_back({"SELECT", std::to_string(address_.database)});
    for (const auto& step : steps) {
        auto done = connection->command(step, deadline);
        if (done) continue;
        Error error = std::move(done).error();
        if (error.code == Errc::timeout) error.code = Errc::unavailable;
        return fail(std::move(error));
    }
    return connection;
}

Result<std::unique_ptr<RedisClient>> RedisClient::create(Options options) {
    auto address = RedisAddress::parse(options.url);
    if (!address) return fail(std::move(address).error());
    auto impl = std::make_unique<Impl>(std::move(options), *std::move(address));
    return std::unique_ptr<RedisClient>(new RedisClient(std::move(impl)));
}

RedisClient::RedisClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisClient::~RedisClient() { stop(); }
void RedisClient::stop() { impl_->stop(); }

Result<RedisReply> RedisClient::command(const std::vector<std::string>& words, TimePoint deadline) {
    auto reply = impl_->command(words, deadline);
    if (reply || words.empty()) return reply;
    Error error = std::move(reply).error();
    error.operation = "redis " + words.front();
    return fail(std::move(error));
}

}  // namespace tutti::services
