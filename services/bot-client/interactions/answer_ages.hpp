// How old interactions were when their first answer was taken: Discord waits three seconds.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tutti/clock.hpp"

namespace tutti::services::bot::interactions {

class AnswerAges {
public:
    static constexpr std::array<Duration, 8> limits{
        std::chrono::milliseconds(50),   std::chrono::milliseconds(100),
        std::chrono::milliseconds(250),  std::chrono::milliseconds(500),
        std::chrono::milliseconds(1000), std::chrono::milliseconds(2000),
        std::chrono::milliseconds(2500), std::chrono::milliseconds(3000)};
    struct Figures {
        std::array<std::uint64_t, limits.size()> within{};  // each limit, those before it included
        std::uint64_t count = 0;
        Duration sum{};
    };

    void add(Duration age) {
        for (std::size_t i = 0; i < limits.size(); ++i) {
            if (age <= limits[i]) within_[i].fetch_add(1, std::memory_order_relaxed);
        }
        count_.fetch_add(1, std::memory_order_relaxed);
        sum_.fetch_add(age.count(), std::memory_order_relaxed);
    }
    [[nodiscard]] Figures figures() const {
        Figures figures;
        for (std::size_t i = 0; i < limits.size(); ++i) figures.within[i] = within_[i];
        figures.count = count_;
        figures.sum = Duration(sum_);
        return figures;
    }

private:
    // Figures only: nothing is decided by them, so they pair with nothing.
    std::array<std::atomic<std::uint64_t>, limits.size()> within_{};
    std::atomic<std::uint64_t> count_{0};
    std::atomic<std::int64_t> sum_{0};
};

}  // namespace tutti::services::bot::interactions
