// The outside world of a bot-client without a network: what would go to the gateway or a model is
// written down and answered from a script, and replies end in a list.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bot-client/discord.hpp"
#include "bot-client/gateway_api.hpp"
#include "common/http/errors.hpp"
#include "common/http/message.hpp"
#include "tutti/json.hpp"
#include "tutti/lookup.hpp"

namespace tutti::services::bot::stubs {

struct SentRequest {
    std::string url;
    http::Request request;
    TimePoint deadline;

    [[nodiscard]] std::string header(std::string_view name) const {
        return std::string(request.headers.find(name).value_or("(none)"));
    }
};

// A peer that answers as scripted; asked more often than that, the last answer again.
class ScriptedPeer {
public:
    void answer(int status, std::string body) {
        answers_.emplace_back(http::json_response(status, std::move(body)));
    }
    void answer(http::ErrorCode code) { answers_.emplace_back(http::error_response(code, "why")); }
    void fail_with(Errc code) { answers_.emplace_back(fail(code, "gateway", "scripted")); }

    [[nodiscard]] SendHttp send() {
        return [this](std::string_view url, const http::Request& request,
                      TimePoint deadline) -> Result<http::Response> {
            requests.push_back({.url = std::string(url), .request = request, .deadline = deadline});
            if (answers_.empty()) throw std::runtime_error("nobody expected a request");
            Result<http::Response> next = answers_.front();
            if (answers_.size() > 1) answers_.pop_front();
            return next;
        };
    }

    std::vector<SentRequest> requests;

private:
    std::deque<Result<http::Response>> answers_;
};

class RecordedReplies final : public ReplySink {
public:
    Result<void> send(BotReply reply) override {
        if (refuse) return fail(Errc::unavailable, "reply", "scripted");
        replies.push_back(std::move(reply));
        return {};
    }

    std::vector<BotReply> replies;
    bool refuse = false;
};

inline domain::Activation activation_of_maestro() {
    return {.id = "95d17ff0-c1cb-5a1e-b85b-e776a7d57a30",
            .channel_id = "500",
            .guild_id = {"900"},
            .personality_slug = "maestro",
            .personality_name = "The Maestro",
            .activated_by = {},
            .created_at = "2026-01-01T00:00:00.000Z"};
}
inline const domain::GetChannelActivationResponse active{
    .is_activated = true, .activation = activation_of_maestro(), .has_settings = true};
inline const domain::GetChannelActivationResponse off{
    .is_activated = false, .activation = {}, .has_settings = true};
inline const domain::GetChannelActivationResponse no_record{
    .is_activated = false, .activation = {}, .has_settings = false};

inline Lookup<domain::GetChannelActivationResponse> lookup(
    domain::GetChannelActivationResponse value, Tier tier = Tier::memory) {
    return Lookup<domain::GetChannelActivationResponse>(detail::RawLookup{
        .value = std::make_shared<const domain::GetChannelActivationResponse>(std::move(value)),
        .age = {},
        .tier = tier,
        .freshness = Freshness::fresh,
        .degraded = {}});
}

inline std::string active_body() {
    return json::write(domain::GetChannelActivationResponse{.is_activated = true,
                                                            .activation = activation_of_maestro()});
}

inline domain::Personality maestro() {
    return {.id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01",
            .name = "Maestro",
            .display_name = {"The Maestro"},
            .slug = "maestro",
            .is_public = true,
            .owner_id = {},
            .system_prompt = "You conduct.",
            .character_info = "Since the baton was invented.",
            .personality_traits = "warm",
            .model = "some/model",
            .temperature = 0.5,
            .max_tokens = 100,
            .context_window_tokens = 1000};
}

}  // namespace tutti::services::bot::stubs
