// Where the catalogue of models comes from: OpenRouter, over a pool of connections of its own.
//
//     OpenRouter upstream(OpenRouter::Options::from(settings));
//     auto models = upstream.fetch(Boottime::now() + 30s);
//
// It keeps nothing: its caller puts a cache in front of it.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <string>

#include "common/domain/model_catalogue.hpp"
#include "common/http/client.hpp"
#include "common/process/settings.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::models {

class OpenRouter {
public:
    struct Options {
        std::string base_url = process::Settings{}.openrouter_base_url;
        process::HttpPool pool = process::Settings{}.openrouter;

        [[nodiscard]] static Options from(const process::Settings& settings);
    };

    explicit OpenRouter(const Options& options);

    // All models. Blocking: until `deadline`, or for the pool's deadline (30 s), at most.
    // Errors: those of http::Client::send; load_failed (an answer that is not 2xx, named by its
    // status, or an empty list: it would replace a good one for a day); protocol (not the agreed
    // shape); too_large (common/domain/limits.hpp).
    [[nodiscard]] Result<domain::ModelCatalogue> fetch(TimePoint deadline);

    [[nodiscard]] http::Metrics metrics() const { return http_.metrics(); }
    // Ends fetches in progress. Idempotent.
    void stop() { http_.stop(); }

private:
    std::string base_url_;
    http::Client http_;
};

}  // namespace tutti::services::gateway::models
