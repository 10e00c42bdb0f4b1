// How large a thing may be that one service makes and another one reads: what is accepted on one
// side fits on the other. Text is counted in bytes of UTF-8.
#pragma once

#include <cstddef>

#include "tutti/json/limits.hpp"

namespace tutti::services::domain {

// JSON spells a control character as six.
inline constexpr std::size_t json_growth_max = 6;

// An answer of the gateway, as the bots take it.
inline constexpr std::size_t answer_bytes_max = 10U << 20U;
// Its elements and members, of which each takes memory where it is read. Other texts have as many
// as `JsonLimits` allows.
inline constexpr std::size_t answer_values_max = 1U << 17U;

// All texts of a personality together, with the placeholders filled in: in the database's answer,
// in a cache, and on the wire.
inline constexpr std::size_t personality_bytes_max = 256U << 10U;

// All personas of one user, who gets them in one answer.
inline constexpr std::size_t personas_bytes_max = 1U << 20U;
inline constexpr std::size_t personas_max = 100;
inline constexpr std::size_t persona_values_max = 32;

// A user's own key for a provider, which every job of a request carries.
inline constexpr std::size_t user_api_key_length_max = 512;

// What one request may become: every recording and every message with pictures is a job of its own.
inline constexpr std::size_t plan_jobs_max = 256;
inline constexpr std::size_t plan_bytes_max = 20U << 20U;

// The jobs that wait for a worker, in all.
inline constexpr std::size_t waiting_bytes_max = 512U << 20U;

// What a worker leaves as the result of a job.
inline constexpr std::size_t job_result_bytes_max = 4U << 20U;

// The list of models: as the provider sends it, and as it is kept in Redis.
inline constexpr std::size_t provider_answer_bytes_max = 8U << 20U;
inline constexpr std::size_t provider_answer_values_max = 1U << 17U;
inline constexpr std::size_t catalogue_bytes_max = 16U << 20U;
inline constexpr std::size_t catalogue_values_max = 3 * provider_answer_values_max;
// Of one model: what the provider cannot leave out, and what is written for what it does leave out.
inline constexpr std::size_t model_values_min = 6;
inline constexpr std::size_t model_added_values_max = 8;
inline constexpr std::size_t model_added_bytes_max = 176;
inline constexpr std::size_t models_max = provider_answer_values_max / model_values_min;

// What stands around the texts: names of members, numbers, times.
inline constexpr std::size_t frame_bytes_max = 64U << 10U;
static_assert(json_growth_max * personality_bytes_max + frame_bytes_max <= answer_bytes_max);
static_assert(json_growth_max * personas_bytes_max + frame_bytes_max <= answer_bytes_max);
static_assert(job_result_bytes_max + frame_bytes_max <= answer_bytes_max);
static_assert(personas_max * persona_values_max <= answer_values_max);
static_assert(JsonLimits{}.values_max <= answer_values_max);  // of a job's result
static_assert(provider_answer_bytes_max + models_max * model_added_bytes_max <=
              catalogue_bytes_max);
static_assert(provider_answer_values_max + models_max * model_added_values_max <=
              catalogue_values_max);

}  // namespace tutti::services::domain
