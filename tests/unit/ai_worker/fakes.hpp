// Models and files that a test scripts, and an entry of the list of models.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ai-worker/attachments/attachment_source.hpp"
#include "ai-worker/providers/models.hpp"
#include "common/domain/model_catalogue.hpp"

namespace tutti::services::worker::fakes {

using providers::Answered;
using providers::FailureCategory;
using providers::ProviderFailure;

inline std::unexpected<ProviderFailure> provider_failure(FailureCategory category,
                                                         Errc code = Errc::refused) {
    return std::unexpected(
        ProviderFailure{.error = {code, "provider", "scripted"}, .category = category});
}
inline std::unexpected<ProviderFailure> own_failure(Errc code) {
    return std::unexpected(
        ProviderFailure{.error = {code, "provider", "scripted"}, .category = {}});
}

// Of the gateway's list.
inline domain::CatalogueModel listed_model(const std::string& id, std::vector<std::string> inputs) {
    return {.id = id,
            .canonical_slug = {},
            .hugging_face_id = {},
            .name = id,
            .created = {},
            .description = {},
            .context_length = {},
            .architecture = {.modality = {},
                             .input_modalities = std::move(inputs),
                             .output_modalities = {"text"},
                             .tokenizer = {},
                             .instruct_type = {}},
            .pricing = {},
            .top_provider = {},
            .supported_parameters = {}};
}

class Files final : public attachments::AttachmentSource {
public:
    Answered<std::string> fetch(const domain::MediaPlace& place, TimePoint) override {
        const std::lock_guard lock(mutex);
        fetched.push_back(place.url);
        return answer(place);
    }
    std::function<Answered<std::string>(const domain::MediaPlace&)> answer =
        [](const domain::MediaPlace& place) { return "bytes of " + place.url; };
    std::mutex mutex;
    std::vector<std::string> fetched;
};

class Vision final : public providers::VisionModel {
public:
    struct Asked {
        std::string model;
        std::string bytes;
        std::string key;
    };
    Answered<std::string> describe(const std::string& model, const providers::File& picture,
                                   const process::Secret& key, TimePoint) override {
        Asked one{.model = model, .bytes = picture.bytes, .key = key.reveal()};
        {
            const std::lock_guard lock(mutex);
            asked.push_back(one);
        }
        return answer(one);
    }
    std::function<Answered<std::string>(const Asked&)> answer = [](const Asked& one) {
        return "seen: " + one.bytes;
    };
    std::mutex mutex;
    std::vector<Asked> asked;
};

class Speech final : public providers::SpeechModel {
public:
    Answered<std::string> transcribe(const providers::File& recording, TimePoint) override {
        {
            const std::lock_guard lock(mutex);
            asked.push_back(recording.name);
        }
        return answer(recording);
    }
    std::function<Answered<std::string>(const providers::File&)> answer =
        [](const providers::File& recording) { return "heard: " + recording.bytes; };
    std::mutex mutex;
    std::vector<std::string> asked;
};

class Chat final : public providers::ChatModel {
public:
    Answered<std::string> reply(const providers::ReplyRequest& request, const process::Secret& key,
                                TimePoint) override {
        const std::lock_guard lock(mutex);
        asked.push_back(request);
        keys.push_back(key.reveal());
        return answer(request);
    }
    std::function<Answered<std::string>(const providers::ReplyRequest&)> answer =
        [](const providers::ReplyRequest&) { return "a reply"; };
    std::mutex mutex;
    std::vector<providers::ReplyRequest> asked;
    std::vector<std::string> keys;
};

}  // namespace tutti::services::worker::fakes
