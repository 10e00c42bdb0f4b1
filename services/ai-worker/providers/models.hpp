// What the worker asks of models: a reply, what a picture shows, what a recording says. Interfaces,
// so that what is made of the answers is tested without a provider.
//
// Thread-safety: all functions may be called from any thread. Blocking: until `deadline` at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "ai-worker/providers/failure.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::worker::providers {

struct PromptMessage {
    std::string role;  // system, user, assistant
    std::string content;

    friend bool operator==(const PromptMessage&, const PromptMessage&) = default;
};
BOOST_DESCRIBE_STRUCT(PromptMessage, (), (role, content))

struct ReplyRequest {
    std::string model;
    std::vector<PromptMessage> messages;
    double temperature = 0.0;
    std::int64_t max_tokens = 0;
    std::optional<double> top_p{};
    std::optional<std::int64_t> top_k{};
    std::optional<double> frequency_penalty{};
    std::optional<double> presence_penalty{};
    std::optional<double> repetition_penalty{};
};
BOOST_DESCRIBE_STRUCT(ReplyRequest, (),
                      (model, messages, temperature, max_tokens, top_p, top_k, frequency_penalty,
                       presence_penalty, repetition_penalty))

struct File {
    std::string name;
    std::string content_type;
    std::string bytes;
};

class ChatModel {
public:
    virtual ~ChatModel() = default;
    // An empty key: the operator's own.
    [[nodiscard]] virtual Answered<std::string> reply(const ReplyRequest& request,
                                                      const process::Secret& key,
                                                      TimePoint deadline) = 0;
};

class VisionModel {
public:
    virtual ~VisionModel() = default;
    [[nodiscard]] virtual Answered<std::string> describe(const std::string& model,
                                                         const File& picture,
                                                         const process::Secret& key,
                                                         TimePoint deadline) = 0;
};

class SpeechModel {
public:
    virtual ~SpeechModel() = default;
    [[nodiscard]] virtual Answered<std::string> transcribe(const File& recording,
                                                           TimePoint deadline) = 0;
};

}  // namespace tutti::services::worker::providers
