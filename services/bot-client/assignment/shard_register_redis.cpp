#include "bot-client/assignment/shard_register_redis.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "bot-client/assignment/scripts.hpp"
#include "bot-client/assignment/shard_record.hpp"

namespace tutti::services::bot::assignment {
namespace {

using redis::RedisReply;

std::optional<std::uint32_t> shard_in(std::string_view text) {
    std::uint32_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

// A field that is none of ours is not looked at.
void take_field(Register& to, std::string_view field, const std::string& value) {
    if (field == "count") {
        const auto count = shard_in(value);
        to.count = count && *count <= shard_count_max ? *count : 0;
    } else if (field.starts_with('s')) {
        if (const auto shard = shard_in(field.substr(1))) to.records.emplace(*shard, value);
    } else if (field.starts_with('m') && is_word(field.substr(1))) {
        to.beats.emplace(field.substr(1), value);
    }
}

std::vector<std::string> words_of(const Exchange& exchange, const std::string& key) {
    std::vector<std::string> words{"1",
                                   key,
                                   exchange.server,
                                   std::to_string(exchange.count),
                                   std::to_string(exchange.recount),
                                   exchange.member,
                                   exchange.beat,
                                   std::to_string(exchange.forgotten.size())};
    for (const auto& gone : exchange.forgotten) {
        words.insert(words.end(), {gone.member, gone.beat});
    }
    for (const auto& write : exchange.writes) {
        words.insert(words.end(),
                     {std::to_string(write.shard), write.expected, write.stamp, write.content});
    }
    return words;
}

}  // namespace

Result<Register> read_register(const RedisReply& reply) {
    const auto& parts = reply.elements;
    const auto now = parts.size() < 2
                         ? std::nullopt
                         : process::read_unix_time(std::chrono::milliseconds(parts[1].integer));
    if (parts.size() != 3 || !is_word(parts[0].text) || !now || parts[2].elements.size() % 2 != 0) {
        return fail(Errc::protocol, "exchange shards",
                    "the script answered something else than it can");
    }
    Register found{.server = parts[0].text, .now = *now};
    const auto& fields = parts[2].elements;
    for (std::size_t i = 0; i < fields.size(); i += 2) {
        take_field(found, fields[i].text, fields[i + 1].text);
    }
    return found;
}

Result<Register> RedisShardRegister::exchange(const Exchange& exchange, TimePoint deadline) {
    const auto reply = redis_.run(scripts::exchange, words_of(exchange, key_), deadline);
    if (!reply) return fail(reply.error());
    return read_register(*reply);
}

}  // namespace tutti::services::bot::assignment
