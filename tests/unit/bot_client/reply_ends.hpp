// The two ends of a reply without a network: the channel in which it is said and the gateway that
// is asked for it. Both write down what they are told, and fail as scripted.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bot-client/awaited_replies.hpp"
#include "bot-client/reply_delivery.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot::stubs {

// What is said, or why not.
class ReplyChannel final : public Sender {
public:
    Result<std::string> say(const LaterReply& reply, TimePoint) override {
        if (failure && said.size() + 1 >= fails_from) return fail(*failure, "say", "scripted");
        said.push_back(reply);
        return "message-" + std::to_string(said.size());
    }

    Result<std::optional<std::string>> find(const LaterReply& reply, TimePoint) override {
        looked_for.push_back(reply);
        return there;
    }

    std::vector<LaterReply> said;
    std::optional<Errc> failure;
    std::size_t fails_from = 1;
    std::vector<LaterReply> looked_for;
    std::optional<std::string> there;  // what `find` finds
};

class ReplyGateway final : public ReplyApi {
public:
    GatewayResult<QueuedReply> generate(const GenerateBody&, const std::string& key,
                                        TimePoint) override {
        keys.push_back(key);
        if (!failures.empty()) {
            const GatewayFailure failure = failures.front();
            failures.erase(failures.begin());
            return std::unexpected(failure);
        }
        return queued;
    }
    GatewayResult<std::optional<ReplyJob>> read_job(const std::string& job_id, TimePoint) override {
        ++reads;
        if (before_reading) before_reading();
        if (away) return std::unexpected(GatewayFailure{.text = "away"});
        const auto found = known.find(job_id);
        return found == known.end() ? std::nullopt : std::optional(found->second);
    }
    GatewayResult<std::string> transcribe(const TranscribeBody&, TimePoint) override {
        return "the words";
    }
    GatewayResult<bool> confirm_delivery(const std::string& job_id, TimePoint) override {
        if (away) return std::unexpected(GatewayFailure{.text = "away"});
        confirmed.push_back(job_id);
        return true;
    }

    QueuedReply queued{.job_id = "llm-1"};
    std::vector<GatewayFailure> failures;
    std::vector<std::string> keys;
    std::map<std::string, ReplyJob> known;
    int reads = 0;
    std::function<void()> before_reading;
    std::vector<std::string> confirmed;
    bool away = false;
};

}  // namespace tutti::services::bot::stubs
