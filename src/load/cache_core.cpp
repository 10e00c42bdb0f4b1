// How a cache is made, read, opened and closed; what changes it is in changes.cpp.
#include "load/cache_core.hpp"

#include <algorithm>
#include <utility>

#include "load/batch.hpp"
#include "load/leavings.hpp"
#include "load/shelf.hpp"
#include "load/shelf_front.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti {

namespace {

ValueAddress::Form form_of(const detail::CacheSpec& spec) {
    if (!spec.store->raw_prefix.empty()) return ValueAddress::Form::raw;
    return spec.tagged ? ValueAddress::Form::tagged : ValueAddress::Form::framed;
}

std::shared_ptr<StoreAccess> make_store(const std::shared_ptr<CacheBasis>& basis,
                                        const CacheCore::Coherence& coherence) {
    const detail::CacheSpec& spec = basis->spec;
    const LoadEnvironment& environment = basis->environment;
    if (!spec.store) return nullptr;
    StoreAccess::Options options{
        .spec = *spec.store,
        .cache = spec.name,
        .channel = coherence.channel,
        .prefix = coherence.prefix,
        .form = form_of(spec),
        // A loader that is alive has filled or released by then.
        .claim_for = saturating_add(spec.load_deadline,
                                    saturating_multiply(environment.command_deadline, 2)),
        .keep_stale =
            spec.stale_if_error ? Duration(spec.stale_if_error->for_up_to) : Duration::zero(),
        .command_deadline = environment.command_deadline,
        .loads_max = spec.loads_max,
        .admitted = [basis](const void* value) { return basis->user.admitted(value); },
    };
    return std::make_shared<StoreAccess>(std::move(options), environment.store, *environment.clock,
                                         environment.executor, *environment.workers,
                                         basis->counters, environment.log);
}

std::shared_ptr<Refresher> make_refresher(const CacheBasis& basis,
                                          const std::shared_ptr<Loads>& loads) {
    const detail::CacheSpec& spec = basis.spec;
    const LoadEnvironment& environment = basis.environment;
    if (!spec.refresh || spec.refresh->keys.empty()) return nullptr;
    const auto load = [weak = std::weak_ptr(loads), deadline = loads->refresh_deadline()](
                          const Refresher::Entry& entry, const Intent& intent,
                          Completion<detail::RawLookup> done) {
        const auto alive = weak.lock();
        if (alive) {
            alive->read(entry.text, entry.key, {.intent = intent, .timeout = deadline},
                        std::move(done));
        }
    };
    const auto random = [environment] { return environment.random_fraction(); };
    return std::make_shared<Refresher>(
        Refresher::Options{.spec = *spec.refresh, .cache = spec.name, .random = random}, load,
        *environment.clock, *environment.executor, environment.log);
}

std::shared_ptr<WarmingUp> make_warming_up(const CacheBasis& basis) {
    if (!basis.spec.warm_up) return nullptr;
    return std::make_shared<WarmingUp>(*basis.spec.warm_up, basis.spec.name, basis.environment);
}

std::shared_ptr<SpotChecks> make_checks(const std::shared_ptr<CacheBasis>& basis,
                                        const std::shared_ptr<CacheState>& state,
                                        const std::shared_ptr<Loads>& loads) {
    return basis->spec.spot_check ? SpotChecks::make(basis, state, loads) : nullptr;
}

}  // namespace

CacheCore::CacheCore(detail::CacheSpec spec, LoadEnvironment environment,
                     const Coherence& coherence)
    : basis_(
          std::make_shared<CacheBasis>(std::move(spec), std::move(environment), coherence.lease)),
      state_(std::make_shared<CacheState>(basis_, coherence.gate)),
      store_(make_store(basis_, coherence)),
      loads_(Loads::make(basis_, state_, store_)),
      refresher_(make_refresher(*basis_, loads_)),
      warming_up_(make_warming_up(*basis_)),
      checks_(make_checks(basis_, state_, loads_)),
      publisher_(coherence.publisher),
      validator_(coherence.validator) {}

void CacheCore::open() {
    basis_->serving->open();
    if (refresher_) refresher_->start();
    if (!warming_up_) return;
    warming_up_->start(
        [weak = weak_from_this()](std::vector<detail::RawRead> reads, Duration left) {
            if (const auto self = weak.lock())
                self->load_many(std::move(reads), {.deadline = left});
        });
}

void CacheCore::close() {
    if (store_) loads_->release_claims();
    end_calls();
    if (refresher_) refresher_->stop();
    if (warming_up_) warming_up_->stop();
    if (store_) store_->close();
}

void CacheCore::end_calls() {
    if (checks_) checks_->end();
    loads_->end();
    pending_->close();
    if (basis_->events) basis_->events->close();
}

void CacheCore::woken(std::string_view store_key) {
    if (store_) store_->woken(store_key);
}

std::optional<Result<detail::RawLookup>> CacheCore::hit(std::string_view key, Duration age_max) {
    if (!basis_->serves()) return fail(basis_->refusal("get"));
    if (spec().validate_on_read) return std::nullopt;
    const Permission permission = state_->front.permission();
    return remembered(key, permission, Intent::of({.age_max = age_max}), permission.now);
}

