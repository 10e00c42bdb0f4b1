// What happens to a message: processors are asked in order, and the first that handles it ends the
// chain. A processor that fails, by an error or an exception, ends it too, with one apology.
//
// The order: bot authors are ignored, empty messages are ignored, a voice message is written down
// (voice_message.hpp), a reply to a personality is answered by it, an activated channel answers,
// who is mentioned answers, and the bot itself says how it is used (addressed.hpp).
//
// Thread-safety: `run` may be called from any thread, for several messages at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bot-client/channel_settings.hpp"
#include "bot-client/discord.hpp"
#include "bot-client/personality_handler.hpp"
#include "common/caches/catalogue.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"

namespace tutti::services::bot {

// A message on its way.
struct MessageContext {
    Message& message;
    ReplySink& replies;
    // Where the channel's activation came from, once it was asked for. In a thread that inherits:
    // the slower of the two.
    std::optional<Tier> activation_tier;
    // Of the job whose result will be said.
    std::optional<std::string> job_id{};
    // A processor passed on because it could not read whether the message is for it.
    bool is_undecided = false;
    // It was handed on, and it is not known whether it arrived.
    bool may_be_answered = false;
};

class MessageProcessor {
public:
    virtual ~MessageProcessor() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    // True: handled, the chain ends.
    virtual Result<bool> process(MessageContext& context) = 0;
};

class BotAuthorFilter final : public MessageProcessor {
public:
    [[nodiscard]] std::string_view name() const override { return "bot-author"; }
    Result<bool> process(MessageContext& context) override;
};

// Text or an attachment, in the message or in what it forwards, is needed to go on.
class EmptyMessageFilter final : public MessageProcessor {
public:
    [[nodiscard]] std::string_view name() const override { return "empty-message"; }
    Result<bool> process(MessageContext& context) override;
};

// A thread without settings of its own is answered as the channel around it.
// As PersonalityAccess::find.
using FindPersonality = std::function<Result<std::shared_ptr<const domain::GetPersonalityResponse>>(
    const std::string& slug, const std::string& user_id)>;

// Lets that personality answer. Returns true: the message is handled. `text`: what was said to it;
// nothing: all of the message.
[[nodiscard]] Result<bool> answer_as(PersonalityHandler& handler, MessageContext& context,
                                     const domain::Personality& personality, bool auto_response,
                                     std::optional<std::string> text = std::nullopt);

class ActivatedChannel final : public MessageProcessor {
public:
    struct Parts {
        ReadActivation activation;
        FindPersonality personality;
        Cooldown<caches::NotificationKey> notices;
        PersonalityHandler& handler;
    };

    explicit ActivatedChannel(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] std::string_view name() const override { return "activated-channel"; }
    Result<bool> process(MessageContext& context) override;

private:
    void say_private(const domain::Activation& activation, MessageContext& context) const;

    Parts parts_;
};

class MessageChain {
public:
    struct Outcome {
        std::string_view handled_by;  // a processor's name; empty: none did
        bool failed = false;          // that processor failed and apologised
        std::optional<Tier> activation_tier;
        std::optional<std::string> job_id{};
        bool is_undecided = false;  // none handled it, and one of them could not tell
    };

    explicit MessageChain(std::vector<std::unique_ptr<MessageProcessor>> processors)
        : processors_(std::move(processors)) {}

    Outcome run(Message message, ReplySink& replies) const;

private:
    std::vector<std::unique_ptr<MessageProcessor>> processors_;
};

}  // namespace tutti::services::bot
