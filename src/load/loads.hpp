// The loads of one cache at work: takes readers in, gives each load its turn, and ends the wait of
// readers and loads whose time is up. How a load goes is `Pilot`'s.
//
// A flight that no reader waits for any more is given up, unless the store or the source is being
// asked for it already.
//
// A load may end inside the call that begins it, and set off the next: `launch` is a loop, not a
// recursion.
//
// Thread-safety: every function from any thread, unless it says otherwise.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/trampoline.hpp"
#include "load/batch.hpp"
#include "load/cache_basis.hpp"
#include "load/cache_state.hpp"
#include "load/flight.hpp"
#include "load/flights.hpp"
#include "load/leavings.hpp"
#include "load/shelf_front.hpp"
#include "load/store_access.hpp"
#include "load/waiter.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/answer.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti {

class Loads : public std::enable_shared_from_this<Loads> {
public:
    using Answered = Result<detail::RawLookup>;

    // store: null without one.
    static std::shared_ptr<Loads> make(std::shared_ptr<CacheBasis> basis,
                                       std::shared_ptr<CacheState> state,
                                       std::shared_ptr<StoreAccess> store);

    // How a reader wants to be answered.
    struct How {
        Intent intent = {};
        Duration timeout{};
        std::optional<OptionDuration> soft_deadline = std::nullopt;
        std::shared_ptr<Batch> batch = nullptr;  // of several reads; a load of it begins with them
        // Others do, and then `close`: the store is asked for all of them at once.
        bool others_follow = false;
        // What a validated read has found out. Default: as the lease says.
        std::optional<Permission> permission = std::nullopt;
        Flight::Carried carried = nullptr;  // from the reader's thread. Default: this is it
        std::optional<TimePoint> asked = std::nullopt;  // when the reader came. Default: now
    };

    // Answers from memory after all, or joins or starts a flight. `done` runs once.
    void read(std::string text, std::shared_ptr<const void> key, const How& how,
              Completion<detail::RawLookup> done);
    // A hit has found an entry of it near its end. Nothing happens while a load of it runs: what
    // that brings will do, and what has poisoned it has taken the entry away.
    void refresh_ahead(std::string text, std::shared_ptr<const void> key, Duration age);
    // Flights have deadlines of their own; a refresh has none to add.
    [[nodiscard]] Duration refresh_deadline() const;
    // No further read follows; `batch`: null without one.
    void close(const std::shared_ptr<Batch>& batch);

    // What still runs here is stored nowhere: others need not wait until its claims lapse. On the
    // executor.
    void release_claims();
    // Serves no more, and answers every reader who waits.
    void end();

private:
    friend class BulkLoad;
    friend class Pilot;

    Loads(std::shared_ptr<CacheBasis> basis, std::shared_ptr<CacheState> state,
          std::shared_ptr<StoreAccess> store);

    // Without the lock held: starts what may start, and asks the store for it.
    void launch();
    void begin();  // the same, and leaves the store to a later call unless there is much to ask
    // On the executor, behind what is due there now: what is woken together asks together.
    void launch_later();
    [[nodiscard]] bool take_off();
    // It has ended before anything was asked, and no reader waits for it. On the executor, if it
    // waited for a claim.
    void give_up(Flight& flight);
    [[nodiscard]] Waiter::Measured measured(const Intent& intent, TimePoint asked) const;
    [[nodiscard]] std::optional<detail::RawLookup> look_again(const Flights::Ask& ask,
                                                              const Permission& permission,
                                                              Leavings& leavings) const
        TUTTI_REQUIRES(state_->mutex);
    // It waits there; unless it has its answer already.
    [[nodiscard]] std::optional<Answered> take_in(const std::shared_ptr<Waiter>& reader,
                                                  Flight& flight, const How& how,
                                                  const Permission& permission,
                                                  Leavings& leavings) const
        TUTTI_REQUIRES(state_->mutex);
    [[nodiscard]] Answered overloaded(std::size_t waiting) const;
    [[nodiscard]] Answered timed_out() const;
    // From when on a last known good will do for a reader of a flight that was asked for then.
    [[nodiscard]] TimePoint stale_from(const How& how, TimePoint asked, TimePoint now) const;
    // What does then. Nothing: there is none.
    [[nodiscard]] std::optional<detail::RawLookup> meanwhile(const Flight& flight,
                                                             const Permission& permission,
                                                             Leavings& leavings) const
        TUTTI_REQUIRES(state_->mutex);
    [[nodiscard]] std::optional<detail::RawLookup> known_good(
        const std::string& text, const Permission& permission,
        const std::optional<detail::RawLookup>& stored, Leavings& leavings) const
        TUTTI_REQUIRES(state_->mutex);
    // For a reader who has no time for one.
    [[nodiscard]] Answered without_a_load(const How& how, const std::string& text,
                                          const Permission& permission, Leavings& leavings) const
        TUTTI_REQUIRES(state_->mutex);
    void answer(const Flight::Readers& readers, const Answered& strict,
                const Answered& lenient) const;
    void deadline_passed();  // on the executor
    void serve_worker();     // on a worker

    const std::shared_ptr<CacheBasis> basis_;
    const std::shared_ptr<CacheState> state_;
    const std::shared_ptr<StoreAccess> store_;
    const Trampoline launching_;
};

}  // namespace tutti
