// One load from its turn to its end. The functions stand in the order in which they happen: the
// store, the source, and where the value lands (landing.cpp).
//
// With a store a flight asks it first, and its answer is a value, a claim to load, or that another
// instance loads, which is waited for. A loaded value is given to the readers at once, stored under
// the claim, and enters memory only when the claim has stood.
//
// Each of them says under the mutex what has happened to the flight, which knows what may follow,
// and acts on it without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/cache_basis.hpp"
#include "load/cache_state.hpp"
#include "load/flight.hpp"
#include "load/leavings.hpp"
#include "load/loads.hpp"
#include "load/store_access.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/answer.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"
#include "tutti/policy.hpp"
#include "tutti/store.hpp"

namespace tutti {

class Pilot {
public:
    // Carries out the next load, if one may begin.
    static bool take_off(std::shared_ptr<Loads> loads);
    // Asks the store for all that have begun since this was done last, at once. False: fewer than
    // that have.
    static bool ask_store(const std::shared_ptr<Loads>& loads, std::size_t at_least = 1);
    // So many go to the store at once: while it is busy with them the next are made ready.
    static constexpr std::size_t together = 50;

    Pilot(std::shared_ptr<Loads> loads, FlightPointer flight);

    void call_blocking_loader(TimePoint deadline) const;  // on a worker
    // The source has answered, then.
    void land(Result<detail::RawLoaded> loaded, TimePoint now) const;
    // What is to be stored of an answer. Its readers are told when the store was asked: one of them
    // may end the node, and then the claim would stand for others to wait for.
    struct Storing {
        FlightPointer flight;
        detail::RawLoaded loaded;
        Duration fresh_for{};
        Result<detail::RawLookup> answer;
    };
    // As `land`, but for what is stored: that is added to these, which are stored together.
    void land(Result<detail::RawLoaded> loaded, TimePoint now, std::vector<Storing>& storing) const;
    static void store(const std::shared_ptr<Loads>& loads, std::vector<Storing> storing);
    void refuse() const;   // no worker takes it
    void abandon() const;  // its load_deadline has passed

private:
    using Answered = Loads::Answered;
    // What follows when the lock is released.
    enum class Next : std::uint8_t {
        nothing,
        call_loader,
        launch,  // what waits for a turn, or for the store, or has its batch at the source
        refuse,
        give_up
    };

    // What a reader is answered.
    static detail::RawLookup lookup_of(const detail::RawLoaded& loaded);
    static detail::RawLookup lookup_of(const StoreAccess::Decoded& stored, TimePoint now);

    [[nodiscard]] Next begin(TimePoint now) const TUTTI_REQUIRES(state_.mutex);
    void go(Next next) const;

    // When it has begun to ask the store, which is done with the others.
    [[nodiscard]] Next to_store() const TUTTI_REQUIRES(state_.mutex);
    void store_answered(Result<StoreAccess::Decoded> answer) const;
    // What another one has taken the place of: to be destroyed without the lock.
    struct Replaced {
        std::optional<detail::RawLookup> last_good = std::nullopt;
        std::vector<std::string> tags = {};
        detail::RawFormer former = {};
    };
    [[nodiscard]] Replaced note_last_good(StoreAccess::Decoded& stored, TimePoint now) const
        TUTTI_REQUIRES(state_.mutex);
    // The last known good, to readers for whom it will do by now; the load goes on.
    void tell_meanwhile() const;
    [[nodiscard]] Next await_claim(Duration claim_left, TimePoint now) const
        TUTTI_REQUIRES(state_.mutex);
    void claim_ended() const;
    void take_stored(StoreAccess::Decoded answer) const;

    [[nodiscard]] Next to_source(TimePoint now) const TUTTI_REQUIRES(state_.mutex);
    [[nodiscard]] LoadContext context(TimePoint deadline) const;
    void call_loader() const;
    void loader_answered(Result<detail::RawLoaded> loaded) const;
    // The former value, which the source has confirmed: as good as loaded, and fenced like it.
    [[nodiscard]] Result<detail::RawLoaded> renewed(detail::RawLoaded confirmed) const;

    void settle(detail::RawLoaded loaded, TimePoint now, std::vector<Storing>& storing) const;
    void stored(const detail::RawLoaded& loaded, const Result<Filled>& filled) const;
    // For how long a tier with this usual TTL keeps it.
    [[nodiscard]] std::optional<Ttl> lifetime(const detail::RawLoaded& loaded,
                                              const Ttl& usual) const;
    [[nodiscard]] Shelf::Fill of_load(const detail::RawLoaded& loaded, const Ttl& ttl,
                                      TimePoint now) const;
    // In memory, unless the flight was poisoned: "poisoned? generation? insert" is one step (R3).
    void keep(const Shelf::Fill& fill, TimePoint now, Leavings& leavings) const
        TUTTI_REQUIRES(state_.mutex);

    // Refreshes get `strict`; so do other readers when there is no last known good.
    enum class Late : bool { no, yes };  // given up, not failed
    void fail_with(const Error& error, const Answered& strict, Late is_late = Late::no) const;
    // Of a key that rests, from the store; memory has none, or there is no memory.
    [[nodiscard]] std::optional<detail::RawLookup> last_good_at_rest(TimePoint now) const
        TUTTI_REQUIRES(state_.mutex);
    // When it has ended under the mutex.
    void tell(const Flight::Readers& readers, const Answered& strict,
              const Answered& lenient) const;
    // Requires: the mutex.
    void tell_refreshed() const;
    void release(const LoadToken& claim) const;

    std::shared_ptr<Loads> loads_;
    FlightPointer flight_;
    CacheBasis& basis_;
    CacheState& state_;
};

}  // namespace tutti
