// Every call is answered exactly once, and the blocking half of every operation that can also
// complete asynchronously.
#pragma once

#include <condition_variable>
#include <optional>
#include <string>
#include <utility>

#include "tutti/detail/guarded.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::detail {

// What a call answers for which there is no other answer: `because(code, why)`.
template <class Answer>
struct NoAnswer;

template <class T>
struct NoAnswer<Result<T>> {
    static Result<T> because(Errc code, std::string why) { return fail(code, {}, std::move(why)); }
};

// Calls `To` exactly once: with the first answer, or, when it is destroyed without one, with that
// error. A node that has ended drops what it will never answer, and its caller must not wait for
// ever.
template <class Answer, class To>
class Answering {
public:
    explicit Answering(To to, Errc otherwise = Errc::stopped,
                       const char* why = "the node was stopped")
        : to_(std::move(to)), otherwise_(otherwise), why_(why) {}
    Answering(Answering&& other) noexcept
        : to_(std::exchange(other.to_, std::nullopt)),
          otherwise_(other.otherwise_),
          why_(other.why_) {}
    Answering& operator=(Answering&&) = delete;
    ~Answering() {
        if (!to_) return;
        (void)guarded({.name = "completion"},
                      [&] { (*this)(NoAnswer<Answer>::because(otherwise_, why_)); });
    }

    void operator()(Answer answer) {
        if (auto to = std::exchange(to_, std::nullopt)) (*to)(std::move(answer));
    }

private:
    std::optional<To> to_;
    Errc otherwise_;
    const char* why_;
};

// Requires: a thread that may wait, see `cannot_wait`.
template <class Answer, class Start>
Answer wait_for(Start&& start) {
    Mutex mutex;
    std::condition_variable answered;
    std::optional<Answer> answer;  // guarded by mutex
    auto take = [&](Answer given) {
        // Notifies under the lock: the waiter's stack frame may be gone the moment it is released.
        const Lock lock(mutex);
        answer.emplace(std::move(given));
        answered.notify_one();
    };
    std::forward<Start>(start)(Answering<Answer, decltype(take)>(std::move(take)));
    Lock lock(mutex);
    answered.wait(lock.waiting(), [&] { return answer.has_value(); });
    return *std::move(answer);
}

}  // namespace tutti::detail
