// Turns recursion into a loop. The end of one step sets off the next, and when it ends inside the
// call, as a loader that has its answer at once does, a hundred thousand of them would lie on top
// of each other.
//
// Thread-safety: every thread runs loops of its own.
#pragma once

namespace tutti {

class Trampoline {
public:
    Trampoline() = default;
    Trampoline(const Trampoline&) = delete;
    Trampoline& operator=(const Trampoline&) = delete;

    // Calls `step` until it returns false. When it is called from inside such a step, on the same
    // thread, it does nothing: the loop that is under way takes the next step.
    template <class Step>
    void run(Step step) const {
        if (under_way()) return;
        const Frame frame(*this);
        while (step()) {
        }
    }

private:
    struct Frame {
        explicit Frame(const Trampoline& loops) noexcept : of(&loops), below(top) { top = this; }
        ~Frame() { top = below; }
        Frame(const Frame&) = delete;
        Frame& operator=(const Frame&) = delete;

        const Trampoline* of;
        Frame* below;
    };

    [[nodiscard]] bool under_way() const noexcept {
        for (const Frame* frame = top; frame != nullptr; frame = frame->below) {
            if (frame->of == this) return true;
        }
        return false;
    }

    inline static thread_local Frame* top = nullptr;
};

}  // namespace tutti
