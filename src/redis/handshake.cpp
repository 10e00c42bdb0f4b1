#include "redis/handshake.hpp"

#include <charconv>
#include <string_view>
#include <utility>

#include "redis/command.hpp"

namespace tutti::redis {
namespace {

constexpr const char* handshake_operation = "redis handshake";
constexpr int major_version_min = 7;

// "redis_version:7.0.15" of INFO, or nothing.
std::string_view info_field(std::string_view info, std::string_view name) {
    for (std::size_t at = info.find(name); at != std::string_view::npos;
         at = info.find(name, at + 1)) {
        const bool at_line_start = at == 0 || info[at - 1] == '\n';
        const std::string_view rest = info.substr(at + name.size());
        if (!at_line_start || !rest.starts_with(':')) continue;
        return rest.substr(1, rest.find_first_of("\r\n") - 1);
    }
    return {};
}

std::uint64_t leading_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// A version is shown in errors, so it may only look like one.
std::string plain_version(std::string_view version) {
    constexpr std::size_t bytes_max = 32;
    return std::string(
        version.substr(0, std::min(version.find_first_not_of("0123456789."), bytes_max)));
}

// "Valkey". Shown, too.
std::string product_of(std::string_view info) {
    constexpr std::size_t bytes_max = 16;
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
    const std::string_view name = info_field(info, "server_name");
    const bool plain = name.find_first_not_of(letters) == std::string_view::npos;
    if (name.empty() || name.size() > bytes_max || !plain) return "Redis";
    std::string product(name);
    product[0] = static_cast<char>(product[0] - 'a' + 'A');
    return product;
}

// Under the product's own name, where it has one.
std::string version_of(std::string_view info) {
    const std::string_view name = info_field(info, "server_name");
    if (!name.empty()) {
        auto own = plain_version(info_field(info, std::string(name) + "_version"));
        if (!own.empty()) return own;
    }
    return plain_version(info_field(info, "redis_version"));
}

// It is shown, too.
std::string plain_run_id(std::string_view run_id) {
    constexpr std::size_t digits = 40;
    const bool hexadecimal = run_id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return run_id.size() == digits && hexadecimal ? std::string(run_id) : std::string();
}

ServerFacts::Kind kind_of(std::string_view info) {
    if (info_field(info, "redis_mode") == "sentinel") return ServerFacts::Kind::sentinel;
    if (info_field(info, "cluster_enabled") == "1") return ServerFacts::Kind::cluster;
    return info_field(info, "role") == "master" ? ServerFacts::Kind::primary
                                                : ServerFacts::Kind::replica;
}

}  // namespace

Handshake::Handshake(const Url& url) : database_(url.database), default_user_(url.user.empty()) {
    if (!url.password.empty()) {
        request_ += default_user_ ? encode({"AUTH", url.password})
                                  : encode({"AUTH", url.user, url.password});
        steps_.push_back(Step::auth);
    }
    if (database_ != 0) {
        request_ += encode({"SELECT", std::to_string(database_)});
        steps_.push_back(Step::select);
    }
}

Handshake::Handshake(const Url& url, std::string_view client_name) : Handshake(url) {
    found_by_sentinels_ = url.sentinel.has_value();
    if (!client_name.empty()) {
        request_ += encode({"CLIENT", "SETNAME", client_name});
        steps_.push_back(Step::set_name);
    }
    request_ += encode({"INFO"});
    steps_.push_back(Step::info);
}

Result<void> Handshake::judge_login(const std::vector<Reply>& replies) const {
    for (std::size_t i = 0; i < steps_.size() && steps_[i] != Step::info; ++i) {
        if (auto good = judge_step(steps_[i], replies[i]); !good) return good;
    }
    return {};
}

Result<ServerFacts> Handshake::judge(const std::vector<Reply>& replies) const {
    if (auto good = judge_login(replies); !good) return fail(good.error());
    const Reply& info = replies[steps_.size() - 1];
    if (auto good = judge_step(Step::info, info); !good) return fail(good.error());
    auto facts = judge_info(info.text);
    if (!facts && found_by_sentinels_ && kind_of(info.text) == ServerFacts::Kind::replica) {
        return fail(Errc::unavailable, handshake_operation,
                    "the Sentinels name this server, and it is a replica: a failover is under way");
    }
    return facts;
}

Result<void> Handshake::judge_step(Step step, const Reply& reply) const {
    if (step == Step::info && !reply.is(Reply::Type::text)) {
        return fail(unexpected_reply(handshake_operation, reply));
    }
    if (!reply.is(Reply::Type::error)) return {};
    // It passes: a server that is loading, or busy with a script.
    if (Error error = to_error(handshake_operation, reply); error.code == Errc::unavailable) {
        return fail(std::move(error));
    }
    switch (step) {
    case Step::auth:
        if (reply.is_error("WRONGPASS") || reply.is_error("DENIED")) {
            return fail(to_error(handshake_operation, reply));
        }
        // The server's own text may repeat what was sent.
        return fail(Errc::refused, handshake_operation,
                    default_user_
                        ? "the server does not accept the password: does it have one at all?"
                        : "the server does not accept user and password");
    case Step::select:
        if (reply.is_error("NOAUTH")) return fail(to_error(handshake_operation, reply));
        return fail(Errc::refused, handshake_operation,
                    "cannot use database " + std::to_string(database_) +
                        ": the server has fewer databases, or the user lacks +select");
    case Step::set_name:
    case Step::info: break;
    }
    return {};
}

bool ServerFacts::is_old() const { return leading_number(version) < major_version_min; }

Result<ServerFacts> read_info(std::string_view info) {
    const auto number = [&](std::string_view name) {
        return leading_number(info_field(info, name));
    };
    const auto failed = [&](std::string_view name) { return info_field(info, name) == "err"; };
    const std::string_view good = info_field(info, "min_slaves_good_slaves");
    ServerFacts facts{
        .product = product_of(info),
        .version = version_of(info),
        .run_id = plain_run_id(info_field(info, "run_id")),
        .eviction_policy = std::string(info_field(info, "maxmemory_policy")),
        .replicas = number("connected_slaves"),
        .kind = kind_of(info),
        .loading = info_field(info, "loading") == "1",
        .good_replicas = good.empty() ? std::nullopt : std::optional(leading_number(good)),
        .memory_bytes = number("used_memory"),
        .memory_bytes_max = number("maxmemory"),
        .appends_only_file = info_field(info, "aof_enabled") == "1",
        .cannot_persist = failed("rdb_last_bgsave_status") || failed("aof_last_write_status")};
    if (facts.version.empty()) {
        return fail(Errc::unsupported, handshake_operation,
                    "the server is not a Redis: INFO has no redis_version");
    }
    return facts;
}

Result<ServerFacts> judge_info(std::string_view info) {
    auto facts = read_info(info);
    if (!facts) return facts;
    if (facts->is_old()) {
        return fail(Errc::unsupported, handshake_operation,
                    "the server is " + facts->product + " " + facts->version +
                        "; Tutti needs 7.0 or newer");
    }
    if (facts->loading) {
        return fail(Errc::unavailable, handshake_operation, "the server is still loading its data");
    }
    switch (facts->kind) {
    case ServerFacts::Kind::primary: break;
    case ServerFacts::Kind::sentinel:
        return fail(Errc::unsupported, handshake_operation,
                    "this is a Sentinel: the URL must name the primary itself, or begin with "
                    "redis+sentinel://");
    case ServerFacts::Kind::cluster:
        return fail(Errc::unsupported, handshake_operation,
                    "Redis Cluster is not supported in this version");
    case ServerFacts::Kind::replica:
        return fail(Errc::refused, handshake_operation,
                    "this is a read-only replica: the URL must name the primary, or Sentinels that "
                    "know it (redis+sentinel://)");
    }
    return facts;
}

}  // namespace tutti::redis
