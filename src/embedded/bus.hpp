// The bus of an embedded hub, as one node sees it. An operation takes effect inside the call; its
// answer and all pushes are posted to the node's executor. A deadline that has passed before the
// call is Errc::timeout, and nothing was done.
//
// Thread-safety, blocking: those of `Bus`. Lifetime: executor and clock must outlive the bus and
// the last task that it posted. The destructor closes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/embedded.hpp"
#include "tutti/executor.hpp"

namespace tutti::embedded {

struct Subscriptions;

class EmbeddedBus final : public Bus {
public:
    EmbeddedBus(std::shared_ptr<EmbeddedHub> hub, Executor& executor,
                const Clock& clock = system_clock());
    ~EmbeddedBus() override;

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
    template <class T, class F>
    void run(const char* name, TimePoint deadline, Completion<T> done, F operation);

    std::shared_ptr<EmbeddedHub> hub_;
    const Clock& clock_;
    std::shared_ptr<Subscriptions> subscriptions_;
};

}  // namespace tutti::embedded
