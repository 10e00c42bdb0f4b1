#include "cli/probe_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tutti::cli {
namespace {

constexpr Duration members_pause = std::chrono::milliseconds{50};   // they may be many
constexpr Duration failure_pause = std::chrono::milliseconds{100};  // each look connects anew

}  // namespace

Watch::Watch(redis::LogFollower follower, Duration pause, const World& world)
    : pause_(pause), world_(world), follower_(std::move(follower)), thread_([this] { work(); }) {}

Watch::~Watch() {
    ending_.store(true);
    thread_.join();
}

std::vector<Watch::Look> Watch::take() {
    const detail::Lock lock(mutex_);
    return std::exchange(looks_, {});
}

void Watch::work() {
    while (!ending_.load()) {
        Look seen = look();
        const Duration pause = seen.part ? pause_ : std::max(pause_, failure_pause);
        {
            const detail::Lock lock(mutex_);
            looks_.push_back(std::move(seen));
        }
        world_.wait(pause);
    }
}

Watch::Look Watch::look() {
    std::optional<Members> members;
    TimePoint began = world_.clock->now();
    if (began >= members_due_) {
        auto names = follower_.members();
        if (!names) {
            return {.began = began,
                    .ended = world_.clock->now(),
                    .members = std::nullopt,
                    .part = fail(std::move(names).error())};
        }
        members = Members{.asked = began, .names = *std::move(names)};
        members_due_ = began + members_pause;
        began = world_.clock->now();
    }
    auto part = follower_.next();
    return {.began = began,
            .ended = world_.clock->now(),
            .members = std::move(members),
            .part = std::move(part)};
}

}  // namespace tutti::cli
