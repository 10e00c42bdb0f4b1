// Lets a language model behind an OpenAI-compatible endpoint answer as the personality:
// POST {base_url}/chat/completions with the personality's prompt and the message. Without an
// endpoint the answer names the personality and says plainly that no model is configured.
//
// Thread-safety: `handle` may be called from any thread. Blocking: until the model's deadline at
// most.
#pragma once

#include <optional>
#include <string>

#include "bot-client/gateway_api.hpp"
#include "bot-client/personality_handler.hpp"
#include "common/process/secret.hpp"

namespace tutti::services::bot {

class ModelReplies final : public PersonalityHandler {
public:
    struct Options {
        std::optional<std::string> base_url{};
        std::optional<std::string> model{};  // instead of the personality's
        std::optional<process::Secret> api_key{};
        Duration deadline = std::chrono::seconds{60};
    };

    ModelReplies(Options options, SendHttp send)
        : options_(std::move(options)), send_(std::move(send)) {}

    // Errors: what the endpoint answered, or that it did not.
    Result<void> handle(const Turn& turn, ReplySink& replies) override;

private:
    [[nodiscard]] Result<std::string> ask(const Turn& turn) const;

    Options options_;
    SendHttp send_;
};

}  // namespace tutti::services::bot
