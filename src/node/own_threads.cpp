#include "tutti/detail/own_threads.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/home_process.hpp"
#include "base/node_thread.hpp"

namespace tutti::detail {

namespace {

class RunningTask;

// The completion that runs on this thread; null: none does.
thread_local RunningTask* running = nullptr;

class RunningTask {
public:
    RunningTask() noexcept : before_(std::exchange(running, this)) {}
    ~RunningTask() { running = before_; }
    RunningTask(const RunningTask&) = delete;
    RunningTask& operator=(const RunningTask&) = delete;

    // In a child that a completion has forked, the parent's does not go on.
    [[nodiscard]] bool goes_on() const noexcept { return !home_.left(); }
    void put_off(std::move_only_function<void()> completion) {
        later_.push_back(std::move(completion));
    }

    void run_later() {
        while (!later_.empty()) {
            for (auto& completion : std::exchange(later_, {})) completion();
        }
    }

private:
    const HomeProcess home_;
    const NodeThreadMark mark_;
    RunningTask* const before_;
    std::vector<std::move_only_function<void()>> later_;
};

}  // namespace

std::optional<Error> cannot_wait(std::string_view operation, std::string_view of) {
    if (!on_node_thread()) return std::nullopt;
    return Error{
        Errc::wrong_thread, std::string(operation).append(" ").append(of),
        "a blocking call in a loader or in a completion would wait for itself; use the form "
        "that takes a completion (docs/guide/loaders.md)"};
}

bool in_completion() noexcept { return running != nullptr && running->goes_on(); }

void after_completion(std::move_only_function<void()> completion) {
    running->put_off(std::move(completion));
}

void run_completion(void (*call)(void*), void* completion) {
    RunningTask turn;
    call(completion);
    turn.run_later();
}

}  // namespace tutti::detail
