// Whether a model takes pictures: as the list of models says, and by its name as long as nothing is
// known.
//
//     capability.supports_vision("openai/gpt-4o")
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <string>
#include <string_view>

#include "common/caches/catalogue.hpp"

namespace tutti::services::worker::capability {

class ModelCapability {
public:
    explicit ModelCapability(caches::ModelCapabilities cache) : cache_(std::move(cache)) {}

    // Blocking: not on a hit; for a round trip to Redis on a miss, two seconds at most.
    [[nodiscard]] bool supports_vision(const std::string& model) const;

private:
    caches::ModelCapabilities cache_;
};

// A guess by the name, in whatever case, for models that the list does not name.
[[nodiscard]] bool looks_like_vision(std::string_view model);

}  // namespace tutti::services::worker::capability
