// Answers interactions, whichever wire they came by: `handle` is the one way in.
//
// A command and a button are claimed first (Discord may send one twice, and to two processes), then
// deferred, before anything that may be slow; then the real answer takes the deferral's place.
// Autocomplete is answered at once and not claimed: Discord takes the first answer.
//
// Thread-safety: all functions may be called from any thread. Blocking: some seconds; a user waits.
// Shutdown: the parts outlive it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "bot-client/autocomplete.hpp"
#include "bot-client/channel_commands.hpp"
#include "bot-client/channel_list.hpp"
#include "bot-client/character_chat.hpp"
#include "bot-client/discord.hpp"
#include "bot-client/interactions/answer_ages.hpp"
#include "bot-client/interactions/answers.hpp"
#include "bot-client/interactions/interaction.hpp"
#include "bot-client/own_ids.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::bot::interactions {

class InteractionDesk {
public:
    struct Parts {
        InteractionAnswers& answers;
        const ChannelCommands& commands;
        const ChannelList& list;
        const CharacterChat& chat;
        const Autocomplete& autocomplete;
        const Directory& directory;
        ClaimAnswer claim;
        std::function<process::UnixTime()> now = process::unix_now;
    };
    static constexpr std::size_t outcomes = 4;
    struct Figures {
        std::array<std::uint64_t, outcomes> first_answers{};  // by FirstAnswer
        AnswerAges::Figures ages;
    };

    explicit InteractionDesk(Parts parts) : parts_(std::move(parts)) {}

    void handle(const Interaction& interaction);

    [[nodiscard]] Figures figures() const;

private:
    void complete(const Interaction& interaction);
    void run_command(const Interaction& interaction);
    void press_button(const Interaction& interaction);
    [[nodiscard]] bool begin(const Interaction& interaction, Deferral how);
    bool count(const Interaction& interaction, FirstAnswer outcome);
    [[nodiscard]] TimePoint first_deadline(const Interaction& interaction) const;

    const Parts parts_;
    AnswerAges ages_;
    std::array<std::atomic<std::uint64_t>, outcomes> first_answers_{};  // figures only
};

[[nodiscard]] std::string_view to_string(FirstAnswer outcome) noexcept;

}  // namespace tutti::services::bot::interactions
