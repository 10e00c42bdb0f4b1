#include "redis/redis_store.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

#include "coherence/store_rules.hpp"
#include "coherence/wire.hpp"
#include "redis/command.hpp"
#include "redis/key_count.hpp"
#include "redis/value_reply.hpp"

namespace tutti::redis {
namespace {

constexpr const char* get_operation = "redis GET";
constexpr const char* put_operation = "redis SET";
constexpr const char* erase_operation = "redis DEL";
constexpr const char* erase_if_equal_operation = "redis compare-and-delete";
constexpr const char* replace_if_equal_operation = "redis compare-and-set";
constexpr const char* count_operation = "redis count";
constexpr const char* fill_operation = "redis fill";
constexpr const char* release_operation = "redis release";
constexpr const char* drop_operation = "redis drop";

// Of one script, so that the server serves others in between. A value that is larger has one of its
// own, and so has one with a rank: for that the script reads what is there.
constexpr std::size_t fill_keys_max = 100;
constexpr std::size_t fill_bytes_max = 1024UL * 1024;

// What GET, SET and the compares are given.
std::optional<Error> check(const char* operation, std::string_view key,
                           std::string_view value = {}) {
    if (auto error = store_rules::check_key(operation, key)) return error;
    return store_rules::check_value(operation, value);
}

// Nothing: for ever.
std::string lifetime(Ttl ttl) {
    return ttl.is_never() ? std::string() : time_word(store_rules::rounded_up(ttl.lifetime()));
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

Result<bool> to_flag(const char* operation, Result<Reply> reply) {
    if (!reply) return fail(std::move(reply).error());
    if (!reply->is(Reply::Type::integer)) return fail(unexpected_reply(operation, *reply));
    return reply->integer > 0;
}

// Whether one script stores it with those.
bool fills_join(const std::vector<Store::Fill>& together, const Store::Fill& next) {
    const auto place = [](const Store::Fill& fill) {
        const ValueAddress& address = fill.request.address;
        return std::tie(address.channel, address.prefix, address.form);
    };
    std::size_t bytes = next.request.bytes.size();
    for (const Store::Fill& fill : together) bytes += fill.request.bytes.size();
    const bool has_rank = next.request.rank || together.front().request.rank;
    return together.size() < fill_keys_max && bytes <= fill_bytes_max && !has_rank &&
           place(together.front()) == place(next);
}

// What the script is told of one key.
std::array<std::string, 7> fill_args(FillRequest request) {
    const Rank rank = request.rank.value_or(Rank{});
    return {std::move(request.token),
            std::move(request.bytes),
            time_word(store_rules::rounded_up(request.fresh_for)),
            time_word(store_rules::kept_for(request)),
            request.rank ? rank_word(rank.value) : "-",
            rank.over_unreadable ? "-1" : time_word(store_rules::rounded_down(rank.yields_after)),
            wire::encode_tags(request.tags)};
}

// In the order in which they came, each in one with those before it when it joins them.
template <class One, class Joins, class Send>
void in_calls(std::vector<One> all, Joins joins, Send send) {
    std::vector<One> together;
    for (One& next : all) {
        if (!together.empty() && !joins(together, next)) send(std::exchange(together, {}));
        together.push_back(std::move(next));
    }
    if (!together.empty()) send(std::move(together));
}

}  // namespace

RedisStore::RedisStore(Runtime& runtime, std::shared_ptr<CommandConnection> connection,
                       RandomSource random, Names names, std::shared_ptr<const StoreFence> fence)
    : runtime_(runtime),
      connection_(std::move(connection)),
      random_(std::move(random)),
      names_(std::move(names)),
      fetches_(std::make_shared<FetchCalls>(connection_, random_, names_, std::move(fence))) {}

RedisStore::~RedisStore() { RedisStore::close(); }

void RedisStore::close() {
    runtime_.run_alone(
        [connection = connection_] { connection->close(CommandConnection::Caller::store); });
}

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
    if (!error) error = store_rules::check_ttl(put_operation, options.ttl);
    if (error) return refuse(std::move(*error), std::move(done));
    const std::string expiry = lifetime(options.ttl);
    std::vector<std::string_view> words{"SET", key, value};
    if (!expiry.empty()) words.insert(words.end(), {"PX", expiry});
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
             done(to_flag(erase_operation, std::move(reply)));
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
             done(to_flag(erase_if_equal_operation, std::move(reply)));
         });
}

void RedisStore::replace_if_equal(std::string key, std::string expected, std::string value, Ttl ttl,
                                  TimePoint deadline, Completion<bool> done) {
    auto error = check(replace_if_equal_operation, key, expected);
    if (!error) error = store_rules::check_value(replace_if_equal_operation, value);
    if (!error) error = store_rules::check_ttl(replace_if_equal_operation, ttl);
    if (error) return refuse(std::move(*error), std::move(done));
    send(replace_if_equal_operation,
         encode({"EVAL", scripts::replace_if_equal.text, "1", key, expected, value, lifetime(ttl)}),
         deadline, [done = std::move(done)](Result<Reply> reply) mutable {
             done(to_flag(replace_if_equal_operation, std::move(reply)));
         });
}

