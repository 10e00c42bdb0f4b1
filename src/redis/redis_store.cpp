#include "redis/redis_store.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "redis/command.hpp"
#include "redis/scripts.hpp"

namespace tutti::redis {
namespace {

constexpr const char* get_operation = "redis GET";
constexpr const char* put_operation = "redis SET";
constexpr const char* erase_operation = "redis DEL";
constexpr const char* erase_if_equal_operation = "redis compare-and-delete";

Error too_large(const char* operation, const char* what, std::size_t bytes, std::size_t bytes_max) {
    return {.code = Errc::too_large,
            .operation = operation,
            .cause = std::string("the ") + what + " has " + std::to_string(bytes) +
                     " bytes, allowed are " + std::to_string(bytes_max)};
}

std::optional<Error> check(const char* operation, std::string_view key,
                           std::string_view value = {}) {
    if (key.size() > Store::key_bytes_max) {
        return too_large(operation, "key", key.size(), Store::key_bytes_max);
    }
    if (value.size() > Store::value_bytes_max) {
        return too_large(operation, "value", value.size(), Store::value_bytes_max);
    }
    return std::nullopt;
}

// Redis refuses what would overflow its clock in milliseconds; nobody means more than a century.
std::string milliseconds_up(Duration lifetime) {
    constexpr auto longest = std::chrono::milliseconds(std::chrono::years(100));
    return std::to_string(
        std::min(std::chrono::ceil<std::chrono::milliseconds>(lifetime), longest).count());
}

Result<std::optional<std::string>> to_value(Result<Reply> reply) {
    if (!reply) return fail(std::move(reply).error());
    switch (reply->type) {
    case Reply::Type::nil: return std::nullopt;
    case Reply::Type::text: return std::move(reply->text);
    case Reply::Type::oversized:
        return fail(Errc::too_large, get_operation,
                    "the value in the store is larger than " +
                        std::to_string(Store::value_bytes_max) + " bytes");
    default: return fail(unexpected_reply(get_operation, *reply));
    }
}

Result<bool> to_written(Result<Reply> reply) {
    if (!reply) return fail(std::move(reply).error());
    if (reply->is(Reply::Type::status)) return true;
    if (reply->is(Reply::Type::nil)) return false;
    return fail(unexpected_reply(put_operation, *reply));
}

Result<bool> to_erased(const char* operation, Result<Reply> reply) {
    if (!reply) return fail(std::move(reply).error());
    if (!reply->is(Reply::Type::integer)) return fail(unexpected_reply(operation, *reply));
    return reply->integer > 0;
}

}  // namespace

RedisStore::RedisStore(Runtime& runtime, std::shared_ptr<CommandConnection> connection)
    : runtime_(runtime), connection_(std::move(connection)) {}

RedisStore::~RedisStore() {
    runtime_.executor().post(
        [connection = connection_] { connection->close(CommandConnection::Caller::store); });
}

void RedisStore::close() { connection_->close(CommandConnection::Caller::store); }

template <class T>
void RedisStore::refuse(Error error, Completion<T> done) {
    runtime_.executor().post([error = std::move(error), done = std::move(done)]() mutable {
        done(fail(std::move(error)));
    });
}

void RedisStore::send(std::string_view operation, std::string bytes, TimePoint deadline,
                      CommandConnection::Handler handler) {
    connection_->submit({.operation = operation,
                         .bytes = std::move(bytes),
                         .deadline = deadline,
                         .caller = CommandConnection::Caller::store},
                        std::move(handler));
}

void RedisStore::get(std::string key, TimePoint deadline,
                     Completion<std::optional<std::string>> done) {
    if (auto error = check(get_operation, key)) return refuse(std::move(*error), std::move(done));
    send(get_operation, encode({"GET", key}), deadline,
         [done = std::move(done)](Result<Reply> reply) mutable {
             done(to_value(std::move(reply)));
         });
}

void RedisStore::put(std::string key, std::string value, PutOptions options, TimePoint deadline,
                     Completion<bool> done) {
    auto error = check(put_operation, key, value);
    if (!error && !options.ttl.valid()) {
        error = Error{.code = Errc::invalid_option,
                      .operation = put_operation,
                      .cause = "ttl must be above zero; Ttl::never() keeps a value for ever"};
    }
    if (error) return refuse(std::move(*error), std::move(done));
    std::string lifetime;
    std::vector<std::string_view> words{"SET", key, value};
    if (!options.ttl.is_never()) {
        lifetime = milliseconds_up(options.ttl.lifetime());
        words.insert(words.end(), {"PX", lifetime});
    }
    if (options.condition == Condition::if_absent) words.push_back("NX");
    send(put_operation, encode(words), deadline,
         [done = std::move(done)](Result<Reply> reply) mutable {
             done(to_written(std::move(reply)));
         });
}

void RedisStore::erase(std::string key, TimePoint deadline, Completion<bool> done) {
    if (auto error = check(erase_operation, key)) return refuse(std::move(*error), std::move(done));
    send(erase_operation, encode({"DEL", key}), deadline,
         [done = std::move(done)](Result<Reply> reply) mutable {
             done(to_erased(erase_operation, std::move(reply)));
         });
}

void RedisStore::erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                                Completion<bool> done) {
    if (auto error = check(erase_if_equal_operation, key, expected)) {
        return refuse(std::move(*error), std::move(done));
    }
    send(erase_if_equal_operation,
         encode({"EVAL", scripts::erase_if_equal.text, "1", key, expected}), deadline,
         [done = std::move(done)](Result<Reply> reply) mutable {
             done(to_erased(erase_if_equal_operation, std::move(reply)));
         });
}

}  // namespace tutti::redis
