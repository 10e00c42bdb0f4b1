// Which models take pictures, as the catalogue of models (`openrouter:models`) says: a flag by
// model id is all that is kept of it, not the list of some hundred objects.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tutti/codec.hpp"

namespace tutti::services::domain {

// By the id without ":free": both are one model, whichever of them the catalogue lists.
using ModelVision = std::unordered_map<std::string, bool>;

// The id without a trailing ":free".
[[nodiscard]] std::string_view plain_model_id(std::string_view id);

// Reads the document; an empty list says nothing about any model, and is an error. It is never
// written.
[[nodiscard]] Codec<ModelVision> model_vision_codec();

}  // namespace tutti::services::domain
