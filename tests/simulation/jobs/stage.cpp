#include "simulation/jobs/stage.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tutti::simulation {

namespace {

constexpr std::size_t stack_bytes = 256U << 10U;
Stage* entered = nullptr;  // by the actor that begins

}  // namespace

void Stage::close() {
    closing_ = true;
    for (std::size_t place = 0; place < actors_.size(); ++place) {
        actors_[place]->dead = true;
        if (!actors_[place]->over) give_turn(place);
    }
}

std::size_t Stage::add(std::function<void()> body) {
    if (closing_) return actors_.size();
    auto actor = std::make_unique<Actor>();
    actor->body = std::move(body);
    actor->wakes = now_;
    actor->order = random_.number();
    actor->stack = std::make_unique_for_overwrite<char[]>(stack_bytes);
    ::getcontext(&actor->place);
    actor->place.uc_stack.ss_sp = actor->stack.get();
    actor->place.uc_stack.ss_size = stack_bytes;
    actor->place.uc_link = &back_;
    ::makecontext(&actor->place, &Stage::enter, 0);
    actors_.push_back(std::move(actor));
    return actors_.size() - 1;
}

void Stage::enter() {
    Stage& stage = *entered;
    stage.live(*stage.actors_[stage.current_]);
}

void Stage::live(Actor& actor) {
    if (!actor.dead) {
        try {
            actor.body();
        } catch (const Died&) {
            // As a process that was killed: what it had is gone.
        }
    }
    actor.over = true;
}

void Stage::wait(Duration duration) {
    Actor& actor = *actors_[current_];
    if (actor.dead) throw Died{};
    actor.wakes = now_ + duration;
    actor.order = random_.number();
    ::swapcontext(&actor.place, &back_);
    if (actor.dead) throw Died{};
}

void Stage::kill(std::size_t actor) {
    actors_[actor]->dead = true;
    actors_[actor]->wakes = now_;
}

void Stage::pause(std::size_t actor, Duration duration) {
    actors_[actor]->wakes = std::max(actors_[actor]->wakes, now_ + duration);
}

std::size_t Stage::next() const {
    std::size_t best = actors_.size();
    for (std::size_t place = 0; place < actors_.size(); ++place) {
        const Actor& actor = *actors_[place];
        if (actor.over) continue;
        if (best == actors_.size() || std::tie(actor.wakes, actor.order) <
                                          std::tie(actors_[best]->wakes, actors_[best]->order)) {
            best = place;
        }
    }
    return best;
}

void Stage::give_turn(std::size_t place) {
    current_ = place;
    now_ = std::max(now_, actors_[place]->wakes);
    entered = this;
    Actor& actor = *actors_[place];
    ::swapcontext(&back_, &actor.place);
    if (!actor.over) return;
    actor.body = nullptr;
    actor.stack.reset();
}

void Stage::run(Duration duration) {
    const TimePoint end = now_ + duration;
    while (true) {
        const std::size_t place = next();
        if (place == actors_.size() || actors_[place]->wakes > end) break;
        give_turn(place);
    }
    now_ = end;
}

}  // namespace tutti::simulation
