// What the services say to each other, as types. The wire spelling is camelCase of the member's
// name; see json.hpp. Times are ISO 8601 texts, ids are texts: nothing computes with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/json/nullable.hpp"

namespace tutti::services::domain {

// A personality that answers every message of a channel.
struct Activation {
    std::string id;  // UUIDv5 of channel and personality
    std::string channel_id;
    json::Nullable<std::string> guild_id;
    std::string personality_slug;
    std::string personality_name;  // what users see: the display name, or the name without one
    json::Nullable<std::string> activated_by;  // a user's row id, not a Discord id
    std::string created_at;

    friend bool operator==(const Activation&, const Activation&) = default;
};
BOOST_DESCRIBE_STRUCT(Activation, (),
                      (id, channel_id, guild_id, personality_slug, personality_name, activated_by,
                       created_at))

// GET /user/channel/:channelId
struct GetChannelActivationResponse {
    bool is_activated = false;
    std::optional<Activation> activation;
    // Active or explicitly off: a thread with settings of its own does not inherit. Gateways that
    // know no "off" do not send it.
    std::optional<bool> has_settings{};

    friend bool operator==(const GetChannelActivationResponse&,
                           const GetChannelActivationResponse&) = default;
};
BOOST_DESCRIBE_STRUCT(GetChannelActivationResponse, (), (is_activated, activation, has_settings))

// POST /user/channel/activate
struct ActivateChannelRequest {
    std::string channel_id;
    std::string personality_slug;
    std::string guild_id;
};
BOOST_DESCRIBE_STRUCT(ActivateChannelRequest, (), (channel_id, personality_slug, guild_id))

struct ActivateChannelResponse {
    Activation activation;
    bool replaced = false;  // something was active before, even the same personality
};
BOOST_DESCRIBE_STRUCT(ActivateChannelResponse, (), (activation, replaced))

// DELETE /user/channel/deactivate
struct DeactivateChannelRequest {
    std::string channel_id;
};
BOOST_DESCRIBE_STRUCT(DeactivateChannelRequest, (), (channel_id))

struct DeactivateChannelResponse {
    bool deactivated = false;
    std::optional<std::string> personality_name;
};
BOOST_DESCRIBE_STRUCT(DeactivateChannelResponse, (), (deactivated, personality_name))

// GET /user/channel/list
struct ListChannelActivationsResponse {
    std::vector<Activation> activations;  // newest first
};
BOOST_DESCRIBE_STRUCT(ListChannelActivationsResponse, (), (activations))

// PATCH /user/channel/update-guild
struct UpdateChannelGuildRequest {
    std::string channel_id;
    std::string guild_id;
};
BOOST_DESCRIBE_STRUCT(UpdateChannelGuildRequest, (), (channel_id, guild_id))

struct UpdateChannelGuildResponse {
    bool updated = false;
};
BOOST_DESCRIBE_STRUCT(UpdateChannelGuildResponse, (), (updated))

// GET /user/personality
struct PersonalitySummary {
    std::string id;
    std::string name;
    json::Nullable<std::string> display_name;
    std::string slug;
    bool is_owned = false;
    bool is_public = false;
    json::Nullable<std::string> owner_id;
    json::Nullable<std::string> owner_discord_id;

