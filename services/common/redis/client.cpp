// hiredis writes commands and reads replies; a Transport carries the bytes. hiredis has no limit on
// a reply, so bytes are counted while it reads, and a multi-bulk reply of too many elements fails
// where its array would be made.
//
// A call takes a slot, then an idle connection or a fresh one, and puts it back unless anything
// went wrong on it: after a failure nobody knows which reply comes next.
#include "common/redis/client.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <new>
#include <utility>

#include "common/net/slots.hpp"
#include "common/net/transport.hpp"
#include "common/process/edge.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::services::redis {
namespace {

// Of a whole reply, nested arrays included: each costs far more than the few bytes that announce
// it.
constexpr std::size_t elements_max = 20'000;

struct FreeReader {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
};
struct FreeReply {
    void operator()(::redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using Reader = std::unique_ptr<redisReader, FreeReader>;
using Reply = std::unique_ptr<::redisReply, FreeReply>;

// hiredis' own functions, except for arrays: null makes its reader fail. What a reader's private
// data points to is how many elements are left to the reply.
redisReplyObjectFunctions* bounded_functions(const redisReader& reader) {
    static const redisReplyObjectFunctions original = *reader.fn;
    static redisReplyObjectFunctions bounded = [] {
        redisReplyObjectFunctions functions = original;
        functions.createArray = [](const redisReadTask* task, int elements) -> void* {
            auto& left = *static_cast<std::size_t*>(task->privdata);
            const auto wanted = static_cast<std::size_t>(elements);
            if (elements < 0 || wanted > left) return nullptr;
            left -= wanted;
            return original.createArray(task, elements);
        };
        return functions;
    }();
    return &bounded;
}

Errc code_of(std::string_view error) {
    const std::string_view word = error.substr(0, error.find(' '));
    for (const char* away : {"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"}) {
        if (word == away) return Errc::unavailable;
    }
    return word == "OOM" ? Errc::overloaded : Errc::refused;
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
    Connection(std::unique_ptr<net::Transport> transport, std::size_t bytes_max)
        : transport_(std::move(transport)), reader_(redisReaderCreate()), bytes_max_(bytes_max) {
        if (!reader_) throw std::bad_alloc();
        reader_->fn = bounded_functions(*reader_);
        reader_->privdata = &elements_left_;
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Result<RedisReply> command(const std::vector<std::string>& words, TimePoint deadline) {
        const auto bytes = encoded(words);
        if (!bytes) return fail(bytes.error());
        healthy_ = false;
        if (const auto sent = transport_->write(*bytes, deadline); !sent) {
            return broken(sent.error());
        }
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
    [[nodiscard]] bool reusable() { return transport_->reusable(); }

private:
    static Result<std::string> encoded(const std::vector<std::string>& words) {
        std::vector<const char*> texts;
        std::vector<std::size_t> sizes;
        for (const std::string& word : words) {
            texts.push_back(word.data());
            sizes.push_back(word.size());
        }
        char* bytes = nullptr;
        const int size = redisFormatCommandArgv(&bytes, static_cast<int>(words.size()),
                                                texts.data(), sizes.data());
        if (size < 0) return fail(Errc::too_large, {}, "the command cannot be written");
        std::string text(bytes, static_cast<std::size_t>(size));
        redisFreeCommand(bytes);
        return text;
    }
    // Whatever it was, the command may have arrived.
    static std::unexpected<Error> broken(const Error& error) {
        return fail(Errc::timeout, {},
                    error.code == Errc::timeout ? "no reply within the deadline"
                                                : "the connection broke before the reply");
    }
    Result<Reply> read(TimePoint deadline) {
        std::size_t bytes = 0;
        elements_left_ = elements_max;
        while (true) {
            void* reply = nullptr;
            if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
                return fail(Errc::protocol, {},
                            "the server's bytes are no reply, or one of too many parts");
            }
            if (reply != nullptr) return Reply(static_cast<::redisReply*>(reply));
            if (bytes > bytes_max_) return fail(Errc::too_large, {}, "the reply is over the limit");
            const auto got = transport_->read_some(block_, deadline);
            if (!got) return broken(got.error());
            if (*got == 0) return broken({.code = Errc::unavailable, .operation = {}, .cause = {}});
            bytes += *got;
            redisReaderFeed(reader_.get(), block_.data(), *got);
        }
    }

    std::unique_ptr<net::Transport> transport_;
    Reader reader_;
    std::array<char, 16'384> block_{};
    std::size_t bytes_max_;
    std::size_t elements_left_ = 0;
    bool healthy_ = false;
};

}  // namespace

class RedisClient::Impl {
public:
    Impl(Options options, tutti::redis::Url url, std::shared_ptr<net::TlsContext> tls)
        : options_(std::move(options)),
          url_(std::move(url)),
          tls_(std::move(tls)),
          slots_({.concurrent_max = options_.connections_max, .queued_max = options_.queued_max}) {}

    Result<RedisReply> command(const std::vector<std::string>& words, TimePoint deadline) {
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
        auto reply =
            process::as_result(Errc::timeout, [&] { return connection->command(words, deadline); });
        if (connection->healthy()) keep(std::move(connection));
        return reply;
    }
    void stop() {
        slots_.stop();
        resolver_.stop();
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
    Result<std::unique_ptr<net::Transport>> connect(TimePoint deadline);

    const Options options_;
    const tutti::redis::Url url_;
    const std::shared_ptr<net::TlsContext> tls_;  // null: a plain connection
    net::Resolver resolver_;
    net::Slots slots_;
    std::mutex mutex_;
    std::vector<Connected> idle_;  // at most as many as slots
    bool stopped_ = false;
};

Result<std::unique_ptr<net::Transport>> RedisClient::Impl::connect(TimePoint deadline) {
    net::Addresses addresses;
    std::unique_ptr<net::Transport> transport;
    if (url_.is_unix()) {
        auto made = net::make_unix_transport(url_.path);
        if (!made) return fail(std::move(made).error());
        transport = *std::move(made);
    } else {
        auto resolved = resolver_.resolve(url_.host, deadline);
        if (!resolved) return fail(std::move(resolved).error());
        addresses = *std::move(resolved);
        const auto scheme = tls_ ? net::Url::Scheme::https : net::Url::Scheme::http;
        auto made = net::make_transport(
            {.scheme = scheme, .host = url_.host, .port = url_.port, .target = "/"}, tls_);
        if (!made) return fail(std::move(made).error());
        transport = *std::move(made);
    }
    const auto connected = transport->connect(addresses, deadline);
    if (!connected) return fail(connected.error());
    return transport;
}

// Nothing of the caller's command has been sent when this fails, so no failure is a timeout.
Result<RedisClient::Impl::Connected> RedisClient::Impl::open(TimePoint deadline) {
    auto transport = connect(std::min(deadline, Boottime::now() + options_.connect_timeout));
    if (!transport) {
        Error error = std::move(transport).error();
        if (error.code == Errc::timeout) error.code = Errc::unavailable;
        error.cause = "cannot connect: " + error.cause;
        return fail(std::move(error));
    }
    auto connection = std::make_unique<Connection>(*std::move(transport), options_.reply_bytes_max);
    std::vector<std::vector<std::string>> steps;
    if (!url_.password.empty()) {
        steps.push_back({"AUTH"});
        if (!url_.user.empty()) steps.back().push_back(url_.user);
        steps.back().push_back(url_.password);
    }
    if (url_.database != 0) steps.push_back({"SELECT", std::to_string(url_.database)});
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
    auto url = tutti::redis::Url::parse(options.url);
    if (!url) return fail(std::move(url).error());
    std::shared_ptr<net::TlsContext> tls;
    if (url->tls) {
        auto loaded = net::load_tls_context(
            {.ca = url->tls->ca, .certificate = url->tls->certificate, .key = url->tls->key});
        if (!loaded) return fail(std::move(loaded).error());
        tls = *std::move(loaded);
    }
    auto impl = std::make_unique<Impl>(std::move(options), *std::move(url), std::move(tls));
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

}  // namespace tutti::services::redis
