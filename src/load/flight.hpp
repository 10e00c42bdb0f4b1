// A load and the readers who wait for it: a state machine without I/O. `Pilot` tells it what has
// happened and carries out what follows.
//
//     waiting ---> asking_store ---> asking_source ---> storing ---> ended
//        |          |      ^          |      ^
//        |          v      |          v      |
//        |     awaiting_claim    awaiting_worker
//        +--- without a store ---> asking_source
//
// Any state may be the last before `ended`. What happens in a state where it cannot is a mistake of
// the program, and asserted; what comes after the end is dropped, which `has_ended` tells.
//
// Thread-safety: none; what the cache's mutex guards. `text` and `key` never change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list_hook.hpp>

#include "load/batch.hpp"
#include "load/deadlines.hpp"
#include "load/waiter.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/executor.hpp"
#include "tutti/lookup.hpp"
#include "tutti/store.hpp"

namespace tutti {

struct Flight : std::enable_shared_from_this<Flight>, boost::intrusive::list_base_hook<> {
    enum class State : std::uint8_t {
        waiting,          // for its turn; it has read nothing, so every reader may join
        asking_store,     // for a value, or for the claim to load it
        awaiting_claim,   // the end of another instance's
        awaiting_worker,  // to run a loader that blocks; with a batch first the others of it
        asking_source,
        storing,  // the loaded value, while the claim stands
        ended,    // answered, or given up
    };
    using Carried = std::function<std::shared_ptr<void>()>;
    using Readers = boost::container::small_vector<std::shared_ptr<Waiter>, 1>;

    Flight(std::string of, std::shared_ptr<const void> typed_key, const Intent& wanted,
           TimePoint now);

    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] bool has_begun() const noexcept { return state_ != State::waiting; }
    [[nodiscard]] bool has_ended() const noexcept { return state_ == State::ended; }
    // Whether what it brings is young enough for that, now that it has begun. A refresh wants a
    // load of its own (S10); from the store it may be as old as this load's own readers accept.
    [[nodiscard]] bool brings(const Intent& wanted, TimePoint now) const noexcept;
    // Neither the store nor the source is asked for it now.
    [[nodiscard]] bool stands_still() const noexcept;

    // Its turn has come: from now on it reads, and an invalidation poisons it. With a token it asks
    // the store for a value or the claim, otherwise the source.
    void begin(TimePoint now, std::uint64_t of_generation, LoadToken claim);
    // The store has given it the claim.
    void claimed();
    // Another instance has it, for `claim_left` as far as is known. Returns until when to wait; or
    // nothing, when this load has waited for `patience`: then it goes alone (S12).
    [[nodiscard]] std::optional<TimePoint> claimed_elsewhere(TimePoint now, Duration claim_left,
                                                             Duration patience);
    // That one has ended, or may have. Asks the store again, or, without it, the source.
    void claim_ended(bool may_use_store);
    // The store does not help: the source is asked, and the store is filled with nothing (S6).
    void go_alone(std::string why);
    void await_worker();
    void worker_came(TimePoint now);
    void source_asked(TimePoint now);
    void store_asked();
    void end();

    const std::string text;
    const std::shared_ptr<const void> key;
    Intent intent;
    Carried carried;  // what the loader's thread enters; may be null
    Readers readers;
    Deadline deadline;       // of the load
    TimePoint asked;         // when its first reader came
    TimePoint wanted_until;  // no reader waits longer

    std::shared_ptr<Batch> batch;   // that it has its turn with; may be null
    bool loads_with_batch = false;  // and is on its way to the source with

    // Whether its value may be kept: R3.
    std::uint64_t generation = 0;   // of all flights, when it began to read
    bool poisoned = false;          // invalidated since it began
    std::uint64_t tag_changes = 0;  // of all flights, when it began to read: R11

    TimePoint began;
    TimePoint source_asked_at;
    detail::RawFormer former;  // what was there when it began, of memory or the store

    // With a store.
    LoadToken token;                             // of the claim; empty: goes alone
    bool unreadable = false;                     // what the store has: its rank counts for nothing
    std::optional<detail::RawLookup> last_good;  // the store's; see Flights::last_good
    std::vector<std::string> last_good_tags;     // that it carries
    TimePoint last_good_stored;
    std::string degraded;                                     // why it had to do without the store
    Executor::TimerId claim_timer = Executor::TimerId::none;  // see StoreAccess::wait

private:
    void move(State from, State to);

    State state_ = State::waiting;
    TimePoint claim_wait_ends_{};  // waits for another instance's load until then
};

using FlightPointer = std::shared_ptr<Flight>;

}  // namespace tutti
