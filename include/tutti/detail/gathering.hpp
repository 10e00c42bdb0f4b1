// Answers that come one by one, on any threads, and are handed over together.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tutti/detail/wait_for.hpp"
#include "tutti/error.hpp"

namespace tutti::detail {

// First, by one thread: `add` for each place, `awaits` if its answer will come, and
// `all_are_asked_for`. Then `arrived` once for each number, from any thread; the last one calls
// Done, which takes a std::vector<Answer>.
template <class Answer, class Done>
class Gathering {
public:
    explicit Gathering(Done done) : done_(std::move(done)) {}

    // Valid until the next call.
    Answer& add() { return answers_.emplace_back(); }
    // The place that was added last has the answer of this number, as other places may.
    void awaits(std::size_t number) {
        if (places_.size() <= number) places_.resize(number + 1);
        places_[number].push_back(answers_.size() - 1);
    }
    void all_are_asked_for(std::size_t numbers) {
        left_.store(numbers, std::memory_order_relaxed);
        if (numbers == 0) done_(std::move(answers_));
    }

    void arrived(std::size_t number, Answer answer) {
        const auto& places = places_[number];
        for (std::size_t i = 1; i < places.size(); ++i) answers_[places[i]] = answer;
        answers_[places.front()] = std::move(answer);
        // Pairs with itself: the last one sees what all others have written.
        if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_(std::move(answers_));
    }

private:
    std::vector<Answer> answers_;
    std::vector<std::vector<std::size_t>> places_;  // by number
    std::atomic<std::size_t> left_ = 0;
    Done done_;
};

template <class T>
struct NoAnswer<std::vector<Result<T>>> {
    static std::vector<Result<T>> because(Errc, const std::string&) { return {}; }
};

}  // namespace tutti::detail
