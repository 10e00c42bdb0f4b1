// What a server that is up refuses, and what stands behind it. The network comes first: what it
// loses is not refused.
#pragma once

#include <cstddef>
#include <optional>

#include "tutti/testing/faults.hpp"

namespace tutti::simulation {

struct ServerMood {
    bool full = false;            // out of memory: what would store something
    bool refuses = false;         // everything: it is loading, or has just forgotten its scripts
    bool log_unreadable = false;  // what is read from it
    std::size_t replicas = 0;
    TimePoint replicas_since{};
    bool counted = false;  // it may be replaced, and answers count when replicas have them (W5)
};

class MoodyServer final : public testing::FaultPolicy {
public:
    MoodyServer(testing::FaultPolicy& network, const ServerMood& mood)
        : network_(network), mood_(mood) {}

    testing::OperationFate operation(const testing::OperationCall& call) override {
        testing::OperationFate fate = network_.operation(call);
        if (!fate.request_lost) fate.error = refusal(call.operation);
        return fate;
    }
    testing::PushFate push(const testing::PushCall& call) override { return network_.push(call); }

private:
    [[nodiscard]] std::optional<Error> refusal(testing::Operation operation) const {
        using enum testing::Operation;
        const bool stores = operation == put || operation == replace_if_equal ||
                            operation == fetch || operation == fill;
        if (mood_.refuses) return Error{Errc::unavailable, "simulated server", "loading"};
        if (mood_.full && stores) return Error{Errc::overloaded, "simulated server", "full"};
        if (mood_.log_unreadable && operation == replay) {
            return Error{Errc::protocol, "simulated server", "an entry cannot be decoded"};
        }
        return std::nullopt;
    }

    testing::FaultPolicy& network_;
    const ServerMood& mood_;
};

}  // namespace tutti::simulation
