// What goes wrong between one node and its server, and who decides it. `FaultyStore` and
// `FaultyBus` ask the node's `Link` about each operation and each push; the link asks its policy,
// and lays a partition over the answer. `ScriptedFaults` is for a test that wants "the next renewal
// is lost", `SeededFaults` for a simulator.
//
// Thread-safety: `Link` and both policies may be used from any thread. A link serialises the calls
// to its policy; a policy that several links share must be thread-safe by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string_view>

#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::testing {

enum class Operation : unsigned char {
    get,
    put,
    erase,
    erase_if_equal,
    replace_if_equal,
    count,
    fetch,
    fill,
    release,
    drop,
    publish,
    renew,
    replay,
    leave,
    acknowledge,
    laggards,
    reap,
    probe,
};

[[nodiscard]] constexpr std::string_view to_string(Operation operation) noexcept {
    switch (operation) {
    case Operation::get: return "get";
    case Operation::put: return "put";
    case Operation::erase: return "erase";
    case Operation::erase_if_equal: return "erase_if_equal";
    case Operation::replace_if_equal: return "replace_if_equal";
    case Operation::count: return "count";
    case Operation::fetch: return "fetch";
    case Operation::fill: return "fill";
    case Operation::release: return "release";
    case Operation::drop: return "drop";
    case Operation::publish: return "publish";
    case Operation::renew: return "renew";
    case Operation::replay: return "replay";
    case Operation::leave: return "leave";
    case Operation::acknowledge: return "acknowledge";
    case Operation::laggards: return "laggards";
    case Operation::reap: return "reap";
    case Operation::probe: return "probe";
    }
    return "unknown";
}

// In the order of the calls unless `overtake`, which is what a command of a dead connection does
// that reaches the server after those of its successor.
struct OperationFate {
    Duration request_delay{};
    Duration reply_delay{};
    bool request_lost = false;  // not executed; Errc::timeout at the deadline
    bool reply_lost = false;    // executed; Errc::timeout at the deadline
    bool overtake = false;
    std::optional<Error> error = std::nullopt;  // not executed; answered with this at once
};

struct PushFate {
    Duration delay{};
    Duration copy_delay{};   // of each copy after the first, behind the one before it
    std::size_t copies = 1;  // 0: lost
    bool overtake = false;   // arrives when its delay is over, before earlier ones if need be
};

struct OperationCall {
    Operation operation;
    std::string_view subject;  // the key or the channel; empty for a probe
};

struct PushCall {
    std::string_view channel;  // empty: of an ended claim, which concerns all
    bool plain;
};

class FaultPolicy {
public:
    virtual ~FaultPolicy() = default;
    virtual OperationFate operation(const OperationCall& call) = 0;
    virtual PushFate push(const PushCall& call) = 0;
};

// All goes well except what was asked for.
class ScriptedFaults final : public FaultPolicy {
public:
    // The next call of that operation, after those that were scripted before; then all is well
    // again.
    void next(Operation operation, OperationFate fate);
    void next_push(PushFate fate);
    // Every call that `next` does not cover, until changed.
    void every(Operation operation, OperationFate fate);
    void every_push(PushFate fate);

    OperationFate operation(const OperationCall& call) override;
    PushFate push(const PushCall& call) override;

private:
    detail::Mutex mutex_;
    std::map<Operation, std::deque<OperationFate>> next_ TUTTI_GUARDED_BY(mutex_);
    std::map<Operation, OperationFate> every_ TUTTI_GUARDED_BY(mutex_);
    std::deque<PushFate> next_push_ TUTTI_GUARDED_BY(mutex_);
    PushFate every_push_ TUTTI_GUARDED_BY(mutex_);
};

// Independent faults at given rates; the same seed and the same calls give the same faults. Plain
// events are delayed and nothing else: a standing connection neither loses nor reorders, and unlike
// an entry of the log they cannot be read again. `FaultyBus::disconnect` is how they are lost.
class SeededFaults final : public FaultPolicy {
public:
    // Probabilities from 0 to 1; delays are uniform from zero to the maximum.
    struct Rates {
        double request_lost = 0;
        double reply_lost = 0;
        double request_overtakes = 0;
        double push_lost = 0;
        double push_duplicated = 0;
        double push_overtakes = 0;
        double delayed = 1;  // of operations and pushes
        Duration delay_max{};
    };

    SeededFaults(std::uint64_t seed, Rates rates) : random_(seed), rates_(rates) {}

    void set_rates(Rates rates);  // all zero: the faults stop

    OperationFate operation(const OperationCall& call) override;
    PushFate push(const PushCall& call) override;

private:
    bool chance(double probability) TUTTI_REQUIRES(mutex_);
    Duration delay() TUTTI_REQUIRES(mutex_);

    detail::Mutex mutex_;
    std::mt19937_64 random_ TUTTI_GUARDED_BY(mutex_);
    Rates rates_ TUTTI_GUARDED_BY(mutex_);
};

class Link {
public:
    enum class Direction : unsigned char { to_server, from_server };

    explicit Link(FaultPolicy& policy) : policy_(policy) {}

    // Everything in that direction is lost from now on, in silence, also what is under way. A
    // connection that lost something so is broken in truth: before plain events may count again,
    // `FaultyBus::reconnect` has to follow `heal`.
    void cut(Direction direction);
    void heal();  // both directions

    OperationFate operation(const OperationCall& call);
    PushFate push(const PushCall& call);
    // Asked when something is sent and again when it arrives.
    [[nodiscard]] bool passes(Direction direction) const;

private:
    mutable detail::Mutex mutex_;
    FaultPolicy& policy_;
    bool to_server_ TUTTI_GUARDED_BY(mutex_) = true;
    bool from_server_ TUTTI_GUARDED_BY(mutex_) = true;
};

[[nodiscard]] constexpr std::string_view to_string(Link::Direction direction) noexcept {
    switch (direction) {
    case Link::Direction::to_server: return "to_server";
    case Link::Direction::from_server: return "from_server";
    }
    return "unknown";
}

}  // namespace tutti::testing
