// Model configurations and who uses which. The shapes of /admin/llm-config and
// /user/model-override.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/json/nullable.hpp"

namespace tutti::services::domain {

struct LlmConfigOwner {
    std::string discord_id;
    std::string username;

    friend bool operator==(const LlmConfigOwner&, const LlmConfigOwner&) = default;
};
BOOST_DESCRIBE_STRUCT(LlmConfigOwner, (), (discord_id, username))

struct LlmConfig {
    std::string id;
    std::string name;
    json::Nullable<std::string> description;
    std::string provider;
    std::string model;
    json::Nullable<std::string> vision_model;
    bool is_global = false;
    bool is_default = false;
    bool is_free_default = false;
    json::Nullable<std::string> owner_id;
    json::Nullable<LlmConfigOwner> owner_info;

    friend bool operator==(const LlmConfig&, const LlmConfig&) = default;
};
BOOST_DESCRIBE_STRUCT(LlmConfig, (),
                      (id, name, description, provider, model, vision_model, is_global, is_default,
                       is_free_default, owner_id, owner_info))

// GET /admin/llm-config
struct ListLlmConfigsResponse {
    // The default, the free default, the global ones, the others; each group by name.
    std::vector<LlmConfig> configs;
};
BOOST_DESCRIBE_STRUCT(ListLlmConfigsResponse, (), (configs))

// GET, POST and PUT
struct GetLlmConfigResponse {
    LlmConfig config;
};
BOOST_DESCRIBE_STRUCT(GetLlmConfigResponse, (), (config))

// POST /admin/llm-config and PUT /admin/llm-config/:id. What is missing stays as it is; an empty
// text takes an optional field away. `name` and `model` are required for a new one.
struct LlmConfigEdit {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::string> provider;
    std::optional<std::string> model;
    std::optional<std::string> vision_model;
    std::optional<double> temperature;
    std::optional<double> top_p;
    std::optional<std::int64_t> top_k;
    std::optional<double> frequency_penalty;
    std::optional<double> presence_penalty;
    std::optional<double> repetition_penalty;
    std::optional<double> memory_score_threshold;
    std::optional<std::int64_t> memory_limit;
    std::optional<std::int64_t> max_tokens;
    std::optional<std::int64_t> context_window_tokens;
};
BOOST_DESCRIBE_STRUCT(LlmConfigEdit, (),
                      (name, description, provider, model, vision_model, temperature, top_p, top_k,
                       frequency_penalty, presence_penalty, repetition_penalty,
                       memory_score_threshold, memory_limit, max_tokens, context_window_tokens))

// A user's own choice for one personality.
struct ModelOverride {
    std::string personality_id;
    std::string personality_name;
    std::string config_id;
    std::string config_name;

    friend bool operator==(const ModelOverride&, const ModelOverride&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelOverride, (), (personality_id, personality_name, config_id, config_name))

// GET /user/model-override
struct ListModelOverridesResponse {
    std::vector<ModelOverride> overrides;  // by the personality's name
    json::Nullable<std::string> default_config_id;
};
BOOST_DESCRIBE_STRUCT(ListModelOverridesResponse, (), (overrides, default_config_id))

// PUT /user/model-override
struct SetModelOverrideRequest {
    std::string personality_id;
    std::string config_id;
};
BOOST_DESCRIBE_STRUCT(SetModelOverrideRequest, (), (personality_id, config_id))

// PUT /user/model-override/default
struct SetDefaultModelRequest {
    std::string config_id;
};
BOOST_DESCRIBE_STRUCT(SetDefaultModelRequest, (), (config_id))

}  // namespace tutti::services::domain
