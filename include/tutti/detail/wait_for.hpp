// The blocking half of every operation that can also complete asynchronously.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace tutti::detail {

// Ends the program with an explanation when the calling thread belongs to a node.
void require_foreign_thread(const char* operation) noexcept;

template <class Answer, class Start>
Answer wait_for(Start start) {
    require_foreign_thread("a blocking call");
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<Answer> answer;  // guarded by mutex
    start([&](Answer given) {
        // Notifies under the lock: the waiter's stack frame may be gone the moment it is released.
        const std::lock_guard lock(mutex);
        answer.emplace(std::move(given));
        answered.notify_one();
    });
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return answer.has_value(); });
    return *std::move(answer);
}

}  // namespace tutti::detail
