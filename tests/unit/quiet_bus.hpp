// A bus that takes everything and never answers: a test overrides what it is about.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tutti/bus.hpp"

namespace tutti::testing {

class QuietBus : public Bus {
public:
    void subscribe(std::vector<Subscription>, BusListener&) override {}
    void publish(PublishRequest, TimePoint, Completion<Published>) override {}
    void renew(RenewRequest, TimePoint, Completion<Renewed>) override {}
    void replay(std::string, Sequence, Sequence, TimePoint,
                Completion<std::vector<BusEntry>>) override {}
    void leave(std::string, std::string, TimePoint, Completion<void>) override {}
    void acknowledge(AckRequest, TimePoint, Completion<void>) override {}
    void laggards(std::string, Sequence, TimePoint, Completion<Laggards>) override {}
    void reap(std::string, Epoch, std::uint64_t, TimePoint, Completion<void>) override {}
    void probe(TimePoint, Completion<void>) override {}
    void close() override {}
};

}  // namespace tutti::testing