void RedisStore::count(std::string prefix, TimePoint deadline, Completion<std::size_t> done) {
    if (auto error = check(count_operation, prefix))
        return refuse(std::move(*error), std::move(done));
    std::make_shared<KeyCount>(connection_, count_operation, prefix, deadline, std::move(done))
        ->start();
}

// Those that make no sense are refused, each by itself.
template <class One>
std::vector<One> RedisStore::only_sound(const char* operation, std::vector<One> all) {
    std::vector<One> sound;
    sound.reserve(all.size());
    for (One& one : all) {
        if (auto error = store_rules::check(operation, one.request)) {
            refuse(std::move(*error), std::move(one.done));
        } else {
            sound.push_back(std::move(one));
        }
    }
    return sound;
}

void RedisStore::fetch(FetchRequest request, TimePoint deadline, Completion<Fetched> done) {
    std::vector<Fetch> one;
    one.push_back({.request = std::move(request), .done = std::move(done)});
    fetch_many(std::move(one), deadline);
}

void RedisStore::fetch_many(std::vector<Fetch> fetches, TimePoint deadline) {
    const auto joins = [](const std::vector<Fetch>& together, const Fetch& next) {
        return together.size() < fetch_keys_max &&
               FetchCalls::go_together(together.front().request, next.request);
    };
    in_calls(only_sound(fetch_operation, std::move(fetches)), joins,
             [&](std::vector<Fetch> together) { fetches_->ask(std::move(together), deadline); });
}

void RedisStore::fill(FillRequest request, TimePoint deadline, Completion<Filled> done) {
    std::vector<Fill> one;
    one.push_back({.request = std::move(request), .done = std::move(done)});
    fill_many(std::move(one), deadline);
}

void RedisStore::fill_many(std::vector<Fill> fills, TimePoint deadline) {
    in_calls(only_sound(fill_operation, std::move(fills)), fills_join,
             [&](std::vector<Fill> together) { send(std::move(together), deadline); });
}

void RedisStore::send(std::vector<Fill> fills, TimePoint deadline) {
    const ValueAddress& address = fills.front().request.address;
    ScriptCall call = script_call(scripts::fill, fill_operation, address.channel, ScriptBy::digest);
    call.args = {form_word(address.form), names_.wake(), address.prefix};
    std::vector<Completion<Filled>> completions;
    completions.reserve(fills.size());
    for (Fill& fill : fills) {
        call.keys.push_back(store_rules::key_of(fill.request.address));
        std::ranges::move(fill_args(std::move(fill.request)), std::back_inserter(call.args));
        completions.push_back(std::move(fill.done));
    }
    run(connection_, std::move(call), deadline,
        [completions = std::move(completions)](Result<Reply> reply) mutable {
            auto answers = to_filled(fill_operation, completions.size(), std::move(reply));
            for (std::size_t i = 0; i < completions.size(); ++i)
                completions[i](std::move(answers[i]));
        });
}

void RedisStore::release(ValueAddress address, LoadToken token, TimePoint deadline,
                         Completion<bool> done) {
    if (auto error = store_rules::check_release(release_operation, address, token)) {
        return refuse(std::move(*error), std::move(done));
    }
    ScriptCall call =
        script_call(scripts::release, release_operation, address.channel, ScriptBy::text);
    call.keys.push_back(store_rules::key_of(address));
    call.args = {std::move(token), names_.wake()};
    run(connection_, std::move(call), deadline,
        [done = std::move(done)](Result<Reply> reply) mutable {
            done(to_flag(release_operation, std::move(reply)));
        });
}

void RedisStore::drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
                      Completion<void> done) {
    const KeySet dropped{.keys = keys, .all = keys.empty()};
    auto error = store_rules::check_name(drop_operation, "the channel", channel);
    if (!error) error = store_rules::check_changed(drop_operation, dropped);
    if (error) return refuse(std::move(*error), std::move(done));
    ScriptCall call = script_call(scripts::drop, drop_operation, channel, ScriptBy::text);
    call.args = {wire::encode_keys(dropped), names_.wake()};
    run(connection_, std::move(call), deadline,
        [done = std::move(done)](Result<Reply> reply) mutable {
            const auto answer = to_flag(drop_operation, std::move(reply));
            if (!answer) return done(fail(answer.error()));
            done({});
        });
}

ScriptCall RedisStore::script_call(const Script& script, std::string_view operation,
                                   const std::string& channel, ScriptBy by) const {
    return {.script = script,
            .operation = operation,
            .keys = names_.state_keys(channel),
            .args = {},
            .candidate = random_,
            .caller = CommandConnection::Caller::store,
            .by = by};
}

}  // namespace tutti::redis
