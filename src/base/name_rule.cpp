#include "base/name_rule.hpp"

#include "base/text.hpp"

namespace tutti {

namespace {

// Redis Cluster and our own names give braces a meaning.
std::optional<std::string> wrong_with(std::string_view name, std::size_t bytes_max,
                                      std::string_view forbidden, std::string_view called) {
    const bool good = !name.empty() && name.size() <= bytes_max &&
                      name.find_first_of(forbidden) == std::string_view::npos &&
                      is_plain_text(name);
    if (good) return std::nullopt;
    return "must have 1 to " + std::to_string(bytes_max) + " bytes of UTF-8, without " +
           std::string(called) + " and control characters";
}

}  // namespace

std::optional<std::string> wrong_with_name(std::string_view name, std::size_t bytes_max) {
    return wrong_with(name, bytes_max, "{}", "braces");
}

std::optional<std::string> wrong_with_app(std::string_view app) {
    return wrong_with(app, short_name_bytes_max, "{}/", "braces, slashes");
}

}  // namespace tutti
