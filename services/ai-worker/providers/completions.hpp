// The answers of OpenAI-compatible endpoints to POST /chat/completions. openai.hpp has what is
// asked.
#pragma once

#include <string>
#include <string_view>

#include "ai-worker/providers/failure.hpp"

namespace tutti::services::worker::providers {

inline constexpr const char* completions_path = "/chat/completions";

// The text of the first choice, never empty.
[[nodiscard]] Answered<std::string> read_completion(std::string_view body,
                                                    std::string_view upstream);

}  // namespace tutti::services::worker::providers
