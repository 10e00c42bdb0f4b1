// The spot checks of a cache (CacheOptions::spot_check): loads what a sampled hit was answered, and
// says whether memory had what the source has.
//
// What memory has is noted together with the sample, in one step: from then on an invalidation of
// the entry takes the sample out (`SpotSamples`). The load is one like any other, of which the
// source alone is asked; whatever it brings is kept by the rules of every load.
//
// A sample that differs is stale when it is there at its end and the lease is effective then: all
// that was published until a lease ago has been applied here. Without a lease that is not known,
// and it counts as overtaken.
//
// Thread-safety: every function from any thread.
#pragma once

#include <memory>
#include <string>

#include "load/cache_basis.hpp"
#include "load/cache_state.hpp"
#include "load/loads.hpp"
#include "load/spot_samples.hpp"
#include "tutti/detail/answer.hpp"
#include "tutti/error.hpp"

namespace tutti {

class SpotChecks : public std::enable_shared_from_this<SpotChecks> {
public:
    // Requires: a spec with `spot_check`.
    static std::shared_ptr<SpotChecks> make(std::shared_ptr<CacheBasis> basis,
                                            std::shared_ptr<CacheState> state,
                                            std::shared_ptr<Loads> loads);

    // Of a key that was hit. Does nothing when a load of it runs, or enough is being checked.
    void begin(std::string text, std::shared_ptr<const void> key);
    // What is not decided stays so. Before the loads end.
    void end();

private:
    using Answered = Result<detail::RawLookup>;

    SpotChecks(std::shared_ptr<CacheBasis> basis, std::shared_ptr<CacheState> state,
               std::shared_ptr<Loads> loads);

    void loaded(SpotSamples::Id id, const detail::RawLookup& served, const Answered& answer) const;
    // Nothing: it cannot be said.
    [[nodiscard]] Result<bool> is_same(const detail::RawLookup& served,
                                       const Answered& answer) const;
    void samples_ended() const;  // on the executor

    const std::shared_ptr<CacheBasis> basis_;
    const std::shared_ptr<CacheState> state_;
    const std::shared_ptr<Loads> loads_;
};

}  // namespace tutti
