// Virtual time for code that waits in the middle of a function. Each actor has a stack of its own,
// and one of all runs at a time: the one whose time has come, chosen among equals by the seed. So
// the same seed gives the same run, and an actor can be paused, or die, wherever it waits.
//
// Thread-safety: none; actors take turns with `run`.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "simulation/random.hpp"
#include "tutti/clock.hpp"

namespace tutti::simulation {

class Stage final : public Clock {
public:
    // Where an actor waits when it dies; nothing catches it but the stage.
    struct Died {};

    explicit Stage(std::uint64_t seed) : random_(seed) {}
    ~Stage() override { close(); }
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    Random& random() { return random_; }
    [[nodiscard]] TimePoint now() const noexcept override { return now_; }

    // Begins at the next turn; never, when the stage closes. The number is that of no other actor.
    std::size_t add(std::function<void()> body);
    // Of the actor that runs: its turn is over, until then.
    void wait(Duration duration);
    // Requires: not the actor that runs.
    void kill(std::size_t actor);
    void pause(std::size_t actor, Duration duration);

    // Gives turns until that time.
    void run(Duration duration);
    // Every actor dies, and none comes any more.
    void close();

private:
    struct Actor {
        std::function<void()> body;
        TimePoint wakes;
        std::uint64_t order = 0;
        bool dead = false;
        bool over = false;
        std::unique_ptr<char[]> stack{};  // none when it is over
        ucontext_t place{};
    };

    static void enter();
    void live(Actor& actor);
    void give_turn(std::size_t place);
    [[nodiscard]] std::size_t next() const;

    Random random_;
    TimePoint now_{std::chrono::hours{1}};
    std::vector<std::unique_ptr<Actor>> actors_;
    std::size_t current_ = 0;
    bool closing_ = false;
    ucontext_t back_{};
};

}  // namespace tutti::simulation
