// What the events of Discord say about servers and channels, as far as the bot needs it: where a
// channel is, whether it is a thread, and names for lists. Nothing is kept of members, roles and
// messages.
//
// Bounded: what was used the longest ago goes when there is no room, and is then not known here;
// `ChannelPlaces` asks Discord for it. An idle server costs about 220 bytes and 150 for each of its
// channels; names are cut at 400 bytes, as long as Discord's may be.
//
// Thread-safety: all functions may be called from any thread. Blocking: never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bot-client/discord.hpp"
#include "tutti/error.hpp"
#include "tutti/memory_cache.hpp"

namespace tutti::services::bot::events {

struct ChannelPlace {
    std::string guild_id{};   // empty: a direct message
    std::string thread_of{};  // the channel around it; empty: it is no thread

    friend bool operator==(const ChannelPlace&, const ChannelPlace&) = default;
};

class KnownChannels final : public Directory {
public:
    struct Options {
        std::size_t guilds_max = 10'000;
        std::size_t channels_max = 250'000;  // threads included
    };

    explicit KnownChannels(Options options);
    KnownChannels() : KnownChannels(Options{}) {}

    // Whether an event of this name says anything about channels.
    [[nodiscard]] static bool concerned_by(std::string_view event) noexcept;
    // Errors: protocol, too_large: the event says nothing that can be read, and changes nothing.
    Result<void> apply(std::string_view event, std::string_view frame);
    // The object of a channel, as GET /channels/{} answers it. Errors: as above.
    Result<ChannelPlace> learn(std::string_view channel);

    [[nodiscard]] std::optional<ChannelPlace> place_of(const std::string& channel_id) const;

    [[nodiscard]] std::optional<std::string> guild_of(const std::string& channel_id) const override;
    [[nodiscard]] std::optional<std::string> channel_name(
        const std::string& channel_id) const override;
    [[nodiscard]] std::optional<std::string> guild_name(const std::string& guild_id) const override;

    [[nodiscard]] std::size_t guilds() const { return guilds_.size(); }
    [[nodiscard]] std::size_t channels() const { return channels_.size(); }

private:
    using Id = std::uint64_t;
    struct Known {
        Id guild = 0;      // 0: none
        Id thread_of = 0;  // 0: it is no thread
        std::string name;
    };
    struct Writer;

    [[nodiscard]] std::optional<Known> known(const std::string& channel_id) const;

    mutable MemoryCache<Id, std::string> guilds_;  // their names
    mutable MemoryCache<Id, Known> channels_;
};

}  // namespace tutti::services::bot::events
