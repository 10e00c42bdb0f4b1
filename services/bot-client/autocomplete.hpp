// What Discord shows while a user types an option: at most 25 choices that contain the text.
//
//   option personality                      what the user may talk to; the value is its slug
//   option persona                          the user's own; the value is its id
//   option config of /preset global ...     global model configurations, for the owner; the id
//
// When the list cannot be had, not even an older one, there is one choice that says so, with the
// value `autocomplete_error`; commands refuse it. An empty list means that there is nothing to
// choose.
//
// Thread-safety: all functions may be called from any thread. Blocking: less than the 3 s within
// which Discord takes the choices.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/domain.hpp"
#include "common/domain/llm_config.hpp"
#include "common/domain/persona.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"

namespace tutti::services::bot {

inline constexpr std::string_view autocomplete_error = "__autocomplete_error__";

struct Choice {
    std::string name;
    std::string value;
};

// One keystroke.
struct Typing {
    std::string command;  // "channel activate"
    std::string option;   // "personality"
    std::string text;
    std::string user_id;
};

class Autocomplete {
public:
    // As `get` of the catalogue's caches.
    struct Lists {
        std::function<Result<Lookup<std::vector<domain::PersonalitySummary>>>(
            const std::string& user_id)>
            personalities;
        std::function<Result<Lookup<std::vector<domain::PersonaSummary>>>(
            const std::string& user_id)>
            personas;
        std::function<Result<Lookup<std::vector<domain::LlmConfig>>>()> global_configs;
    };
    struct Outcome {
        std::vector<Choice> choices;
        // Of the list; nothing when it could not be had, or was not asked for.
        std::optional<Tier> tier{};
        std::optional<Freshness> freshness{};
    };

    static constexpr std::size_t choices_max = 25;

    Autocomplete(Lists lists, std::optional<std::string> bot_owner_id);

    [[nodiscard]] Outcome choose(const Typing& typing) const;

private:
    [[nodiscard]] Outcome global_configs(const Typing& typing) const;

    Lists lists_;
    std::optional<std::string> bot_owner_id_;
};

}  // namespace tutti::services::bot
