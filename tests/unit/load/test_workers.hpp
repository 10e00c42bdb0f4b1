// The workers of a cache under test.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/workers.hpp"
#include "tutti/executor.hpp"

namespace tutti::testing {

// Runs what it takes on the test's executor; can be told to be full, and to hold tasks back.
class TestWorkers final : public Workers {
public:
    explicit TestWorkers(Executor& executor) : executor_(executor) {}
    Lane open_lane(std::string, std::size_t) override { return {}; }
    bool try_post(Lane, Task task) override {
        if (full) return false;
        held_.push_back(std::move(task));
        if (!hold) release();
        return true;
    }
    void release() {
        hold = false;
        for (Task& task : std::exchange(held_, {})) executor_.post(std::move(task));
    }
    [[nodiscard]] std::size_t held() const { return held_.size(); }

    bool full = false;
    bool hold = false;

private:
    Executor& executor_;
    std::vector<Task> held_;
};

}  // namespace tutti::testing
