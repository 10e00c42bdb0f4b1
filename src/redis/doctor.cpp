#include "redis/doctor.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "coherence/copies.hpp"

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
    if (!facts.is_old()) return good("version", facts.name(), "");
    return {"version", facts.name(), Verdict::problem,
            "a node does not start: its scripts need 7.0", "install Redis 7.0 or newer"};
}

Finding judge_kind(const ServerFacts& facts) {
    switch (facts.kind) {
    case Kind::primary: break;
    case Kind::replica:
        return {"role", "replica", Verdict::problem,
                "a node does not start: a replica is read-only",
                "name the primary in the URL, or Sentinels that know it (redis+sentinel://)"};
    case Kind::cluster:
        return {"role", "cluster", Verdict::problem,
                "a node does not start: Redis Cluster is not supported in this version",
                "use a server of its own, with cluster-enabled no"};
    case Kind::sentinel:
        return {"role", "sentinel", Verdict::problem, "a node does not start: it holds no data",
                "name the primary in the URL, or begin it with redis+sentinel://"};
    }
    if (!facts.loading) return good("role", "primary", "");
    return {"role", "primary, loading", Verdict::warning,
            "a node waits until the server has read its data", "ask again later"};
}

// What `done` means there, and a lease.
Finding judge_replicas(const ServerFacts& facts, const Url& url) {
    const std::string attached = std::to_string(facts.replicas);
    const bool may_have_some = facts.replicas > 0 || url.sentinel.has_value();
    if (url.replicas == 0 && !may_have_some) {
        return good("replicas", attached,
                    "`done` is promised: no other server can take the place of this one");
    }
    if (url.replicas == 0) {
        return {"replicas", attached + ", the URL tells of none", Verdict::warning,
                "replication is asynchronous: an invalidation that a failover loses is not made up "
                "for, a cache may serve the old value until its TTL, and who asks for `done` gets "
                "`unconfirmed`",
                "add ?replicas=" + std::to_string(std::max<std::uint64_t>(facts.replicas, 1)) +
                    " to the URL: how many this server has or may be given"};
    }
    const std::string found = attached + " of " + std::to_string(url.replicas);
    const std::uint64_t needed = Copies(url.replicas).needed();
    if (facts.replicas > url.replicas) {
        return {"replicas", found, Verdict::warning,
                "a failover to one that is not counted may lose an invalidation: who asks for "
                "`done` gets `unconfirmed`",
                "set ?replicas=" + attached + " in the URL of every node"};
    }
    if (facts.replicas < needed) {
        return {"replicas", found, Verdict::problem,
                "no lease is granted and no invalidation counts: caches ask the source",
                "start replicas: at least " + std::to_string(needed) + " must be attached"};
    }
    if (facts.replicas == needed && url.replicas < 2) {
        return {"replicas", found, Verdict::warning,
                "`done` is promised across a failover; while the one replica is away no lease is "
                "granted, and caches ask the source",
                "have two replicas, so that one may be away"};
    }
    return good("replicas", found,
                "`done` is promised across a failover: it waits for " + std::to_string(needed) +
                    " of them");
}

// Where a cut-off primary takes no writes, its nodes find out sooner, and no write is lost with it.
Finding judge_min_replicas(const ServerFacts& facts, const Url& url,
                           const std::optional<std::string>& setting) {
    const std::string subject = "min-replicas-to-write";
    const bool is_set = facts.good_replicas || (setting && *setting != "0");
    const bool replicated = facts.replicas > 0 || url.replicas > 0 || url.sentinel;
    const std::string found = setting ? shown(*setting, shown_bytes_max) : is_set ? "set" : "0";
    if (!replicated || is_set) return good(subject, found, "");
    return {
        subject, found, Verdict::warning,
        "a primary that is cut off goes on taking writes, which are lost; no promise depends on "
        "it",
        "set min-replicas-to-write 1 and min-replicas-max-lag 10"};
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

// One alone loses an acknowledged write when it restarts from its file, and begins another epoch.
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

Finding judge_sentinels(const SentinelGroup& group) {
    const std::string found = std::to_string(group.sentinels.size());
    if (group.sentinels.size() >= 3) return good("sentinels", found, "");
    return {"sentinels", found, Verdict::warning,
            "when those are away a node does not find the primary; a failover itself takes a "
            "majority of all Sentinels",
            "run three, on machines of their own, and name all of them in the URL"};
}

bool stays_on_this_machine(const Url& url) {
    if (url.sentinel) return false;
    return url.is_unix() || url.host == "localhost" || url.host == "::1" ||
           url.host.starts_with("127.");
}

}  // namespace

std::vector<Finding> judge_server(const ServerFacts& facts, const Url& url) {
    return {judge_version(facts),  judge_kind(facts),   judge_replicas(facts, url),
            judge_eviction(facts), judge_memory(facts), judge_writing(facts)};
}

std::vector<Finding> judge_settings(const ServerFacts& facts, const Url& url,
                                    const ServerSettings& settings) {
    return {judge_buffers(settings.output_buffers), judge_persistence(facts, settings.save),
            judge_min_replicas(facts, url, settings.min_replicas)};
}

std::vector<Finding> judge_url(const Url& url) {
    std::vector<Finding> findings;
    if (url.sentinel) findings.push_back(judge_sentinels(*url.sentinel));
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
