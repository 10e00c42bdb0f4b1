// The models behind OpenAI-compatible endpoints: POST {base}/chat/completions for replies and
// pictures, POST {base}/audio/transcriptions for recordings.
//
// Thread-safety: as their interfaces. They borrow the upstream.
#pragma once

#include <string>
#include <utility>

#include "ai-worker/providers/models.hpp"
#include "ai-worker/providers/upstream.hpp"

namespace tutti::services::worker::providers {

class OpenAiChat final : public ChatModel {
public:
    explicit OpenAiChat(Upstream& upstream) : upstream_(upstream) {}
    [[nodiscard]] Answered<std::string> reply(const ReplyRequest& request,
                                              const process::Secret& key,
                                              TimePoint deadline) override;

private:
    Upstream& upstream_;
};

// The picture travels in the request, as a data: URL: the provider fetches nothing.
class OpenAiVision final : public VisionModel {
public:
    explicit OpenAiVision(Upstream& upstream) : upstream_(upstream) {}
    [[nodiscard]] Answered<std::string> describe(const std::string& model, const File& picture,
                                                 const process::Secret& key,
                                                 TimePoint deadline) override;

private:
    Upstream& upstream_;
};

class OpenAiSpeech final : public SpeechModel {
public:
    OpenAiSpeech(Upstream& upstream, std::string model)
        : upstream_(upstream), model_(std::move(model)) {}
    [[nodiscard]] Answered<std::string> transcribe(const File& recording,
                                                   TimePoint deadline) override;

private:
    Upstream& upstream_;
    std::string model_;
};

}  // namespace tutti::services::worker::providers
