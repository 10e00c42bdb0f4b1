#include "tutti/testing/faults.hpp"

#include <utility>

namespace tutti::testing {

void ScriptedFaults::next(Operation operation, OperationFate fate) {
    const detail::Lock lock(mutex_);
    next_[operation].push_back(std::move(fate));
}

void ScriptedFaults::next_push(PushFate fate) {
    const detail::Lock lock(mutex_);
    next_push_.push_back(fate);
}

void ScriptedFaults::every(Operation operation, OperationFate fate) {
    const detail::Lock lock(mutex_);
    every_[operation] = std::move(fate);
}

void ScriptedFaults::every_push(PushFate fate) {
    const detail::Lock lock(mutex_);
    every_push_ = fate;
}

OperationFate ScriptedFaults::operation(const OperationCall& call) {
    const detail::Lock lock(mutex_);
    auto& queue = next_[call.operation];
    if (queue.empty()) return every_[call.operation];
    OperationFate fate = std::move(queue.front());
    queue.pop_front();
    return fate;
}

PushFate ScriptedFaults::push(const PushCall&) {
    const detail::Lock lock(mutex_);
    if (next_push_.empty()) return every_push_;
    const PushFate fate = next_push_.front();
    next_push_.pop_front();
    return fate;
}

void SeededFaults::set_rates(Rates rates) {
    const detail::Lock lock(mutex_);
    rates_ = rates;
}

// Every decision draws all its numbers, whatever the rates: changing one rate then leaves the
// others' faults where they were, which is what makes a failing seed comparable with a smaller one.
OperationFate SeededFaults::operation(const OperationCall&) {
    const detail::Lock lock(mutex_);
    OperationFate fate;
    fate.request_delay = delay();
    fate.reply_delay = delay();
    fate.request_lost = chance(rates_.request_lost);
    fate.reply_lost = chance(rates_.reply_lost);
    fate.overtake = chance(rates_.request_overtakes);
    return fate;
}

PushFate SeededFaults::push(const PushCall& call) {
    const detail::Lock lock(mutex_);
    PushFate fate;
    fate.delay = delay();
    fate.copy_delay = delay();
    const bool lost = chance(rates_.push_lost);
    const bool duplicated = chance(rates_.push_duplicated);
    fate.copies = lost ? 0 : duplicated ? 2 : 1;
    fate.overtake = chance(rates_.push_overtakes);
    return call.plain ? PushFate{.delay = fate.delay} : fate;
}

// Own arithmetic: the standard's distributions differ between libraries, and a seed must not.
bool SeededFaults::chance(double probability) {
    const double drawn = static_cast<double>(random_() >> 11) * 0x1p-53;
    return drawn < probability;
}

Duration SeededFaults::delay() {
    const bool delayed = chance(rates_.delayed);
    const std::uint64_t drawn = random_();
    if (!delayed || rates_.delay_max <= Duration::zero()) return Duration::zero();
    const auto range = static_cast<std::uint64_t>(rates_.delay_max.count()) + 1;
    return Duration{static_cast<Duration::rep>(drawn % range)};
}

void Link::cut(Direction direction) {
    const detail::Lock lock(mutex_);
    (direction == Direction::to_server ? to_server_ : from_server_) = false;
}

void Link::heal() {
    const detail::Lock lock(mutex_);
    to_server_ = true;
    from_server_ = true;
}

OperationFate Link::operation(const OperationCall& call) {
    const detail::Lock lock(mutex_);
    return policy_.operation(call);
}

PushFate Link::push(const PushCall& call) {
    const detail::Lock lock(mutex_);
    return policy_.push(call);
}

bool Link::passes(Direction direction) const {
    const detail::Lock lock(mutex_);
    return direction == Direction::to_server ? to_server_ : from_server_;
}

}  // namespace tutti::testing
