// Flows of control of which one runs at a time; before every atomic of the memory tier a seed
// decides which goes on. What a seed does it does again.
//
// Mechanism: contexts of one thread, as it takes the system longer to change threads than to run a
// whole schedule. What is a thread's is a flow's here: the scheduler changes it with them.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <random>
#include <vector>

#include "unit/memory/inspector.hpp"

namespace tutti::testing {

class Schedule {
public:
    explicit Schedule(std::uint64_t seed)
        : random_(seed), patience_(patiences[random_() % std::size(patiences)]) {}

    // Returns when all have ended. False: they go round in a circle, and are left where they are.
    [[nodiscard]] bool run(std::vector<std::function<void()>> bodies) {
        flows_.resize(bodies.size());
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            Flow& flow = flows_[i];
            flow.body = std::move(bodies[i]);
            flow.stack.resize(stack_bytes);
            ::getcontext(&flow.context);
            flow.context.uc_stack.ss_sp = flow.stack.data();
            flow.context.uc_stack.ss_size = flow.stack.size();
            flow.context.uc_link = nullptr;
            ::makecontext(&flow.context, &Schedule::begin, 0);
            unfinished_.push_back(i);
        }
        current_ = this;
        own_slot_ = MemoryCacheInspector::reader_slot();
        enter(pick(), main_);
        current_ = nullptr;
        MemoryCacheInspector::reader_slot() = own_slot_;
        return unfinished_.empty();
    }

    // Outside of `run`: nothing.
    static void change() noexcept {
        if (current_ != nullptr) current_->pass_on();
    }

private:
    static constexpr std::size_t stack_bytes = 256 * 1024;
    static constexpr std::size_t changes_max = 200'000;  // a schedule that ends has some hundred

    struct Flow {
        std::function<void()> body;
        std::vector<char> stack;
        ucontext_t context{};
        detail::ReaderSlot* slot = nullptr;
    };

    void pass_on() {
        if (++changes_ > changes_max) ::swapcontext(&flows_[running_].context, &main_);
        if (random_() % patience_ != 0) return;  // most go on, so that all get far
        const std::size_t next = pick();
        if (next == running_) return;
        flows_[running_].slot = MemoryCacheInspector::reader_slot();
        enter(next, flows_[running_].context);
    }
    void enter(std::size_t next, ucontext_t& from) {
        running_ = next;
        MemoryCacheInspector::reader_slot() = flows_[next].slot;
        ::swapcontext(&from, &flows_[next].context);
    }
    static void begin() {
        Schedule& mine = *current_;
        mine.flows_[mine.running_].body();
        mine.finish();
    }
    void finish() {
        current_ = nullptr;  // giving back is not part of the schedule
        MemoryCacheInspector::give_back_reader_slot();
        current_ = this;
        Flow& ended = flows_[running_];
        std::erase(unfinished_, running_);
        if (!unfinished_.empty()) return enter(pick(), ended.context);
        ::swapcontext(&ended.context, &main_);
    }
    std::size_t pick() { return unfinished_[random_() % unfinished_.size()]; }

    // How many atomics a flow goes on for, on average: some change in the middle of everything, in
    // others a whole operation lies between two atomics of another.
    static constexpr std::uint64_t patiences[] = {3, 3, 12, 48};

    std::mt19937_64 random_;
    const std::uint64_t patience_;
    std::vector<Flow> flows_;
    std::vector<std::size_t> unfinished_;
    std::size_t running_ = 0;
    std::size_t changes_ = 0;
    ucontext_t main_{};
    detail::ReaderSlot* own_slot_ = nullptr;
    inline static Schedule* current_ = nullptr;
};

}  // namespace tutti::testing
