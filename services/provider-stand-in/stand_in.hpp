// Plays OpenRouter's catalogue, a provider of models behind OpenAI-compatible endpoints, and
// Discord's attachments, on loopback, for fleets and tests that must not use the network. It counts
// what it is asked and misbehaves on request:
//
//     GET /api/v1/models              the catalogue, as configured
//     POST /api/v1/chat/completions   repeats the last message; a picture is named by its bytes
//     POST /api/v1/audio/transcriptions names the file
//     GET /attachments/:channel/:id/:name   a few bytes that name the file
//     GET /calls           {"models": n, "chat": n, "vision": n, "transcription": n, "attachments":
//     n}: how
//                          often each was asked for
//     PUT /behaviour       {"delayMs"?: n, "status"?: n, "empty"?: bool, "models"?: n} of the
//     catalogue, and
//                          for each endpoint {"chat"?: {"answer"?: <Manner>, "delayMs"?: n},
//                          "vision"?: ..., "transcription"?: ..., "attachments"?: ...}: from now
//                          on; what is left out is back to normal, and what is being stalled ends
//
// With a journal every call of a model is a line of JSON in a file before it is answered, so that
// what was asked for can be counted behind processes that were killed, this one as well.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <boost/describe/class.hpp>

#include "provider-stand-in/behaviour.hpp"
#include "tutti/error.hpp"

namespace tutti::services::stand_in {

// How often each was asked for.
struct Calls {
    std::uint64_t models = 0;
    std::uint64_t chat = 0;
    std::uint64_t vision = 0;
    std::uint64_t transcription = 0;
    std::uint64_t attachments = 0;

    friend bool operator==(const Calls&, const Calls&) = default;
};
BOOST_DESCRIBE_STRUCT(Calls, (), (models, chat, vision, transcription, attachments))

// A line of the journal.
struct AskedOfModel {
    std::string kind;   // chat, vision or transcription
    std::string about;  // the question; of a picture and of a recording what is answered
    // The manner: a call that is answered with a failure is not billed.
    std::string answer{};

    friend bool operator==(const AskedOfModel&, const AskedOfModel&) = default;
};
BOOST_DESCRIBE_STRUCT(AskedOfModel, (), (kind, about, answer))

class ProviderStandIn {
public:
    using Behaviour = stand_in::Behaviour;
    struct Options {
        std::uint16_t port = 0;  // 0 = a free one
        Behaviour behaviour{};
        std::filesystem::path journal{};  // is added to; empty: none
    };

    // Listens on 127.0.0.1 when it returns. Errors: invalid_option (a behaviour out of its range,
    // all at once; a journal that cannot be written), unavailable (the port is in use), and those
    // of http::Server::start.
    [[nodiscard]] static Result<std::unique_ptr<ProviderStandIn>> start(const Options& options);

    // Ends answers that are still being delayed.
    ~ProviderStandIn();
    ProviderStandIn(const ProviderStandIn&) = delete;
    ProviderStandIn& operator=(const ProviderStandIn&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::string url() const;  // for OPENROUTER_BASE_URL and DISCORD_CDN_BASE_URL
    [[nodiscard]] std::string llm_url() const { return url() + "/api/v1"; }  // as OpenRouter has it
    [[nodiscard]] std::uint64_t calls() const;                               // for the catalogue
    [[nodiscard]] Calls all_calls() const;
    Result<void> behave(const Behaviour& behaviour);

private:
    struct Impl;
    explicit ProviderStandIn(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::stand_in
