#include "coherence/ack_waits.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tutti {

namespace {

// The mark takes two round trips.
constexpr Duration ask_first = std::chrono::milliseconds{20};
constexpr Duration ask_last = std::chrono::seconds{1};

}  // namespace

AckWaits::AckWaits(Options options, Bus& bus, Executor& executor, const Clock& clock)
    : options_(std::move(options)),
      bus_(bus),
      executor_(executor),
      clock_(clock),
      ask_pauses_(ask_first, ask_last) {}

AckWaits::Id AckWaits::add(const BusPosition& position, std::uint64_t members,
                           std::function<void()> acked) {
    const Id id = ++last_id_;
    if (members == 0 || is_acked(position)) {
        acked();
        return id;
    }
    waits_.emplace(id, Wait{.position = position, .acked = std::move(acked)});
    ask_pauses_.reset();
    ask_later();
    return id;
}

std::vector<std::string> AckWaits::remove(Id id) {
    const auto wait = waits_.extract(id);
    cancel_if_idle();
    return wait.empty() ? std::vector<std::string>{} : wait.mapped().behind;
}

void AckWaits::all_acked(Epoch epoch, Sequence sequence) {
    low_water_ = epoch == epoch_ ? std::max(low_water_, sequence) : sequence;
    epoch_ = epoch;
    std::vector<std::function<void()>> acked;
    std::erase_if(waits_, [&](auto& wait) {
        const bool over = is_acked(wait.second.position);
        if (over) acked.push_back(std::move(wait.second.acked));
        return over;
    });
    cancel_if_idle();
    for (const auto& call : acked) call();
}

void AckWaits::ask_later() {
    if (waits_.empty() || asking_) return;
    ask_by(clock_.now() + ask_pauses_.next());
}

void AckWaits::ask_by(TimePoint when) {
    if (timer_ != Executor::TimerId::none) {
        if (timer_at_ <= when) return;
        executor_.cancel(timer_);
    }
    timer_at_ = when;
    timer_ = executor_.run_at(when, [self = shared_from_this()] {
        self->timer_ = Executor::TimerId::none;
        self->ask();
    });
}

void AckWaits::cancel_if_idle() {
    if (waits_.empty()) executor_.cancel(std::exchange(timer_, Executor::TimerId::none));
}

// About the last one that waits: a member that has acknowledged it has the others of its epoch,
// too.
void AckWaits::ask() {
    if (waits_.empty()) return;
    asking_ = true;
    const BusPosition last = waits_.rbegin()->second.position;
    bus_.laggards(options_.channel, last.sequence,
                  saturating_add(clock_.now(), options_.command_deadline),
                  [self = shared_from_this(), last](const Result<Laggards>& answer) {
                      self->asking_ = false;
                      if (answer && answer->epoch == last.epoch) self->answered(last, *answer);
                      self->ask_later();
                  });
}

void AckWaits::answered(const BusPosition& asked, const Laggards& answer) {
    for (auto& [id, wait] : waits_) {
        if (wait.position.epoch != asked.epoch) continue;
        wait.behind.clear();
        for (const Laggards::Member& member : answer.members) {
            if (member.applied < wait.position.sequence) wait.behind.push_back(member.name);
        }
    }
    all_acked(asked.epoch,
              answer.members.empty() ? asked.sequence : answer.members.front().applied);
}

void AckWaits::close() {
    waits_.clear();
    cancel_if_idle();
}

}  // namespace tutti
