#include "redis/value_reply.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "coherence/store_rules.hpp"
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

}  // namespace

std::string form_word(Place::Form form) { return form == Place::Form::raw ? "raw" : "framed"; }

std::string rank_word(std::int64_t rank) {
    return wire::hex(static_cast<std::uint64_t>(rank) ^ (std::uint64_t{1} << 63));
}

Result<Fetched> to_fetched(const char* operation, Result<Reply> reply) {
    if (!reply) return fail(std::move(reply).error());
    std::vector<Reply>& items = reply->items;
    if (items.size() == 1 && items[0].text == "large") {
        return fail(Errc::too_large, operation,
                    "the value in the store is larger than " +
                        std::to_string(Store::value_bytes_max) + " bytes");
    }
    if (items.size() == 1 && items[0].text == "prefixes") {
        return fail(store_rules::too_many_prefixes(operation));
    }
    if (items.size() != 5) return fail(unexpected_reply(operation, *reply));
    const auto claim = to_claim(items[0].text);
    const auto left = to_time(items[1], Milliseconds{0});
    const auto age = to_time(items[3], Milliseconds{0});
    const auto fresh = to_time(items[4], -store_rules::longest);
    const bool found = items[2].is(Reply::Type::text);
    if (!claim || !left || !age || !fresh || (!found && !items[2].is(Reply::Type::nil)) ||
        (!found && *claim == Fetched::Claim::none)) {
        return fail(unexpected_reply(operation, *reply));
    }
    Fetched fetched{.value = std::nullopt, .claim = *claim, .claim_left = *left};
    if (found) {
        fetched.value =
            StoredValue{.bytes = std::move(items[2].text), .age = *age, .fresh = *fresh};
    }
    return fetched;
}

Result<Filled> to_filled(const char* operation, Result<Reply> reply) {
    if (!reply) return fail(std::move(reply).error());
    if (reply->is(Reply::Type::text)) {
        if (reply->text == "stored") return Filled::stored;
        if (reply->text == "claim_lost") return Filled::claim_lost;
        if (reply->text == "kept_better") return Filled::kept_better;
        if (reply->text == "prefixes") return fail(store_rules::too_many_prefixes(operation));
    }
    return fail(unexpected_reply(operation, *reply));
}

}  // namespace tutti::redis
