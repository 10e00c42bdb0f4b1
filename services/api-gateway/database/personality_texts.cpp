#include "api-gateway/database/personality_texts.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/domain/limits.hpp"
#include "common/domain/text_bytes.hpp"

namespace tutti::services::gateway::database {
namespace {

struct Placeholder {
    std::string_view text;
    bool stands_for_user = false;
};
constexpr std::array<Placeholder, 5> placeholders{
    {{"{{user}}", true}, {"{{char}}"}, {"{assistant}"}, {"{shape}"}, {"{personality}"}}};

const Placeholder* placeholder_at(std::string_view rest) {
    const auto* found = std::ranges::find_if(
        placeholders, [&](const Placeholder& one) { return rest.starts_with(one.text); });
    return found == placeholders.end() ? nullptr : found;
}

// Bounded while they grow: a name may be many times as long as what it stands for.
class Texts {
public:
    explicit Texts(std::string_view name) : name_(name) {}

    void fill(std::string& text) {
        std::string filled;
        std::string_view rest = text;
        while (!rest.empty() && !too_large()) {
            const std::size_t plain = std::min(rest.find('{'), rest.size());
            add(filled, rest.substr(0, plain));
            rest.remove_prefix(plain);
            if (rest.empty()) break;
            const Placeholder* const found = placeholder_at(rest);
            if (found == nullptr) {
                add(filled, rest.substr(0, 1));
                rest.remove_prefix(1);
            } else {
                add(filled, found->stands_for_user ? "{user}" : name_);
                rest.remove_prefix(found->text.size());
            }
        }
        text = std::move(filled);
    }
    void fill(std::optional<std::string>& text) {
        if (text) fill(*text);
    }
    [[nodiscard]] bool too_large() const { return bytes_ > domain::personality_bytes_max; }

private:
    void add(std::string& to, std::string_view part) {
        bytes_ += part.size();
        if (!too_large()) to += part;
    }

    std::string_view name_;
    std::size_t bytes_ = 0;  // of all filled texts
};

}  // namespace

bool fill_placeholders(domain::Personality& p) {
    Texts texts(p.name);
    for (std::string* text : {&p.system_prompt, &p.character_info, &p.personality_traits}) {
        texts.fill(*text);
    }
    for (auto* text : {&p.personality_tone, &p.personality_age, &p.personality_appearance,
                       &p.personality_likes, &p.personality_dislikes, &p.conversational_goals,
                       &p.conversational_examples, &p.error_message}) {
        texts.fill(*text);
    }
    // The names of models are its configuration's, which has limits of its own.
    const std::size_t models = domain::text_bytes(p.model) + domain::text_bytes(p.vision_model);
    return !texts.too_large() && text_bytes(p) - models <= domain::personality_bytes_max;
}

}  // namespace tutti::services::gateway::database
