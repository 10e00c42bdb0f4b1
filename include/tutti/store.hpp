// The shared tier (L2): bytes by key, with a time to live and conditional writes. One contract, two
// adapters: embedded (in process) and Redis; tests/contract runs against both.
//
// Every operation is one round trip and completes exactly once, on the node's executor, never inside
// the call; when `deadline` passes first, with Errc::timeout, and then the operation may still have
// happened. Operations of one caller on one key take effect in the order of their calls.
//
// Thread-safety: every function may be called from any thread. Blocking: never.
// Not promised: durability. A restart of the server may lose anything, and may bring back old values.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/policy.hpp"

namespace tutti {

// Called once with the outcome of an asynchronous operation.
template <class T>
using Completion = std::move_only_function<void(Result<T>)>;

class Store {
public:
    enum class Condition : unsigned char { always, if_absent };

    struct PutOptions {
        Ttl ttl;  // mandatory; resolution of one millisecond, rounded up
        Condition condition = Condition::always;
    };

    // Larger values are refused with Errc::too_large on the way in, and on the way out.
    static constexpr std::size_t value_bytes_max = 64UL * 1024 * 1024;
    static constexpr std::size_t key_bytes_max = 4096;

    virtual ~Store() = default;

    // nullopt: no such key.
    virtual void get(std::string key, TimePoint deadline,
                     Completion<std::optional<std::string>> done) = 0;

    // False: the condition did not hold and nothing was written.
    virtual void put(std::string key, std::string value, PutOptions options, TimePoint deadline,
                     Completion<bool> done) = 0;

    // False: there was no such key.
    virtual void erase(std::string key, TimePoint deadline, Completion<bool> done) = 0;

    // Compare and delete, atomically. False: another value, or none, was there and was left alone.
    virtual void erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                                Completion<bool> done) = 0;
};

}  // namespace tutti
