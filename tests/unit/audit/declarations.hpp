// The ten caches that the audit lists, declared with their patterns, for the tests of this folder.
// The two maps that the audit found unbounded have a bound here: without one nothing starts.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti::audit_test {

using namespace std::chrono_literals;

inline Declaration channel_activation() {
    return {
        .name = "channel-activation",
        .caches = "channel activation status",
        .pattern = Pattern::coherent,
        .need = {.stale = Stale::wrong},
        .memory_ttl = 30s,
        .bound = entries(1000),
        .channel = "cache:channel-activation-invalidation",
        .foreign_publishers = true,
    };
}

// As the audit found it, before it was resolved.
inline Declaration local_channel_activation() {
    Declaration declaration = channel_activation();
    declaration.pattern = Pattern::local;
    declaration.channel.clear();
    declaration.foreign_publishers = false;
    return declaration;
}

inline Declaration in_memory(std::string name, Pattern pattern, Need need, Ttl ttl, Bound bound) {
    return {.name = std::move(name),
            .caches = "something",
            .pattern = pattern,
            .need = need,
            .memory_ttl = ttl,
            .bound = bound};
}

inline Declaration in_store(std::string name, Pattern pattern, Need need, Ttl ttl) {
    return {.name = std::move(name),
            .caches = "something",
            .pattern = pattern,
            .need = need,
            .store_ttl = ttl};
}

inline Declaration autocomplete() {
    return in_memory("autocomplete", Pattern::local, {.stale = Stale::acceptable}, 60s,
                     entries(500));
}

inline Declaration notification() {
    return in_memory("notification", Pattern::cooldown,
                     {.stale = Stale::acceptable, .rate_limit = true}, 1h, entries(10'000));
}

inline Declaration global_config() {
    return in_memory("global-config", Pattern::local, {.stale = Stale::acceptable}, 60s,
                     entries(1));
}

inline Declaration personality() {
    Declaration declaration =
        in_memory("personality", Pattern::coherent, {.stale = Stale::wrong}, 5min, entries(100));
    declaration.channel = "cache:invalidation";
    return declaration;
}

inline Declaration model_capability() {
    return in_memory("model-capability", Pattern::near,
                     {.stale = Stale::acceptable, .read_heavy = true}, 5min, entries(500));
}

inline Declaration openrouter_models() {
    Declaration declaration =
        in_memory("openrouter-models", Pattern::shared,
                  {.stale = Stale::acceptable, .expensive_source = true}, 5min, entries(1));
    declaration.store_ttl = 24h;
    return declaration;
}

inline Declaration vision_description() {
    return in_store("vision-description", Pattern::shared,
                    {.stale = Stale::acceptable, .expensive_source = true}, 1h);
}

inline Declaration voice_transcript() {
    return in_store("voice-transcript", Pattern::shared,
                    {.stale = Stale::acceptable, .expensive_source = true}, 5min);
}

inline Declaration request_dedup() {
    return in_store("request-dedup", Pattern::reservation,
                    {.stale = Stale::wrong, .once_in_fleet = true}, 5s);
}

inline std::vector<Declaration> all_declarations() {
    return {channel_activation(), autocomplete(),     notification(),      global_config(),
            personality(),        model_capability(), openrouter_models(), vision_description(),
            voice_transcript(),   request_dedup()};
}

inline InventoryRow row(Declaration declaration, std::string node = "",
                        CacheCounters counters = {}) {
    return {.service = "bot-client",
            .node = std::move(node),
            .declaration = std::move(declaration),
            .counters = counters};
}

}  // namespace tutti::audit_test
