// The five channels on which the services tell each other, and programs that know nothing of Tutti,
// what to forget, and the shape of the events on each. An event is one of
//     {"type":"<type>","<key>":"<id>"}    {"type":"all"}
// with exactly these members.
//
//     auto options = subscribed_to(persona_events, CacheOptions<...>{...});  // a cache that hears
//     auto personas = declare_invalidation(node, persona_events);  // a process that only tells
//     personas.invalidate(discord_id);
//
// Thread-safety: declare from one thread and before `Node::start`; the services from any thread.
// All channels of a process share the node's one subscription connection.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/invalidation.hpp"
#include "tutti/invalidator.hpp"
#include "tutti/key.hpp"
#include "tutti/node.hpp"
#include "tutti/options.hpp"

namespace tutti::services::caches {

struct InvalidationEvents {
    std::string_view name;
    std::string_view channel;
    std::string_view type;
    std::string_view key;
    std::string_view what;  // in words, for the audit
};

inline constexpr InvalidationEvents personality_events{.name = "personality-invalidation",
                                                       .channel = "cache:invalidation",
                                                       .type = "personality",
                                                       .key = "personalityId",
                                                       .what = "personalities"};
inline constexpr InvalidationEvents channel_activation_events{
    .name = "channel-activation-invalidation",
    .channel = "cache:channel-activation-invalidation",
    .type = "channel",
    .key = "channelId",
    .what = "channel activation status"};
inline constexpr InvalidationEvents api_key_events{.name = "api-key-invalidation",
                                                   .channel = "cache:api-key-invalidation",
                                                   .type = "user",
                                                   .key = "discordId",
                                                   .what = "API keys by user"};
inline constexpr InvalidationEvents llm_config_events{.name = "llm-config-invalidation",
                                                      .channel = "cache:llm-config-invalidation",
                                                      .type = "user",
                                                      .key = "discordId",
                                                      .what = "model choices by user"};
// On the same channel: the caches whose keys are configurations.
inline constexpr InvalidationEvents llm_config_row_events{
    .name = "llm-config-row-invalidation",
    .channel = "cache:llm-config-invalidation",
    .type = "config",
    .key = "configId",
    .what = "model configurations"};
inline constexpr InvalidationEvents persona_events{.name = "persona-invalidation",
                                                   .channel = "cache:persona-invalidation",
                                                   .type = "user",
                                                   .key = "discordId",
                                                   .what = "personas by user"};

// The declaration of a cache that these events invalidate, also when a foreign program publishes
// them.
template <Key K, class V>
[[nodiscard]] CacheOptions<K, V> subscribed_to(const InvalidationEvents& events,
                                               CacheOptions<K, V> options) {
    options.channel = events.channel;
    options.plain = PlainEvent{.type = std::string(events.type), .key = std::string(events.key)};
    options.foreign_publishers = true;
    return options;
}

// One event as an operator asks for it.
struct PersonalityEvent {
    std::optional<std::string> personality_id;  // nothing: all

    friend bool operator==(const PersonalityEvent&, const PersonalityEvent&) = default;
};

// The telling side of a channel.
class InvalidationService {
public:
    explicit InvalidationService(Invalidator<std::string> channel) : channel_(std::move(channel)) {}

    // Publishes the event. Call it after the change is committed. Blocking: at most `deadline`. An
    // outcome that is not published is retried in the background; see tutti::Invalidation.
    Invalidation invalidate(const std::string& key, Duration deadline = deadline_default) const {
        return channel_.invalidate(key, {.deadline = deadline});
    }
    Invalidation invalidate_all(Duration deadline = deadline_default) const {
        return channel_.invalidate_all({.deadline = deadline});
    }

    [[nodiscard]] const Invalidator<std::string>& invalidator() const noexcept { return channel_; }

    static constexpr Duration deadline_default = std::chrono::seconds{2};

private:
    Invalidator<std::string> channel_;
};

[[nodiscard]] InvalidationService declare_invalidation(Node& node,
                                                       const InvalidationEvents& events);

}  // namespace tutti::services::caches
