// All that there is at this Discord, and what of it has to be told. It decides nothing: who may do
// what is in the files beside it.
//
// Bounds. Of a channel the newest messages are kept; of everything else what is over its bound is
// refused.
//
// Thread-safety: none. Pointers and references to what it keeps live until that is removed; a
// message's until the next one of its channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/process/secret.hpp"
#include "common/process/timestamps.hpp"
#include "discord-stand-in/world/entities.hpp"
#include "discord-stand-in/world/events.hpp"
#include "discord-stand-in/world/refusal.hpp"

namespace tutti::services::discord::world {

class World {
public:
    struct Limits {
        std::size_t messages_per_channel = 1'000;
        std::size_t guilds_max = 20'000;
        std::size_t channels_max = 100'000;
        std::size_t users_max = 1'000'000;
        std::size_t webhooks_per_channel = 15;
        std::size_t events_max = 100'000;  // that were not taken
    };
    struct Options {
        process::Secret token;
        std::string name = "tutti";
        std::string public_key{};   // of the application's HTTP interactions
        std::uint16_t machine = 0;  // below `machines_max`
        Limits limits{};
    };
    struct Application {
        Snowflake id = 0;
        std::string name{};
        std::string public_key{};
        Snowflake bot = 0;
        Snowflake owner = 0;
    };

    World(Options options, process::UnixTime now);

    [[nodiscard]] const Application& application() const noexcept { return application_; }
    [[nodiscard]] const process::Secret& token() const noexcept { return options_.token; }
    // As Discord does with the token of a bot that began too many sessions.
    void revoke_token() { options_.token = process::Secret(); }
    [[nodiscard]] Snowflake new_id(process::UnixTime now) { return ids_.next(now); }

    [[nodiscard]] const User* user(Snowflake id) const;
    [[nodiscard]] Guild* guild(Snowflake id);
    [[nodiscard]] const Guild* guild(Snowflake id) const;
    [[nodiscard]] Channel* channel(Snowflake id);
    [[nodiscard]] const Channel* channel(Snowflake id) const;
    [[nodiscard]] Webhook* webhook(Snowflake id);
    [[nodiscard]] const std::map<Snowflake, User>& users() const noexcept { return users_; }
    [[nodiscard]] const std::map<Snowflake, Guild>& guilds() const noexcept { return guilds_; }
    [[nodiscard]] const std::map<Snowflake, Channel>& channels() const noexcept {
        return channels_;
    }
    [[nodiscard]] const std::map<Snowflake, Webhook>& webhooks() const noexcept {
        return webhooks_;
    }
    [[nodiscard]] static Message* message(Channel& channel, Snowflake id);
    [[nodiscard]] static const Message* message(const Channel& channel, Snowflake id);

    // An id of zero stands for a new one. Refused: taken, or too many.
    Outcome<User*> add(User user, process::UnixTime now);
    // With the bot in it, and the owner; nothing is told yet.
    Outcome<Guild*> add(Guild guild, process::UnixTime now);
    Outcome<Channel*> add(Channel channel, process::UnixTime now);
    Outcome<Webhook*> add(Webhook webhook, process::UnixTime now);
    Message& keep(Channel& channel, Message message) const;

    void remove_channel(Snowflake id);
    void remove_webhook(Snowflake id) { webhooks_.erase(id); }

    // What a user may in that channel's server.
    [[nodiscard]] Permissions permissions(const Channel& channel, Snowflake user) const;
    // What the bot may there; a thread is as its channel.
    [[nodiscard]] Permissions bot_permissions(const Channel& channel) const;
    // The channel, when the bot sees it and may do this there.
    Outcome<Channel*> for_bot(Snowflake channel, Permissions needed);

    // For the gateway.
    void tell(Event event);
    [[nodiscard]] std::vector<Event> take_events() { return std::exchange(events_, {}); }

    // Commands of the application by scope: 0 for everywhere, else a server.
    [[nodiscard]] std::map<Snowflake, JsonArray>& commands() noexcept { return commands_; }
    [[nodiscard]] const std::map<Snowflake, JsonArray>& commands() const noexcept {
        return commands_;
    }

private:
    template <class Entity>
    Outcome<Entity*> put(std::map<Snowflake, Entity>& all, Entity entity, std::size_t most,
                         Snowflake fresh);

    Options options_;
    Snowflakes ids_;
    Application application_;
    std::map<Snowflake, User> users_;
    std::map<Snowflake, Guild> guilds_;
    std::map<Snowflake, Channel> channels_;
    std::map<Snowflake, Webhook> webhooks_;
    std::map<Snowflake, JsonArray> commands_;
    std::vector<Event> events_;
};

}  // namespace tutti::services::discord::world
