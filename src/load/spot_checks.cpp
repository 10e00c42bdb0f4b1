#include "load/spot_checks.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "load/leavings.hpp"
#include "load/shelf_front.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti {

std::shared_ptr<SpotChecks> SpotChecks::make(std::shared_ptr<CacheBasis> basis,
                                             std::shared_ptr<CacheState> state,
                                             std::shared_ptr<Loads> loads) {
    const std::shared_ptr<SpotChecks> made(
        new SpotChecks(std::move(basis), std::move(state), std::move(loads)));
    const detail::Lock lock(made->state_->mutex);
    made->state_->samples_alarm.rings([weak = made->weak_from_this()] {
        if (const auto self = weak.lock()) self->samples_ended();
    });
    return made;
}

SpotChecks::SpotChecks(std::shared_ptr<CacheBasis> basis, std::shared_ptr<CacheState> state,
                       std::shared_ptr<Loads> loads)
    : basis_(std::move(basis)), state_(std::move(state)), loads_(std::move(loads)) {}

void SpotChecks::begin(std::string text, std::shared_ptr<const void> key) {
    const Permission permission = state_->front.permission();
    if (!permission.effective) return;
    std::optional<detail::RawLookup> served;
    SpotSamples::Id id{};
    Leavings leavings;
    {
        const detail::Lock lock(state_->mutex);
        if (!state_->samples.has_room() || state_->flights.knows(text)) return;
        served = state_->front.look_up(text, permission, Past::refused, leavings);
        if (!served || served->answer == Answer::negative) return;
        id = state_->samples.begin(text, state_->shelf.tags_of(text));
    }
    loads_->read(std::move(text), std::move(key),
                 {.intent = Intent::check(), .timeout = loads_->refresh_deadline()},
                 [self = shared_from_this(), id, served = *std::move(served)](
                     const Answered& answer) { self->loaded(id, served, answer); });
}

void SpotChecks::loaded(SpotSamples::Id id, const detail::RawLookup& served,
                        const Answered& answer) const {
    const auto same = is_same(served, answer);
    const TimePoint until = saturating_add(basis_->now(), basis_->spec.spot_check->within);
    const detail::Lock lock(state_->mutex);
    if (same && !*same) {
        state_->samples.differs(id, until);
        return state_->watch_samples();
    }
    if (!state_->samples.end(id)) return;
    LoadCounters& counters = basis_->counters;
    (same ? counters.checked_same : counters.checked_failed).add();
}

Result<bool> SpotChecks::is_same(const detail::RawLookup& served, const Answered& answer) const {
    const auto cannot_say = [](std::string why) {
        return fail(Errc::load_failed, "spot check", std::move(why));
    };
    if (!answer) return fail(answer.error());
    if (answer->tier != Tier::source || !answer->degraded.empty())
        return cannot_say(answer->degraded);
    const bool known = answer->answer == Answer::found || answer->answer == Answer::absent;
    if (!known) return cannot_say("the loader could not tell");
    if (answer->answer != served.answer) return false;
    if (served.answer == Answer::absent) return true;
    return basis_->user.is_same(served.value.get(), answer->value.get());
}

void SpotChecks::samples_ended() const {
    const Permission permission = state_->front.permission();
    std::vector<std::string> ended;
    {
        const detail::Lock lock(state_->mutex);
        state_->samples_alarm.rang(permission.now);
        ended = state_->samples.take_ended(permission.now);
        state_->watch_samples();
    }
    if (!permission.effective) return basis_->counters.checked_overtaken.add(ended.size());
    basis_->counters.checked_stale.add(ended.size());
    for (const std::string& text : ended) {
        basis_->environment.log.limited(
            LogLevel::warning, "cache " + basis_->spec.name + ": a spot check found a stale entry",
            "key '" + text + "': the source had something else, and no invalidation came within " +
                in_milliseconds(basis_->spec.spot_check->within));
    }
}

void SpotChecks::end() {
    const detail::Lock lock(state_->mutex);
    state_->samples.end_all();
    state_->samples_alarm.stop();
}

}  // namespace tutti
