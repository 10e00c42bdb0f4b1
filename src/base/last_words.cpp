#include "tutti/detail/last_words.hpp"

#include <cstdio>
#include <cstdlib>

namespace tutti::detail {

void last_words(std::string_view text) noexcept {
    std::fprintf(stderr, "tutti: %.*s\n", static_cast<int>(text.size()), text.data());
    std::abort();
}

}  // namespace tutti::detail
