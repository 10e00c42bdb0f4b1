// A catalogue of models that looks like OpenRouter's and is the same on every machine.
#pragma once

#include <cstddef>

#include "common/domain/model_catalogue.hpp"

namespace tutti::services::stand_in {

// The first three are anthropic/claude-sonnet-4 (text), openai/gpt-4o (text and image in) and
// dall-e/dall-e-3 (image out); the others are made up, all ids differ.
[[nodiscard]] domain::ModelCatalogue stand_in_catalogue(std::size_t count);

}  // namespace tutti::services::stand_in
