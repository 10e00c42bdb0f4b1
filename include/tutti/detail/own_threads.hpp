// What runs in a loader or in a completion: nothing that waits, and no completion inside another
// one.
//
// Thread-safety: every thread sees only what runs on itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "tutti/detail/forks.hpp"
#include "tutti/error.hpp"

namespace tutti::detail {

// Marked by what runs there (src/base/node_thread.cpp): the process in which it was, counted from
// one.
inline constinit thread_local std::uint64_t node_thread_mark = 0;

// Whether this thread is a node's, or runs a loader or a completion. `cannot_wait` says so.
[[nodiscard]] inline bool on_own_thread() noexcept {
    return node_thread_mark == std::uint64_t{this_process()} + 1;
}

// The answer to a blocking call that would wait for itself: in a loader, in a completion, or on
// another thread of a node. Nullopt: it may wait.
[[nodiscard]] std::optional<Error> cannot_wait(std::string_view operation, std::string_view of);

// Whether a completion runs on this thread.
[[nodiscard]] bool in_completion() noexcept;
// Runs when that one has returned.
void after_completion(std::move_only_function<void()> completion);
// Requires: none runs. Then also runs what was put off meanwhile.
void run_completion(void (*call)(void*), void* completion);

// Calls `completion`, at once or, in another completion, when that has returned. A reader who reads
// again when he is answered, and is answered at once, would otherwise be called ever deeper in the
// stack. Requires: it throws nothing.
template <class Completion>
void in_turn(Completion completion) {
    if (in_completion()) return after_completion(std::move(completion));
    run_completion([](void* called) { (*static_cast<Completion*>(called))(); }, &completion);
}

}  // namespace tutti::detail
