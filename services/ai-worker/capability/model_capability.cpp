// The guess is made of the model's name alone and costs nothing, so it is kept nowhere.
#include "ai-worker/capability/model_capability.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "common/domain/model_vision.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::worker::capability {
namespace {

constexpr GetOptions lookup_options{.deadline = std::chrono::seconds{2}};

// A name that has `family` and, unless there are none, one of `marks`.
struct Family {
    std::string_view family;
    std::array<std::string_view, 3> marks{};
};

constexpr std::array families{
    Family{"gpt-4", {"vision", "4o", "turbo"}},
    Family{"claude-3"},
    Family{"claude-4"},
    Family{"gemini", {"1.5", "2.", "vision"}},
    Family{"gemma-3"},
    Family{"gemma3"},
    Family{"llama", {"vision"}},
    Family{"qwen", {"vl", "vision"}},
};

std::string key_of(const std::string& model) { return std::string(domain::plain_model_id(model)); }

}  // namespace

bool ModelCapability::supports_vision(const std::string& model) const {
    const auto found = cache_.get(key_of(model), lookup_options);
    const bool* known = found.get_if();
    return known != nullptr ? *known : looks_like_vision(model);
}

bool looks_like_vision(std::string_view model) {
    const std::string name = to_lower(model);
    return std::ranges::any_of(families, [&](const Family& of) {
        if (!name.contains(of.family)) return false;
        if (of.marks.front().empty()) return true;
        return std::ranges::any_of(
            of.marks, [&](std::string_view mark) { return !mark.empty() && name.contains(mark); });
    });
}

}  // namespace tutti::services::worker::capability
