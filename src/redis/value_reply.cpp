#include "redis/value_reply.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "coherence/wire.hpp"
#include "redis/command.hpp"

namespace tutti::redis {
namespace {

using store_rules::Milliseconds;

std::optional<Fetched::Claim> to_claim(std::string_view word) {
    using enum Fetched::Claim;
    if (word == "none") return none;
    if (word == "ours") return ours;
    if (word == "theirs") return theirs;
    return std::nullopt;
}

std::optional<Duration> to_time(const Reply& reply, Milliseconds shortest) {
    if (!reply.is(Reply::Type::integer)) return std::nullopt;
    const Milliseconds time{reply.integer};
    if (time < shortest || time > store_rules::longest) return std::nullopt;
    return time;
}

// An array of that word alone.
bool is_word(const Reply& reply, std::string_view word) {
    return reply.items.size() == 1 && reply.items[0].text == word;
}

// What all keys have in common.
std::optional<Error> wrong_with_fetched(const char* operation, std::size_t keys,
                                        const Result<Reply>& reply) {
    if (!reply) return reply.error();
    if (is_word(*reply, "prefixes")) return store_rules::too_many_prefixes(operation);
    const auto& items = reply->items;
    if (items.size() == keys + 1 && wire::parse_hex(items[0].text)) return std::nullopt;
    return unexpected_reply(operation, *reply);
}

Result<std::optional<Fetched>> to_fetched_key(const char* operation, Epoch epoch, Reply& reply) {
    std::vector<Reply>& items = reply.items;
    if (is_word(reply, "large")) {
        return fail(Errc::too_large, operation,
                    "the value in the store is larger than " +
                        std::to_string(Store::value_bytes_max) + " bytes");
    }
    if (items.size() != 5 && items.size() != 6) return fail(unexpected_reply(operation, reply));
    const auto claim = to_claim(items[0].text);
    const auto left = to_time(items[1], Milliseconds{0});
    const auto age = to_time(items[3], Milliseconds{0});
    const auto fresh = to_time(items[4], -store_rules::longest);
    const bool found = items[2].is(Reply::Type::text);
    auto tags = wire::decode_tags(items.size() == 6 ? std::string_view(items[5].text) : "");
    if (!claim || !left || !age || !fresh || !tags || (!found && !items[2].is(Reply::Type::nil)) ||
        (!found && *claim == Fetched::Claim::none)) {
        return fail(unexpected_reply(operation, reply));
    }
    Fetched fetched{.value = std::nullopt, .claim = *claim, .claim_left = *left, .epoch = epoch};
    if (found) {
        fetched.value = StoredValue{.bytes = std::move(items[2].text),
                                    .age = *age,
                                    .fresh = *fresh,
                                    .tags = *std::move(tags)};
    }
    return fetched;
}

Result<Filled> to_filled_key(const char* operation, const Reply& reply) {
    if (reply.is(Reply::Type::text)) {
        if (reply.text == "stored") return Filled::stored;
        if (reply.text == "claim_lost") return Filled::claim_lost;
        if (reply.text == "kept_better") return Filled::kept_better;
        if (reply.text == "prefixes") return fail(store_rules::too_many_prefixes(operation));
    }
    return fail(unexpected_reply(operation, reply));
}

}  // namespace

std::string form_word(ValueAddress::Form form) { return std::string(to_string(form)); }

std::string time_word(store_rules::Milliseconds time) { return std::to_string(time.count()); }

std::string rank_word(std::int64_t rank) {
    return wire::hex(static_cast<std::uint64_t>(rank) ^ (std::uint64_t{1} << 63));
}

std::vector<Result<std::optional<Fetched>>> to_fetched(const char* operation, std::size_t keys,
                                                       Result<Reply> reply) {
    std::vector<Result<std::optional<Fetched>>> fetched;
    fetched.reserve(keys);
    if (auto error = wrong_with_fetched(operation, keys, reply)) {
        fetched.assign(keys, fail(*std::move(error)));
        return fetched;
    }
    const Epoch epoch{*wire::parse_hex(reply->items[0].text)};
    for (std::size_t i = 1; i <= keys; ++i) {
        Reply& item = reply->items[i];
        if (is_word(item, "later") && keys > 1) {
            fetched.emplace_back(std::nullopt);
        } else {
            fetched.emplace_back(to_fetched_key(operation, epoch, item));
        }
    }
    return fetched;
}

std::vector<Result<Filled>> to_filled(const char* operation, std::size_t keys,
                                      Result<Reply> reply) {
    std::vector<Result<Filled>> filled;
    filled.reserve(keys);
    if (!reply) {
        filled.assign(keys, fail(std::move(reply).error()));
    } else if (reply->items.size() != keys) {
        filled.assign(keys, fail(unexpected_reply(operation, *reply)));
    } else {
        for (const Reply& item : reply->items) filled.push_back(to_filled_key(operation, item));
    }
    return filled;
}

}  // namespace tutti::redis
