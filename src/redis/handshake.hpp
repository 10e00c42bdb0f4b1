// What both connections say first, and what they make of the answers: AUTH, SELECT, CLIENT SETNAME
// and INFO in one write. A server that is too old, a replica, a cluster node, or no Redis at all is
// refused here with a reason, on every connect: servers change between two of them.
//
// No I/O. Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redis/reply.hpp"
#include "tutti/error.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

// What INFO says.
struct ServerFacts {
    std::string product = "Redis";  // or "Valkey", or what else it calls itself
    std::string version;            // of the product: Valkey 8.1 says that it is Redis 7.2.4, too
    std::string run_id = {};        // of this server process; empty: it does not say
    std::string eviction_policy;    // "noeviction"; keys of the log must not be evicted
    std::uint64_t replicas = 0;     // that are connected
    enum class Kind : std::uint8_t { primary, replica, cluster, sentinel } kind = Kind::primary;
    bool loading = false;
    // How many replicas are near enough for min-replicas-to-write; absent: that is not set.
    std::optional<std::uint64_t> good_replicas = {};
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_bytes_max = 0;  // 0: no limit
    bool appends_only_file = false;      // appendonly
    bool cannot_persist = false;         // the last save or write of the file failed

    [[nodiscard]] bool is_old() const;  // too old for a node
    [[nodiscard]] std::string name() const { return product + " " + version; }
};

class Handshake {
public:
    // The login alone: AUTH and SELECT, as far as the URL asks for them. Then there may be nothing
    // to say.
    explicit Handshake(const Url& url);
    // A client name may have no blanks; a user who may not set it goes without. When the URL names
    // Sentinels, they may say where a primary was: a replica there is no error that stays.
    Handshake(const Url& url, std::string_view client_name);

    [[nodiscard]] const std::string& request() const noexcept { return request_; }
    // How many replies answer the request.
    [[nodiscard]] std::size_t replies() const noexcept { return steps_.size(); }
    // Of the login. Requires: so many replies, in order.
    [[nodiscard]] Result<void> judge_login(const std::vector<Reply>& replies) const;
    // Of all. Requires: so many replies, in order.
    [[nodiscard]] Result<ServerFacts> judge(const std::vector<Reply>& replies) const;

private:
    enum class Step : std::uint8_t { auth, select, set_name, info };

    Result<void> judge_step(Step step, const Reply& reply) const;

    std::string request_;
    std::vector<Step> steps_;
    std::uint32_t database_;
    bool default_user_;
    bool found_by_sentinels_ = false;
};

// Whatever the server is. Errors: unsupported, when it is no Redis.
[[nodiscard]] Result<ServerFacts> read_info(std::string_view info);
// The same of a server that a node can use.
[[nodiscard]] Result<ServerFacts> judge_info(std::string_view info);

}  // namespace tutti::redis
