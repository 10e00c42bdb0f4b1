#include "embedded/bus.hpp"

#include <cassert>
#include <utility>

#include "embedded/server.hpp"

namespace tutti::embedded {

namespace {

Result<std::vector<BusEntry>> to_entries(const Result<std::vector<ServerChannel::Entry>>& found) {
    if (!found) return fail(found.error());
    std::vector<BusEntry> entries;
    entries.reserve(found->size());
    for (const ServerChannel::Entry& entry : *found) entries.push_back(*entry);
    return entries;
}

}  // namespace

EmbeddedBus::EmbeddedBus(std::shared_ptr<EmbeddedHub> hub, Executor& executor, const Clock& clock)
    : hub_(std::move(hub)),
      clock_(clock),
      subscriptions_(std::make_shared<Subscriptions>(executor)) {}

EmbeddedBus::~EmbeddedBus() { EmbeddedBus::close(); }

// An answer that is still under way when the bus closes becomes Errc::stopped; the operation has
// happened all the same, as with a reply that a closed connection cannot bring any more.
template <class T, class F>
void EmbeddedBus::run(const char* name, TimePoint deadline, Completion<T> done, F operation) {
    Result<T> result = [&]() -> Result<T> {
        if (subscriptions_->closed.load(std::memory_order_acquire)) {
            return not_done(Errc::stopped, name, "the bus is closed");
        }
        if (clock_.now() > deadline) {
            return not_done(Errc::timeout, name, "the deadline had passed before the call");
        }
        return operation(hub_->server());
    }();
    subscriptions_->executor.post([subscriptions = subscriptions_, name, done = std::move(done),
                                   result = std::move(result)]() mutable {
        if (subscriptions->closed.load(std::memory_order_acquire)) {
            result = fail(Errc::stopped, name, "the bus was closed before the answer came");
        }
        done(std::move(result));
    });
}

void EmbeddedBus::subscribe(std::vector<Subscription> subscriptions, BusListener& listener) {
    assert(subscriptions_->listener == nullptr && "Bus::subscribe is called once");
    if (subscriptions_->closed.load(std::memory_order_acquire)) return;
    subscriptions_->listener = &listener;
    for (Subscription& subscription : subscriptions) {
        subscriptions_->channels.emplace(std::move(subscription.channel), subscription.plain);
    }
    hub_->server().attach(subscriptions_);
}

void EmbeddedBus::publish(PublishRequest request, TimePoint deadline, Completion<Published> done) {
    run<Published>("embedded publish", deadline, std::move(done),
                   [&](Server& server) { return server.publish(std::move(request)); });
}

void EmbeddedBus::renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) {
    run<Renewed>("embedded renew", deadline, std::move(done),
                 [&](Server& server) { return server.renew(request); });
}

void EmbeddedBus::replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                         Completion<std::vector<BusEntry>> done) {
    run<std::vector<BusEntry>>("embedded replay", deadline, std::move(done), [&](Server& server) {
        return to_entries(server.replay(channel, first, last));
    });
}

void EmbeddedBus::leave(std::string channel, std::string member, TimePoint deadline,
                        Completion<void> done) {
    run<void>("embedded leave", deadline, std::move(done),
              [&](Server& server) { return server.leave(channel, member); });
}

void EmbeddedBus::acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) {
    run<void>("embedded acknowledge", deadline, std::move(done),
              [&](Server& server) { return server.acknowledge(request); });
}

void EmbeddedBus::laggards(std::string channel, Sequence sequence, TimePoint deadline,
                           Completion<Laggards> done) {
    run<Laggards>("embedded laggards", deadline, std::move(done),
                  [&](Server& server) { return server.laggards(channel, sequence); });
}

void EmbeddedBus::reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
                       Completion<void> done) {
    run<void>("embedded reap", deadline, std::move(done),
              [&](Server& server) { return server.reap(channel, epoch, renewals); });
}

void EmbeddedBus::probe(TimePoint deadline, Completion<void> done) {
    run<void>("embedded probe", deadline, std::move(done),
              [&](Server& server) { return server.probe(*subscriptions_); });
}

void EmbeddedBus::close() {
    subscriptions_->closed.store(true, std::memory_order_release);
    hub_->server().detach(subscriptions_);
}

}  // namespace tutti::embedded
