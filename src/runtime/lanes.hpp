// Whose task runs next, when several lanes share a number of threads.
//
// A task may start while fewer than `shared` run, or when none of its lane runs: a lane whose tasks
// hang may occupy every shared thread, and yet each other one has a place. So up to `shared` and
// one for each further lane run at once. Lanes that may start a task take turns; within a lane
// tasks start in order.
//
// Thread-safety: none; WorkerPool guards it.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/workers.hpp"

namespace tutti {

class Lanes {
public:
    using Lane = Workers::Lane;
    struct Started {
        Lane lane;
        Task task;
    };

    // `queued_max`: of each lane.
    Lanes(std::size_t shared, std::size_t queued_max) : shared_(shared), queued_max_(queued_max) {}

    [[nodiscard]] std::size_t running() const noexcept { return running_; }  // tasks

    // Whose tasks run: "cache numbers (2)".
    [[nodiscard]] std::vector<std::string> busy() const {
        std::vector<std::string> names;
        for (const State& lane : lanes_) {
            if (lane.running == 0) continue;
            names.push_back(lane.name + " (" + std::to_string(lane.running) + ")");
        }
        return names;
    }

    Lane open(std::string name, std::size_t running_max) {
        lanes_.push_back(
            {.name = std::move(name), .queue = {}, .running = 0, .running_max = running_max});
        return Lane{static_cast<std::uint32_t>(lanes_.size() - 1)};
    }

    // False: the lane is full, and `task` is as it was.
    bool push(Lane lane, Task&& task) {
        std::deque<Task>& queue = state(lane).queue;
        if (queue.size() >= queued_max_) return false;
        queue.push_back(std::move(task));
        return true;
    }

    // Whether some task may start.
    [[nodiscard]] bool ready() const { return next().has_value(); }

    // A task that starts now, if one may; `ended` follows.
    std::optional<Started> take() {
        const auto lane = next();
        if (!lane) return std::nullopt;
        State& state = lanes_[*lane];
        Started started{.lane = Lane{static_cast<std::uint32_t>(*lane)},
                        .task = std::move(state.queue.front())};
        state.queue.pop_front();
        ++state.running;
        ++running_;
        turn_ = (*lane + 1) % lanes_.size();
        return started;
    }

    void ended(Lane lane) {
        --state(lane).running;
        --running_;
    }

    // Every task that has not started.
    [[nodiscard]] std::vector<Task> drop() {
        std::vector<Task> dropped;
        for (State& state : lanes_) {
            for (Task& task : std::exchange(state.queue, {})) dropped.push_back(std::move(task));
        }
        return dropped;
    }

private:
    struct State {
        std::string name;
        std::deque<Task> queue;
        std::size_t running = 0;
        std::size_t running_max = 0;
    };

    State& state(Lane lane) { return lanes_.at(static_cast<std::size_t>(lane)); }

    [[nodiscard]] bool may_start(const State& lane) const {
        if (lane.queue.empty() || lane.running >= lane.running_max) return false;
        return running_ < shared_ || lane.running == 0;
    }

    [[nodiscard]] std::optional<std::size_t> next() const {
        for (std::size_t step = 0; step < lanes_.size(); ++step) {
            const std::size_t lane = (turn_ + step) % lanes_.size();
            if (may_start(lanes_[lane])) return lane;
        }
        return std::nullopt;
    }

    const std::size_t shared_;
    const std::size_t queued_max_;
    std::deque<State> lanes_;  // a queue of tasks cannot be copied
    std::size_t running_ = 0;
    std::size_t turn_ = 0;  // the lane that is asked first
};

}  // namespace tutti
