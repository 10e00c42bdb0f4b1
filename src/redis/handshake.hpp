// What both connections say first, and what they make of the answers: AUTH, SELECT, CLIENT SETNAME and
// INFO in one write. A server that is too old, a replica, a cluster node, or no Redis at all is refused
// here with a reason, on every connect: servers change between two of them.
//
// No I/O. Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "redis/reply.hpp"
#include "redis/url.hpp"
#include "tutti/error.hpp"

namespace tutti::redis {

struct ServerFacts {
    std::string version;
    std::string eviction_policy;  // "noeviction"; keys of the log must not be evicted
    std::uint64_t replicas = 0;
};

class Handshake {
public:
    // A client name may have no blanks; a user who may not set it goes without.
    Handshake(const Url& url, std::string_view client_name);

    [[nodiscard]] const std::string& request() const noexcept { return request_; }
    // How many replies answer the request.
    [[nodiscard]] std::size_t replies() const noexcept { return steps_.size(); }
    // Requires: so many replies, in order.
    [[nodiscard]] Result<ServerFacts> judge(const std::vector<Reply>& replies) const;

private:
    enum class Step : std::uint8_t { auth, select, set_name, info };

    Result<void> judge_step(Step step, const Reply& reply) const;

    std::string request_;
    std::vector<Step> steps_;
    std::uint32_t database_;
    bool default_user_;
};

// The INFO text of a server that a node can use.
[[nodiscard]] Result<ServerFacts> judge_info(std::string_view info);

}  // namespace tutti::redis
