#include "tutti/detail/wait_for.hpp"

#include <cstdio>
#include <cstdlib>

#include "base/node_thread.hpp"

namespace tutti::detail {

void require_foreign_thread(const char* operation) noexcept {
    if (!on_node_thread()) return;
    constexpr const char* last_words =
        "tutti: %s on a thread of the node would wait for itself; use the asynchronous form\n";
    std::fprintf(stderr, last_words, operation);
    std::abort();
}

}  // namespace tutti::detail
