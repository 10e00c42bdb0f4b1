// Commands in the bytes of the protocol, and what a server's refusal means to a caller.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "redis/reply.hpp"
#include "tutti/error.hpp"

namespace tutti::redis {

// `encode({"GET", key})`
[[nodiscard]] std::string encode(std::span<const std::string_view> words);
[[nodiscard]] std::string encode(std::initializer_list<std::string_view> words);

// What a Tutti node must be allowed to do, as the operator has to type it.
inline constexpr std::string_view acl_rule =
    "ACL SETUSER <user> +eval +evalsha +info +subscribe +ping +get +mget +set +strlen +pttl +del "
    "+unlink "
    "+scan +hget +hgetall +hmget +hset +hdel +zadd +zcard +zrange +zrem +xadd +xrange +xtrim "
    "+publish "
    "~tutti:* &tutti:* &cache:* "
    "~<the prefix of your own keys>*";

// The error of a reply that is one. Never quotes what was sent.
[[nodiscard]] Error to_error(std::string operation, const Reply& error);

// A reply that is an error, or not of the type that the operation has, becomes an Error.
[[nodiscard]] Error unexpected_reply(std::string operation, const Reply& reply);

}  // namespace tutti::redis
