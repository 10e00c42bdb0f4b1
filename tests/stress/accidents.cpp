// What chance would seldom bring about: each holds a thread in the one place where a rule of R2 or
// R3 is all that stands between a reader and an old value, lets the change happen, and looks.
#include <utility>

#include "stress/stress.hpp"

namespace tutti::stress {

void Stress::have_accidents(std::uint64_t seed) {
    Random random(seed);
    for (std::size_t count = 0; count < plan_.accidents && ledger_.kept(); ++count) {
        const std::size_t one = random.below(plan_.nodes);
        const std::size_t other = (one + 1 + random.below(plan_.nodes - 1)) % plan_.nodes;
        switch (count % 5) {
        case 0: hold_up(one, other); break;
        case 1: load_across_a_change(one, one, Ack::none); break;
        case 2: load_across_a_change(one, other, Ack::every_instance); break;
        case 3: load_across_a_flush(one); break;
        default: join_while_held_up(one, other);
        }
    }
}

// A node whose thread stands still hears nothing. It has the value in memory, and its lease lapses.
void Stress::hold_up(std::size_t held, std::size_t other) {
    warm(held, own_key_);
    const auto thread = stop_thread_of(held);

    write(other, plain, own_key_, Ack::every_instance);

    read(held, plain, own_key_);
    thread->open();
    read(held, plain, own_key_);
}

// A load has read the source when the key is invalidated. Who had joined it may have its value; who
// comes later may not, and memory neither.
void Stress::load_across_a_change(std::size_t reading, std::size_t writing, Ack ack) {
    cool(reading, own_key_);
    const auto source = stop_next_load(reading, own_key_);
    const auto before = begin_to_read(reading, own_key_);
    source->wait_until_reached();

    write(writing, plain, own_key_, ack);

    const auto after = begin_to_read(reading, own_key_);
    source->open();
    before->wait();
    after->wait();
    read(reading, plain, own_key_);
}

// The same for everything at once.
void Stress::load_across_a_flush(std::size_t member) {
    warm(member, spare_key_);
    cool(member, own_key_);
    const auto source = stop_next_load(member, own_key_);
    const auto before = begin_to_read(member, own_key_);
    source->wait_until_reached();

    const Version own = ledger_.commit(own_key_);
    const Version spare = ledger_.commit(spare_key_);
    (void)members_[member].caches[plain]->invalidate_all();
    ledger_.invalidated(member, own_key_, own);
    ledger_.invalidated(member, spare_key_, spare);

    read(member, plain, spare_key_);
    source->open();
    before->wait();
    read(member, plain, own_key_);
}

// A load has begun on a node that hears nothing of what is changed meanwhile.
void Stress::join_while_held_up(std::size_t held, std::size_t other) {
    cool(held, own_key_);
    const auto source = stop_next_load(held, own_key_);
    const auto before = begin_to_read(held, own_key_);
    source->wait_until_reached();
    const auto thread = stop_thread_of(held);

    write(other, plain, own_key_, Ack::every_instance);

    const auto after = begin_to_read(held, own_key_);
    source->open();
    before->wait();
    after->wait();
    thread->open();
}

// Until a read is answered from memory: what was held up before has then been made up for.
void Stress::warm(std::size_t member, std::size_t key) {
    const std::string text = std::to_string(key);
    const TimePoint end = system_clock().now() + std::chrono::minutes{1};
    do {
        const auto answer = members_[member].caches[plain]->get(text);
        if (!answer) return ledger_.report("a node recovers: " + answer.error().message());
        if (answer->tier() == Tier::memory && answer->freshness() == Freshness::fresh) return;
    } while (system_clock().now() < end);
    ledger_.report("a node recovers: not within a minute");
}

void Stress::cool(std::size_t member, std::size_t key) {
    warm(member, key);
    write(member, plain, key, Ack::none);
}

// The answer to an invalidation comes on the node's thread.
std::shared_ptr<Stress::Gate> Stress::stop_thread_of(std::size_t member) {
    auto gate = std::make_shared<Gate>();
    members_[member].caches[plain]->invalidate("nothing", InvalidateOptions{},
                                               [gate](const Invalidation&) { gate->pass(); });
    gate->wait_until_reached();
    return gate;
}

std::shared_ptr<Stress::Gate> Stress::stop_next_load(std::size_t member, std::size_t key) {
    auto gate = std::make_shared<Gate>();
    const std::lock_guard lock(gate_mutex_);
    next_load_ = gate;
    next_load_member_ = member;
    next_load_key_ = key;
    return gate;
}

}  // namespace tutti::stress