std::optional<Result<detail::RawLookup>> CacheCore::remembered(std::string_view key,
                                                               const Permission& permission,
                                                               const Intent& intent,
                                                               TimePoint began) {
    const ShelfFront& front = state_->front;
    LoadCounters& counters = basis_->counters;
    if (!permission.effective) {
        counters.suspect_reads.add();
        if (spec().on_suspect.kind() == OnSuspect::Kind::fail) {
            return fail(Errc::suspect, "get " + spec().name, front.degraded_reason(permission));
        }
    }
    Leavings leavings;
    auto found = front.look_up(key, permission, Past::refused, leavings);
    if (found && !intent.accepts(found->age)) return std::nullopt;
    const bool may_be_stale = spec().stale_if_error && !intent.wants_news();
    if (!found && may_be_stale && rests(key, permission.now)) {
        found = front.look_up(key, permission, Past::allowed, leavings);
        if (found) {
            basis_->stale_served(key);
            if (found->degraded.empty()) found->degraded = source_failed_reason;
        }
    }
    if (!found) return std::nullopt;
    counters.hits.add();
    if (found->freshness != Freshness::stale) basis_->tell(CacheEvent::Kind::hit, key);
    if (found->answer != Answer::found) counters.negative_hits.add();
    measure_hit(began);
    return Result<detail::RawLookup>(*std::move(found));
}

std::optional<TimePoint> CacheCore::watch_begins() const {
    if (basis_->serving->phase() != CacheBasis::Phase::watched) return std::nullopt;
    return basis_->serving->time();
}

void CacheCore::was_hit(std::string_view key, TimePoint began) {
    measure_hit(began);
    basis_->tell(CacheEvent::Kind::hit, key);
}

void CacheCore::measure_hit(TimePoint began) {
    if (const auto& times = basis_->counters.hit_times) times->add(basis_->now() - began);
}

bool CacheCore::rests(std::string_view key, TimePoint now) const {
    const detail::Lock lock(state_->mutex);
    return state_->shelf.rests(key, now);
}

void CacheCore::load(std::string text, std::shared_ptr<const void> key, const GetOptions& options,
                     Completion<detail::RawLookup> done) {
    if (basis_->home.left()) return done(fail(basis_->refusal("get")));
    if (spec().validate_on_read) {
        std::vector<detail::RawRead> reads;
        reads.push_back({std::move(text), std::move(key), std::move(done)});
        return validate(std::move(reads), options);
    }
    basis_->counters.misses.add();
    basis_->tell(CacheEvent::Kind::miss, text);
    loads_->read(std::move(text), std::move(key), how(options), std::move(done));
}

void CacheCore::load_many(std::vector<detail::RawRead> reads, const GetOptions& options) {
    if (basis_->home.left()) {
        for (detail::RawRead& read : reads) read.done(fail(basis_->refusal("get_many")));
        return;
    }
    if (spec().validate_on_read) return validate(std::move(reads), options);
    read_missing(std::move(reads), how(options));
}

void CacheCore::read_missing(std::vector<detail::RawRead> reads, Loads::How how) {
    basis_->counters.misses.add(reads.size());
    if (spec().load_many) how.batch = std::make_shared<Batch>();
    how.others_follow = true;
    for (detail::RawRead& read : reads) {
        basis_->tell(CacheEvent::Kind::miss, read.key);
        loads_->read(std::move(read.key), std::move(read.typed_key), how, std::move(read.done));
    }
    loads_->close(how.batch);
}

Loads::How CacheCore::how(const GetOptions& options) const {
    return {.intent = Intent::of(options),
            .timeout = options.deadline,
            .soft_deadline = options.soft_deadline};
}

void CacheCore::refresh(std::string text, std::shared_ptr<const void> key, Duration timeout,
                        Completion<detail::RawLookup> done) {
    if (!basis_->serves()) return done(fail(basis_->refusal("refresh")));
    loads_->read(std::move(text), std::move(key), {.intent = Intent::forced(), .timeout = timeout},
                 std::move(done));
}

void CacheCore::refresh_ahead(std::string text, std::shared_ptr<const void> key, Duration age) {
    if (basis_->serves()) loads_->refresh_ahead(std::move(text), std::move(key), age);
}

void CacheCore::check(std::string text, std::shared_ptr<const void> key) {
    if (checks_ && basis_->serves()) checks_->begin(std::move(text), std::move(key));
}

// R2's order, and flights before memory: a load that ends meanwhile is seen in one of the two.
std::optional<Holding> CacheCore::holding(std::string_view key) const {
    if (!basis_->serves() || spec().validate_on_read) return std::nullopt;
    const Permission permission = state_->front.permission();
    if (!permission.effective && !permission.suspect) return std::nullopt;
    std::optional<TimePoint> began;
    if (permission.effective) {
        const detail::Lock lock(state_->mutex);
        began = state_->flights.joined_since(std::string(key));
    }
    const detail::Memory* const memory = this->memory();
    const auto loaded = memory == nullptr ? std::nullopt : memory->loaded(key, permission.now);
    if (loaded) began = std::min(*loaded, began.value_or(TimePoint::max()));
    if (!began) return std::nullopt;
    return Holding{.cache = spec().name,
                   .age = std::max(permission.now - *began, Duration::zero()),
                   .servable_for = permission.until - permission.now,
                   .suspect = permission.suspect};
}

CacheCounters CacheCore::counters() const {
    CacheCounters snapshot = basis_->counters.snapshot();
    const detail::Memory* const memory = this->memory();
    if (warming_up_) {
        const WarmUpProgress progress = warming_up_->progress();
        snapshot.warm_up_keys = progress.keys;
        snapshot.warm_up_done = progress.done;
        snapshot.warm_up_failed = progress.failed;
    }
    if (memory == nullptr) return snapshot;
    snapshot.hits += memory->hits();
    snapshot.negative_hits += memory->negative_hits();
    snapshot.entries = memory->size();
    if (spec().bound->unit() == Bound::Unit::bytes) snapshot.bytes = memory->weight();
    snapshot.evictions = memory->evictions();
    snapshot.expirations = memory->expirations();
    return snapshot;
}

}  // namespace tutti