    friend bool operator==(const PersonalitySummary&, const PersonalitySummary&) = default;
};
BOOST_DESCRIBE_STRUCT(PersonalitySummary, (),
                      (id, name, display_name, slug, is_owned, is_public, owner_id,
                       owner_discord_id))

struct ListPersonalitiesResponse {
    std::vector<PersonalitySummary> personalities;
};
BOOST_DESCRIBE_STRUCT(ListPersonalitiesResponse, (), (personalities))

// GET /user/personality/:idOrName: a personality with its model configuration merged in. What the
// configurations leave open is left out.
struct Personality {
    std::string id;
    std::string name;
    json::Nullable<std::string> display_name;
    std::string slug;
    bool is_public = false;
    json::Nullable<std::string> owner_id;
    // Both left out without a picture.
    std::optional<std::string> avatar_url{};
    std::optional<std::string> avatar_updated_at{};
    std::string system_prompt;
    std::string character_info;
    std::string personality_traits;
    std::string model;
    double temperature = 0.0;
    std::int64_t max_tokens = 0;
    std::int64_t context_window_tokens = 0;
    std::optional<std::string> vision_model{};
    std::optional<double> top_p{};
    std::optional<std::int64_t> top_k{};
    std::optional<double> frequency_penalty{};
    std::optional<double> presence_penalty{};
    std::optional<double> repetition_penalty{};
    std::optional<double> memory_score_threshold{};
    std::optional<std::int64_t> memory_limit{};
    std::optional<std::string> personality_tone{};
    std::optional<std::string> personality_age{};
    std::optional<std::string> personality_appearance{};
    std::optional<std::string> personality_likes{};
    std::optional<std::string> personality_dislikes{};
    std::optional<std::string> conversational_goals{};
    std::optional<std::string> conversational_examples{};
    std::optional<std::string> error_message{};

    [[nodiscard]] const std::string& shown_name() const {
        return display_name ? *display_name : name;
    }

    friend bool operator==(const Personality&, const Personality&) = default;
};
BOOST_DESCRIBE_STRUCT(Personality, (),
                      (id, name, display_name, slug, is_public, owner_id, avatar_url,
                       avatar_updated_at, system_prompt, character_info, personality_traits, model,
                       temperature, max_tokens, context_window_tokens, vision_model, top_p, top_k,
                       frequency_penalty, presence_penalty, repetition_penalty,
                       memory_score_threshold, memory_limit, personality_tone, personality_age,
                       personality_appearance, personality_likes, personality_dislikes,
                       conversational_goals, conversational_examples, error_message))

struct GetPersonalityResponse {
    Personality personality;
    // Who may use it besides every user (when it is public) and the bot's owner: its owner and its
    // co-owners. A cache of the personality can check the access of the next user by it.
    std::optional<std::vector<std::string>> owner_discord_ids{};

    friend bool operator==(const GetPersonalityResponse&, const GetPersonalityResponse&) = default;
};
BOOST_DESCRIBE_STRUCT(GetPersonalityResponse, (), (personality, owner_discord_ids))

// POST /user/personality and PUT /user/personality/:idOrName. What is missing stays as it is; an
// empty text takes an optional field away. `name` and `slug` are required for a new one.
struct PersonalityEdit {
    std::optional<std::string> name;
    std::optional<std::string> slug;
    std::optional<std::string> display_name;
    std::optional<bool> is_public;
    std::optional<std::string> system_prompt;
    std::optional<std::string> character_info;
    std::optional<std::string> personality_traits;
    std::optional<std::string> personality_tone;
    std::optional<std::string> personality_age;
    std::optional<std::string> personality_appearance;
    std::optional<std::string> personality_likes;
    std::optional<std::string> personality_dislikes;
    std::optional<std::string> conversational_goals;
    std::optional<std::string> conversational_examples;
    std::optional<std::string> error_message;
    std::optional<std::string> avatar_data;  // a PNG in base64, or as a data: URL
};
BOOST_DESCRIBE_STRUCT(PersonalityEdit, (),
                      (name, slug, display_name, is_public, system_prompt, character_info,
                       personality_traits, personality_tone, personality_age,
                       personality_appearance, personality_likes, personality_dislikes,
                       conversational_goals, conversational_examples, error_message, avatar_data))

// The body of every answer that is not 2xx.
struct ErrorBody {
    std::string error;
    std::string message;
    std::optional<std::string> request_id;
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(ErrorBody, (), (error, message, request_id, timestamp))

}  // namespace tutti::services::domain
