// Messages that are meant for a personality although their channel is not activated: a reply to
// what it has said, and a mention of its name. And a mention of the bot itself.
//
// Thread-safety: as MessageProcessor.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bot-client/message_chain.hpp"
#include "bot-client/personality_handler.hpp"
#include "common/domain/domain.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"

namespace tutti::services::bot {

// A reply to a message that a personality has said is answered by it. One whose personality is not
// known any more, or not for this user, passes on.
class ReplyToPersonality final : public MessageProcessor {
public:
    struct Parts {
        // The slug of the personality that has said that message; nothing: not known.
        std::function<Result<std::optional<std::string>>(const std::string& message_id)> speaker;
        FindPersonality personality;
        PersonalityHandler& handler;
    };

    explicit ReplyToPersonality(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] std::string_view name() const override { return "reply-to-personality"; }
    Result<bool> process(MessageContext& context) override;

private:
    Parts parts_;
};

// "@The Maestro, ..." is answered by that personality: its display name, its name or its slug, of
// those that the user may talk to; the longest name counts.
class MentionedPersonality final : public MessageProcessor {
public:
    struct Parts {
        // As Autocomplete::Lists::personalities.
        std::function<Result<Lookup<std::vector<domain::PersonalitySummary>>>(
            const std::string& user_id)>
            personalities;
        FindPersonality personality;
        PersonalityHandler& handler;
    };

    explicit MentionedPersonality(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] std::string_view name() const override { return "personality-mention"; }
    Result<bool> process(MessageContext& context) override;

private:
    Parts parts_;
};

// The bot itself is mentioned: it says how to talk to personalities.
class MentionedBot final : public MessageProcessor {
public:
    [[nodiscard]] std::string_view name() const override { return "bot-mention"; }
    Result<bool> process(MessageContext& context) override;
};

struct Mention {
    std::string slug;
    std::string rest;  // the text without it
};
// The first mention of one of these in the text.
[[nodiscard]] std::optional<Mention> mention_in(
    std::string_view text, const std::vector<domain::PersonalitySummary>& personalities);

}  // namespace tutti::services::bot
