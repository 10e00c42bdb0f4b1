// A bus behind a bad network: `Link` decides for each operation and each push whether it is lost,
// late, doubled or overtaken; the subscription connection can break, noticed or not. With no faults
// it behaves as the bus inside.
//
// Thread-safety, blocking: those of `Bus`. Lifetime: `inner`, executor, clock and link must outlive
// it and the last task that runs on the executor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/executor.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::testing {

class FaultyBus final : public Bus {
public:
    FaultyBus(Bus& inner, Executor& executor, const Clock& clock, Link& link);
    ~FaultyBus() override;

    // The subscription connection breaks and the node is told. Pushes under way are lost.
    void disconnect();
    // It breaks and the node is not told: nothing arrives any more, probes are not answered.
    // `disconnect` is what a node sees when its system notices at last.
    void go_half_open();
    // A new connection, confirmed to the node. A break that was not noticed is noticed first.
    void reconnect();

    void subscribe(std::vector<Subscription> subscriptions, BusListener& listener) override;
    void publish(PublishRequest request, TimePoint deadline, Completion<Published> done) override;
    void renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) override;
    void replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                Completion<std::vector<BusEntry>> done) override;
    void leave(std::string channel, std::string member, TimePoint deadline,
               Completion<void> done) override;
    void acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) override;
    void laggards(std::string channel, Sequence sequence, TimePoint deadline,
                  Completion<Laggards> done) override;
    void reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
              Completion<void> done) override;
    void probe(TimePoint deadline, Completion<void> done) override;
    void close() override;

private:
    class State;

    std::shared_ptr<State> state_;
};

}  // namespace tutti::testing
