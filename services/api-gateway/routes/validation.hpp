// What the fields of a request may be, for one 400 that names all that is wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "common/process/problem_list.hpp"

namespace tutti::services::gateway::routes {

inline constexpr std::size_t discord_id_length_max = 20;
inline constexpr std::size_t slug_length_max = 255;
inline constexpr std::size_t name_length_max = 255;
inline constexpr std::size_t provider_length_max = 40;
// Of one text; what several may have together is in common/domain/limits.hpp.
inline constexpr std::size_t long_text_length_max = 256U << 10U;

// Lower-case letters, digits, dashes and underscores.
[[nodiscard]] bool is_slug(std::string_view text);

// Collects what is wrong with a request's fields, for one 400 with all of it.
class Validation {
public:
    void text(std::string_view name, const std::string& value, std::size_t length_max);
    // Required: there, not empty.
    void required(std::string_view name, const std::optional<std::string>& value,
                  std::size_t length_max);
    // Not empty when it is there.
    void if_there(std::string_view name, const std::optional<std::string>& value,
                  std::size_t length_max);
    // May be empty, which takes it away.
    void clearable(std::string_view name, const std::optional<std::string>& value,
                   std::size_t length_max);
    template <class Number>
    void range(std::string_view name, const std::optional<Number>& value, Number min, Number max) {
        if (value && (*value < min || *value > max)) {
            add(name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
        }
    }
    void add(std::string_view name, std::string_view problem) { problems_.add(name, problem); }

    [[nodiscard]] bool ok() const noexcept { return problems_.empty(); }
    [[nodiscard]] http::Response response() const;

private:
    process::ProblemList problems_;
};

}  // namespace tutti::services::gateway::routes
