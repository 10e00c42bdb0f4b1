// Reads of a cache that was declared with `validate_on_read` (R10): first the server is asked, and
// then memory, or the source. What a lease says counts for nothing, since a clock may have stood
// still; a timer here ends a wait and proves nothing.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "load/cache_core.hpp"

namespace tutti {

void CacheCore::validate(std::vector<detail::RawRead> reads, const GetOptions& options) {
    const LoadEnvironment& environment = basis_->environment;
    const TimePoint asked = basis_->now();
    auto go_on = [self = shared_from_this(), reads = std::move(reads), options,
                  carried = basis_->user.carried(), asked](const Result<void>& validated) mutable {
        GetOptions rest = options;
        const Duration waited = self->basis_->now() - asked;
        if (rest.deadline != Duration::max()) rest.deadline -= waited;
        if (rest.soft_deadline)
            rest.soft_deadline = std::max<Duration>(*rest.soft_deadline - waited, Duration::zero());
        Loads::How how = self->how(rest);
        how.asked = asked;
        how.carried = std::move(carried);
        how.permission = Permission{.effective = validated.has_value(), .now = self->basis_->now()};
        self->read_validated(std::move(reads), std::move(how));
    };
    Error stopped{Errc::stopped, "get " + spec().name, "the node was stopped"};
    const auto once = std::make_shared<Completion<void>>(
        pending_->track<void>(std::move(go_on), std::move(stopped)));
    const auto validator = validator_.lock();
    if (!validator) return (*once)(fail(Errc::stopped, "validate " + spec().name));
    const Duration patience = std::min<Duration>(options.deadline, environment.command_deadline);
    const auto timer = environment.executor->run_at(
        saturating_add(asked, patience),
        [once, name = spec().name] { (*once)(fail(Errc::timeout, "validate " + name)); });
    validator->validate(
        [once, timer, executor = environment.executor](const Result<void>& validated) {
            executor->cancel(timer);
            (*once)(validated);
        });
}

// Without the proof a read takes nothing that is known by now: no entry, no load that has begun, no
// value of the store, no last known good.
void CacheCore::read_validated(std::vector<detail::RawRead> reads, Loads::How how) {
    if (!how.permission->effective) how.intent.also(Intent::of({.age_max = Duration::zero()}));
    std::vector<detail::RawRead> missing;
    for (detail::RawRead& read : reads) {
        if (!basis_->serves()) {
            read.done(fail(basis_->refusal("get")));
        } else if (auto known = remembered(read.key, *how.permission, how.intent, *how.asked)) {
            read.done(*std::move(known));
        } else {
            missing.push_back(std::move(read));
        }
    }
    if (!missing.empty()) read_missing(std::move(missing), std::move(how));
}

}  // namespace tutti
