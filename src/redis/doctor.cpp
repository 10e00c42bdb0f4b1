#include "redis/doctor.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace tutti::redis {
namespace {

using Kind = ServerFacts::Kind;

constexpr const char* ask_for_config = "to know, grant this user +config|get";

Finding good(std::string subject, std::string found, std::string means) {
    return {.subject = std::move(subject),
            .found = std::move(found),
            .verdict = Verdict::ok,
            .means = std::move(means),
            .advice = {}};
}

Finding judge_version(const ServerFacts& facts) {
    if (!facts.is_old()) return good("version", facts.version, "");
    return {"version", facts.version, Verdict::problem,
            "a node does not start: its scripts need 7.0", "install Redis 7.0 or newer"};
}

Finding judge_kind(const ServerFacts& facts) {
    switch (facts.kind) {
    case Kind::primary: break;
    case Kind::replica:
        return {"role", "replica", Verdict::problem,
                "a node does not start: a replica is read-only", "name the primary in the URL"};
    case Kind::cluster:
        return {"role", "cluster", Verdict::problem,
                "a node does not start: Redis Cluster is not supported in this version",
                "use a server of its own, with cluster-enabled no"};
    case Kind::sentinel:
        return {"role", "sentinel", Verdict::problem, "a node does not start: it holds no data",
                "name the primary in the URL"};
    }
    if (!facts.loading) return good("role", "primary", "");
    return {"role", "primary, loading", Verdict::warning,
            "a node waits until the server has read its data", "ask again later"};
}

Finding judge_replicas(const ServerFacts& facts) {
    const std::string count = std::to_string(facts.replicas);
    if (facts.replicas == 0) return good("replicas", count, "");
    return {
        "replicas", count, Verdict::warning,
        "replication is asynchronous: an invalidation that a failover loses is not made up for, "
        "a cache may serve the old value until its TTL, and who asks for `done` gets `unconfirmed`",
        "fail over by restarting the primary, or keep the TTLs as short as that may last"};
}

Finding judge_eviction(const ServerFacts& facts) {
    const std::string policy = shown(facts.eviction_policy, shown_bytes_max);
    if (!policy.starts_with("allkeys")) return good("maxmemory-policy", policy, "");
    if (facts.memory_bytes_max == 0) {
        return good("maxmemory-policy", policy, "without maxmemory nothing is evicted");
    }
    return {"maxmemory-policy", policy, Verdict::warning,
            "it may evict the coordination keys: no old value is served then, but every cache is "
            "emptied",
            "set maxmemory-policy noeviction, or a volatile policy"};
}

std::string in_mib(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

Finding judge_memory(const ServerFacts& facts) {
    const std::string used = in_mib(facts.memory_bytes);
    if (facts.memory_bytes_max == 0) return good("maxmemory", used + " used, no limit", "");
    const std::string found = used + " used of " + in_mib(facts.memory_bytes_max);
    if (facts.memory_bytes < facts.memory_bytes_max / 10 * 9) return good("maxmemory", found, "");
    return {
        "maxmemory", found, Verdict::warning,
        "hardly anything is left: values are evicted or refused, and every such read goes to the "
        "source; invalidations are still taken",
        "raise maxmemory, or shorten the TTLs of the values"};
}

Finding judge_writing(const ServerFacts& facts) {
    if (!facts.cannot_persist) return good("last save", "ok", "");
    return {
        "last save", "failed", Verdict::problem,
        "while stop-writes-on-bgsave-error is set, the server refuses writes: neither leases nor "
        "invalidations go through",
        "see the server's log: the disk may be full; or set save \"\""};
}

std::optional<std::uint64_t> to_number(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

// The hard limit in "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60".
std::optional<std::uint64_t> pubsub_limit(std::string_view limits) {
    constexpr std::string_view name = "pubsub ";
    const std::size_t at = limits.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    limits.remove_prefix(at + name.size());
    return to_number(limits.substr(0, limits.find(' ')));
}

Finding judge_buffers(const std::optional<std::string>& limits) {
    const std::string subject = "client-output-buffer-limit pubsub";
    constexpr std::uint64_t few_bytes = 1UL << 20U;
    const auto bytes = limits ? pubsub_limit(*limits) : std::nullopt;
    if (!bytes) {
        return {subject, "", Verdict::unknown, "how far a node may fall behind is not known",
                ask_for_config};
    }
    if (*bytes == 0) {
        return {subject, "no limit", Verdict::warning,
                "for a node that reads nothing the server keeps everything, until it has no memory",
                "set client-output-buffer-limit \"pubsub 32mb 8mb 60\""};
    }
    const std::string found = std::to_string(*bytes) + " bytes";
    if (*bytes >= few_bytes) {
        return good(
            subject, found,
            "a node that falls further behind is cut off: it reads the log when it is back");
    }
    return {
        subject, found, Verdict::warning,
        "a short burst cuts nodes off: safe, as they read the log when they are back, but until "
        "then they ask the source",
        "set client-output-buffer-limit \"pubsub 32mb 8mb 60\""};
}

Finding judge_persistence(const ServerFacts& facts, const std::optional<std::string>& save) {
    const std::string subject = "persistence";
    if (facts.appends_only_file || (save && !save->empty())) {
        return good(
            subject,
            facts.appends_only_file ? "appendonly" : "save " + shown(*save, shown_bytes_max),
            "after a restart the values are as old as the file; every cache starts empty "
            "and every key is loaded again");
    }
    if (save) {
        return good(subject, "none", "after a restart the server and every cache start empty");
    }
    return {subject, "no appendonly", Verdict::unknown,
            "whether there are snapshots is not known; no promise depends on it", ask_for_config};
}

bool stays_on_this_machine(const Url& url) {
    return url.is_unix() || url.host == "localhost" || url.host == "::1" ||
           url.host.starts_with("127.");
}

}  // namespace

std::vector<Finding> judge_server(const ServerFacts& facts) {
    return {judge_version(facts),  judge_kind(facts),   judge_replicas(facts),
            judge_eviction(facts), judge_memory(facts), judge_writing(facts)};
}

std::vector<Finding> judge_settings(const ServerFacts& facts, const ServerSettings& settings) {
    return {judge_buffers(settings.output_buffers), judge_persistence(facts, settings.save)};
}

std::vector<Finding> judge_url(const Url& url) {
    std::vector<Finding> findings;
    if (url.tls) {
        findings.push_back(good("connection", "TLS", ""));
    } else if (stays_on_this_machine(url)) {
        findings.push_back(good("connection", "plain", "it does not leave this machine"));
    } else {
        findings.push_back({"connection", "plain", Verdict::warning,
                            "password and values cross the network for everyone to read and change",
                            "set tls-port and use rediss://"});
    }
    if (!url.password.empty()) {
        findings.push_back(
            good("login", url.user.empty() ? "default" : shown(url.user, shown_bytes_max), ""));
    } else if (url.is_unix()) {
        findings.push_back(good("login", "none", "the socket's permissions say who may connect"));
    } else {
        findings.push_back({"login", "none", Verdict::warning,
                            "whoever reaches the server may forge invalidations and read values",
                            "give the nodes a user of their own, by the rule above"});
    }
    return findings;
}

}  // namespace tutti::redis
