// Where a Redis is and how to log in, from the URL in REDIS_URL:
//
//     redis://[[user]:password@]host[:port][/database]
//     unix://[[user]:password@]/path/to.sock[?db=database]
//
// No error text quotes any part of the URL: where it is malformed, nobody knows which part the password
// is. Thread-safety: a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/secret.hpp"
#include "tutti/error.hpp"

namespace tutti::services {

struct RedisAddress {
    std::string host;  // empty: `path` is used
    std::uint16_t port = 6379;
    std::string path;
    std::string user;  // empty: the default user
    Secret password;
    std::uint32_t database = 0;

    // Errors: invalid_option.
    [[nodiscard]] static Result<RedisAddress> parse(std::string_view url);
};

}  // namespace tutti::services
