// What a bot-client asks of the gateway, as typed calls. Every call has a deadline, and a failure
// says which kind it is: an answer that refuses is something else than no answer.
//
// What a user waits for, the lookups of activations and autocomplete lists, goes through a pool of
// connections of its own, and everything else through another: neither can hold up the other.
//
// Thread-safety: all functions may be called from any thread. Blocking: until the deadline at most.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bot-client/generate_wire.hpp"
#include "common/domain/domain.hpp"
#include "common/domain/llm_config.hpp"
#include "common/domain/persona.hpp"
#include "common/http/message.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

struct GatewayFailure {
    enum class Kind : std::uint8_t {
        network,     // no connection, or it broke
        timeout,     // no answer within the deadline
        overloaded,  // not sent: the pool of connections was full
        http,        // the answer is not 2xx
        too_large,   // the answer is over the limit
        schema,      // the answer is 2xx, and its body is not what was agreed
    };

    Kind kind = Kind::network;
    int status = 0;    // of the answer; 0 without one
    std::string text;  // http: the answer's error code; otherwise what went wrong

    // Whether the same may succeed soon. An answer that refuses will not.
    [[nodiscard]] bool passing() const noexcept {
        return kind != Kind::http || status == 429 || status >= 500;
    }
    // True when the gateway may have done what it was asked for all the same: without an answer,
    // and when its database did not tell it how a commit ended.
    [[nodiscard]] bool outcome_unknown() const noexcept {
        return kind != Kind::overloaded && (kind != Kind::http || status >= 500);
    }
};

[[nodiscard]] std::string_view to_string(GatewayFailure::Kind kind) noexcept;

template <class T>
using GatewayResult = std::expected<T, GatewayFailure>;

class GatewayApi {
public:
    virtual ~GatewayApi() = default;

    [[nodiscard]] virtual GatewayResult<domain::GetChannelActivationResponse> read_activation(
        const std::string& channel_id, TimePoint deadline) = 0;
    [[nodiscard]] virtual GatewayResult<domain::ActivateChannelResponse> activate(
        const domain::ActivateChannelRequest& request, const std::string& user_id,
        TimePoint deadline) = 0;
    [[nodiscard]] virtual GatewayResult<domain::DeactivateChannelResponse> deactivate(
        const domain::DeactivateChannelRequest& request, const std::string& user_id,
        TimePoint deadline) = 0;
    // Newest first; of all servers without a guild.
    [[nodiscard]] virtual GatewayResult<std::vector<domain::Activation>> list_activations(
        const std::optional<std::string>& guild_id, const std::string& user_id,
        TimePoint deadline) = 0;
    // False when the guild was known already, or nothing is active there.
    [[nodiscard]] virtual GatewayResult<bool> update_guild(
        const domain::UpdateChannelGuildRequest& request, const std::string& user_id,
        TimePoint deadline) = 0;
    // For every user: see `may_use`. Nothing when there is none of that id or slug.
    [[nodiscard]] virtual GatewayResult<std::optional<domain::GetPersonalityResponse>>
    read_personality(const std::string& id_or_slug, TimePoint deadline) = 0;
    [[nodiscard]] virtual GatewayResult<std::vector<domain::PersonalitySummary>> list_personalities(
        const std::string& user_id, TimePoint deadline) = 0;
    [[nodiscard]] virtual GatewayResult<std::vector<domain::PersonaSummary>> list_personas(
        const std::string& user_id, TimePoint deadline) = 0;
    [[nodiscard]] virtual GatewayResult<std::vector<domain::LlmConfig>> list_llm_configs(
        TimePoint deadline) = 0;
};

// The jobs behind replies.
class ReplyApi {
public:
    virtual ~ReplyApi() = default;

    // Asks for a reply, which comes as a result for the channel. Requests with the same key are
    // one.
    [[nodiscard]] virtual GatewayResult<QueuedReply> generate(const GenerateBody& body,
                                                              const std::string& key,
                                                              TimePoint deadline) = 0;
    // Nothing when the job is not known, or not any more.
    [[nodiscard]] virtual GatewayResult<std::optional<ReplyJob>> read_job(const std::string& job_id,
                                                                          TimePoint deadline) = 0;
    // What a recording says; waits for the worker that listens to it.
    [[nodiscard]] virtual GatewayResult<std::string> transcribe(const TranscribeBody& body,
                                                                TimePoint deadline) = 0;
    // The reply was said. False when the gateway knows of no result. Repeating it is harmless.
    [[nodiscard]] virtual GatewayResult<bool> confirm_delivery(const std::string& job_id,
                                                               TimePoint deadline) = 0;
};

// As http::Client::send.
using SendHttp = std::function<Result<http::Response>(std::string_view url, const http::Request&,
                                                      TimePoint deadline)>;

class HttpGateway final : public GatewayApi, public ReplyApi {
public:
    struct Pools {
        SendHttp interactive;
        SendHttp background;
        SendHttp transcription{};  // whose calls take minutes; empty: none are made
    };

    HttpGateway(std::string base_url, process::Secret secret, Pools pools)
        : base_url_(std::move(base_url)), secret_(std::move(secret)), pools_(std::move(pools)) {}

    [[nodiscard]] GatewayResult<domain::GetChannelActivationResponse> read_activation(
        const std::string& channel_id, TimePoint deadline) override;
    [[nodiscard]] GatewayResult<domain::ActivateChannelResponse> activate(
        const domain::ActivateChannelRequest& request, const std::string& user_id,
        TimePoint deadline) override;
    [[nodiscard]] GatewayResult<domain::DeactivateChannelResponse> deactivate(
        const domain::DeactivateChannelRequest& request, const std::string& user_id,
        TimePoint deadline) override;
    [[nodiscard]] GatewayResult<std::vector<domain::Activation>> list_activations(
        const std::optional<std::string>& guild_id, const std::string& user_id,
        TimePoint deadline) override;
    [[nodiscard]] GatewayResult<bool> update_guild(const domain::UpdateChannelGuildRequest& request,
                                                   const std::string& user_id,
                                                   TimePoint deadline) override;
    [[nodiscard]] GatewayResult<std::optional<domain::GetPersonalityResponse>> read_personality(
        const std::string& id_or_slug, TimePoint deadline) override;
    [[nodiscard]] GatewayResult<std::vector<domain::PersonalitySummary>> list_personalities(
        const std::string& user_id, TimePoint deadline) override;
    [[nodiscard]] GatewayResult<std::vector<domain::PersonaSummary>> list_personas(
        const std::string& user_id, TimePoint deadline) override;
    [[nodiscard]] GatewayResult<std::vector<domain::LlmConfig>> list_llm_configs(
        TimePoint deadline) override;

    [[nodiscard]] GatewayResult<QueuedReply> generate(const GenerateBody& body,
                                                      const std::string& key,
                                                      TimePoint deadline) override;
    [[nodiscard]] GatewayResult<std::optional<ReplyJob>> read_job(const std::string& job_id,
                                                                  TimePoint deadline) override;
    [[nodiscard]] GatewayResult<std::string> transcribe(const TranscribeBody& body,
                                                        TimePoint deadline) override;
    [[nodiscard]] GatewayResult<bool> confirm_delivery(const std::string& job_id,
                                                       TimePoint deadline) override;

    // Whether the gateway says that it is well.
    [[nodiscard]] GatewayResult<void> probe(TimePoint deadline);

private:
    // The body of a 2xx answer.
    GatewayResult<std::string> call(const SendHttp& send, http::Request request,
                                    TimePoint deadline);

    std::string base_url_;
    process::Secret secret_;
    Pools pools_;
};

}  // namespace tutti::services::bot
