#include "load/cache_core.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/rules.hpp"
#include "base/text.hpp"

namespace tutti {

namespace {

// What the bookkeeping of one entry costs beside its key and value, when the bound is in bytes.
constexpr std::size_t entry_overhead_bytes = 160;
constexpr std::size_t retries_kept_max = 10'000;
constexpr const char* resting_reason = "the source failed a moment ago";

Duration lifetime_of(const Ttl& ttl) { return ttl.is_never() ? Duration::max() : ttl.lifetime(); }

}  // namespace

CacheCore::CacheCore(detail::CacheSpec spec, LoadEnvironment environment, Coherence coherence)
    : spec_(std::move(spec)),
      environment_(std::move(environment)),
      lease_(coherence.lease),
      gate_(coherence.gate),
      publisher_(std::move(coherence.publisher)),
      memory_(make_memory()),
      store_(make_store(coherence)),
      queue_({.running_max = spec_.loads_max, .waiting_max = spec_.loads_queued_max}) {
    if (spec_.load.blocking)
        worker_line_.emplace(*environment_.workers, spec_.name, spec_.loads_max);
    if (memory_ && environment_.workers)
        dropping_ = environment_.workers->open_lane("dropped values of cache " + spec_.name, 1);
}

std::unique_ptr<CacheMemory> CacheCore::make_memory() const {
    if (!spec_.ttl) return nullptr;
    CacheMemory::Map::Options options{.ttl = *spec_.ttl,
                                      .bound = *spec_.bound,
                                      .clock = environment_.clock,
                                      .eviction = Eviction::lru};
    if (spec_.bound->unit() == Bound::Unit::bytes) {
        options.weigher = [](const std::string& key, const CacheMemory::Stored& stored) {
            return entry_overhead_bytes + key.size() + stored.weight;
        };
    }
    return std::make_unique<CacheMemory>(std::move(options));
}

// What cannot be weighed is too heavy, and so not kept.
std::size_t CacheCore::weight_of(const void* value) const {
    constexpr std::size_t too_heavy = std::numeric_limits<std::size_t>::max() / 2;
    if (value == nullptr || !spec_.weigh) return 0;
    return std::min(guarded_or("weigh", too_heavy, [&] { return spec_.weigh(value); }), too_heavy);
}

void CacheCore::tell(std::string_view function, const Error& error) const noexcept {
    environment_.log.limited(LogLevel::error, "cache " + spec_.name + ": " + std::string(function),
                             error.cause);
}

std::shared_ptr<StoreAccess> CacheCore::make_store(const Coherence& coherence) {
    if (!spec_.store) return nullptr;
    StoreAccess::Options options{
        .spec = *spec_.store,
        .cache = spec_.name,
        .channel = coherence.channel,
        .prefix = coherence.prefix,
        // A loader that is alive has filled or released by then.
        .claim_for = saturating_add(spec_.load_deadline,
                                    saturating_multiply(environment_.command_deadline, 2)),
        .keep_stale =
            spec_.stale_if_error ? Duration(spec_.stale_if_error->for_up_to) : Duration::zero(),
        .command_deadline = environment_.command_deadline,
        .loads_max = spec_.loads_max,
        .admitted = [this](const void* value) { return admitted(value); },
    };
    return std::make_shared<StoreAccess>(std::move(options), environment_.store,
                                         *environment_.clock, environment_.executor,
                                         *environment_.workers, counters_, environment_.log);
}

std::shared_ptr<Refresher> CacheCore::make_refresher() {
    const auto load = [weak = weak_from_this()](const Refresher::Entry& entry, const Intent& intent,
                                                Completion<detail::RawLookup> done) {
        const auto self = weak.lock();
        if (!self) return;
        // The flight has its own deadlines; a refresh has none to add.
        const Duration deadline = saturating_multiply(
            saturating_add(self->spec_.load_deadline, self->environment_.command_deadline), 4);
        self->read(entry.text, entry.key, intent, deadline, std::move(done));
    };
    constexpr double scale = 1.0 / 18446744073709551616.0;  // 2^-64
    return std::make_shared<Refresher>(
        Refresher::Options{.spec = *spec_.refresh,
                           .cache = spec_.name,
                           .random =
                               [random = environment_.random] {
                                   return random ? static_cast<double>(random()) * scale : 0.5;
                               }},
        load, *environment_.clock, *environment_.executor, environment_.log);
}

void CacheCore::open() {
    phase_.store(Phase::open);
    if (!spec_.refresh) return;
    refresher_ = make_refresher();
    refresher_->start();
}

void CacheCore::close() {
    if (store_) release_claims();
    end_calls();
    if (refresher_) refresher_->stop();
    if (store_) store_->close();
}

// What still runs here is stored nowhere: others need not wait until its claims lapse.
void CacheCore::release_claims() {
    std::vector<FlightPointer> running;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [text, slot] : slots_) {
            std::ranges::copy_if(slot.active, std::back_inserter(running),
                                 [](const auto& flight) { return !flight->token.empty(); });
        }
    }
    for (const auto& flight : running) store_->release(flight->text, flight->token);
}

void CacheCore::end_calls() {
    std::vector<std::shared_ptr<Waiter>> waiting;
    std::optional<CacheMemory::Dropped> dropped;
    decltype(slots_) slots;
    std::list<FlightPointer> queued;
    std::list<WorkerLine::Waiting> in_line;
    {
        const std::lock_guard lock(mutex_);
        phase_.store(Phase::closed);
        generation_.fetch_add(1);
        if (memory_) dropped.emplace(memory_->drop());
        slots.swap(slots_);
        const auto collect = [&](const FlightPointer& flight) {
            if (!flight) return;  // no next one
            std::ranges::move(flight->waiters, std::back_inserter(waiting));
            flight->waiters.clear();
            environment_.executor->cancel(flight->timer);
        };
        for (auto& [text, slot] : slots) {
            std::ranges::for_each(slot.active, collect);
            collect(slot.next);
        }
        queued = queue_.clear();
        for (const auto& flight : queued) flight->landed = true;
        if (worker_line_) in_line = worker_line_->clear();
    }
    pending_->close();
    const Answered stopped = fail(Errc::stopped, "get " + spec_.name, "the node was stopped");
    answer(waiting, stopped, stopped);
}

void CacheCore::woken(std::string_view store_key) {
    if (store_) store_->woken(store_key);
}

Error CacheCore::refusal(const std::string& operation) const {
    const std::string what = operation + " " + spec_.name;
    if (home_.left()) return HomeProcess::error(what);
    if (phase_.load() == Phase::closed) return {Errc::stopped, what, "the node was stopped"};
    return {Errc::not_started, what, "call Node::start first"};
}

CacheCore::Permission CacheCore::permission() const {
    if (!lease_) return {.effective = true, .suspect = false, .now = environment_.clock->now()};
    const TimePoint end = lease_->end();
    const TimePoint now = environment_.clock->now();
    if (now < end || !kept(Rule::serve_only_under_lease)) {
        return {.effective = true, .suspect = false, .now = now};
    }
    const bool suspect =
        spec_.on_suspect.kind() == OnSuspect::Kind::serve_up_to &&
        (now - lease_->since() <= spec_.on_suspect.age() || !kept(Rule::suspect_within_age));
    return {.effective = false, .suspect = suspect, .now = now};
}

std::string CacheCore::degraded_reason(const Permission& permission) const {
    if (permission.effective) return {};
    return "the bus has not confirmed freshness for " +
           in_milliseconds(permission.now - lease_->since());
}

std::optional<detail::RawLookup> CacheCore::look_up(std::string_view key,
                                                    const Permission& permission, Past past,
                                                    Leavings& leavings) {
    const bool may_serve = permission.effective || permission.suspect ||
                           (past == Past::allowed && !kept(Rule::last_known_good_under_lease));
    if (!memory_ || !may_serve) return std::nullopt;
    auto found = memory_->find(key, permission.now, leavings.entries);
    if (!found) return std::nullopt;
    CacheMemory::Stored& stored = found->value;
    const bool fresh = permission.now <= stored.fresh_until;
    if (!fresh && past == Past::refused) {
        leavings.values.push_back(std::move(stored.value));
        return std::nullopt;
    }
    const Freshness proven = permission.effective ? Freshness::fresh : Freshness::suspect;
    return detail::RawLookup{
        .value = std::move(stored.value),
        .answer = stored.answer,
        .category = stored.category ? *stored.category : std::string(),
        .age = std::max(permission.now - stored.loaded, Duration::zero()),
        .tier = Tier::memory,
        .freshness = fresh ? proven : Freshness::stale,
        .degraded = degraded_reason(permission),
    };
}

std::optional<Result<detail::RawLookup>> CacheCore::hit(std::string_view key) {
    if (!serves()) return fail(refusal("get"));
    const Permission permission = this->permission();
    if (!permission.effective) {
        counters_.suspect_reads.add();
        if (!kept(Rule::lapse_deletes_nothing)) flush();
        if (spec_.on_suspect.kind() == OnSuspect::Kind::fail) {
            return fail(Errc::suspect, "get " + spec_.name, degraded_reason(permission));
        }
    }
    Leavings leavings;
    auto found = look_up(key, permission, Past::refused, leavings);
    if (!found && spec_.stale_if_error && must_wait_to_retry(key, permission.now)) {
        found = look_up(key, permission, Past::allowed, leavings);
        if (found) {
            counters_.stale_served.add();
            if (found->degraded.empty()) found->degraded = resting_reason;
        }
    }
    if (!found) return std::nullopt;
    counters_.hits.add();
    return Result<detail::RawLookup>(*std::move(found));
}

bool CacheCore::must_wait_to_retry(std::string_view key, TimePoint now) const {
    const std::lock_guard lock(mutex_);
    return waits_to_retry(key, now);
}

bool CacheCore::waits_to_retry(std::string_view key, TimePoint now) const {
    if (retry_at_.empty()) return false;
    const auto found = retry_at_.find(std::string(key));
    return found != retry_at_.end() && now < found->second;
}

void CacheCore::load(std::string text, std::shared_ptr<const void> key, Duration timeout,
                     Completion<detail::RawLookup> done) {
    if (home_.left()) return done(fail(refusal("get")));
    counters_.misses.add();
    read(text, key, Intent{}, timeout, std::move(done));
}

void CacheCore::refresh(std::string text, std::shared_ptr<const void> key, Duration timeout,
                        Completion<detail::RawLookup> done) {
    if (!serves()) return done(fail(refusal("refresh")));
    read(text, key, Intent::forced(), timeout, std::move(done));
}

void CacheCore::read(const std::string& text, const std::shared_ptr<const void>& key,
                     const Intent& intent, Duration timeout, Completion<detail::RawLookup> done) {
    if (intent.is_refresh()) counters_.refreshes.add();
    const Permission permission = this->permission();
    auto waiter =
        std::make_shared<Waiter>(std::move(done), degraded_reason(permission), intent.kind);
    std::optional<Answered> answer;
    Leavings leavings;
    {
        const std::lock_guard lock(mutex_);
        // A flight may have landed between the reader's look and this one.
        std::optional<detail::RawLookup> found;
        if (!intent.is_refresh()) found = look_up(text, permission, Past::refused, leavings);
        if (found) {
            answer.emplace(*std::move(found));
        } else if (phase_.load() != Phase::open) {
            answer.emplace(fail(Errc::stopped, "get " + spec_.name, "the node was stopped"));
        } else if (const auto flight = flight_for(text, key, intent, permission)) {
            const TimePoint until = saturating_add(permission.now, timeout);
            waiter->timer = environment_.executor->run_at(
                until, [weak = weak_from_this(), flight, waiter, name = spec_.name] {
                    if (const auto self = weak.lock()) self->leave(flight, *waiter);
                    waiter->answer(fail(Errc::timeout, "get " + name,
                                        "the load was not done within the read's deadline"));
                });
            flight->add(waiter, until);
        } else {
            answer.emplace(
                fail(Errc::overloaded, "get " + spec_.name,
                     std::to_string(queue_.waiting()) +
                         " loads wait for their turn already: the source is slower than "
                         "its readers; ask again later, or raise CacheOptions::loads_max "
                         "or loads_queued_max"));
        }
    }
    if (answer) {
        waiter->answer(*std::move(answer));
    } else {
        launch();
    }
}

void CacheCore::fill(const Flight& flight, const detail::RawLoaded& loaded, TimePoint began,
                     Ttl ttl, Leavings& leavings) {
    if (!memory_ || phase_.load() == Phase::closed) return;
    const std::uint64_t generation =
        kept(Rule::capture_generation_first) ? flight.generation : generation_.load();
    const bool current = generation == generation_.load();
    if ((flight.poisoned && kept(Rule::poisoned_fill_nothing)) ||
        (!current && kept(Rule::fill_checks_generation))) {
        counters_.poisoned.add();
        return;
    }
    if (auto there = memory_->find(flight.text, environment_.clock->now(), leavings.entries)) {
        leavings.values.push_back(std::move(there->value.value));
        if (there->value.loaded > began && kept(Rule::older_load_yields)) return;
    }
    const TimePoint now = environment_.clock->now();
    const bool keeps_stale = spec_.stale_if_error && loaded.answer == Answer::found;
    auto category = loaded.answer == Answer::negative
                        ? std::make_shared<const std::string>(loaded.detail)
                        : nullptr;
    memory_->put(
        flight.text,
        {.value = loaded.value,
         .category = std::move(category),
         .answer = loaded.answer,
         .weight = loaded.weight,
         .loaded = began,
         .fresh_until = saturating_add(now, lifetime_of(ttl))},
        keeps_stale ? saturating_add(lifetime_of(ttl), spec_.stale_if_error->for_up_to) : ttl,
        leavings.entries);
}

// Requires `error` to be a passing one. Afterwards the value is served for a while without asking.
std::optional<detail::RawLookup> CacheCore::last_known_good(const Flight& flight,
                                                            const Error& error,
                                                            Leavings& leavings) {
    const Permission permission = this->permission();
    auto found = look_up(flight.text, permission, Past::allowed, leavings);
    if (!found && flight.last_good && clean(flight)) found = flight.last_good;
    if (!found || found->answer != Answer::found) return std::nullopt;
    if (found->freshness == Freshness::fresh) return found;  // loaded meanwhile
    found->degraded = error.message();
    if (retry_at_.size() >= retries_kept_max) retry_at_.clear();
    retry_at_[flight.text] = saturating_add(permission.now, spec_.stale_if_error->retry_after);
    counters_.stale_served.add();
    return found;
}

// The store's, for a read of a key whose load has just failed; memory has none, or there is no
// memory.
std::optional<detail::RawLookup> CacheCore::last_good_at_rest(const Flight& flight) const {
    const bool at_rest = flight.last_good && !flight.intent.is_refresh() && clean(flight) &&
                         waits_to_retry(flight.text, environment_.clock->now());
    if (!at_rest || !spec_.stale_if_error) return std::nullopt;
    auto found = flight.last_good;
    found->degraded = resting_reason;
    return found;
}

CacheCounters CacheCore::counters() const {
    CacheCounters snapshot = counters_.snapshot();
    if (!memory_) return snapshot;
    const std::lock_guard lock(mutex_);
    snapshot.entries = memory_->size();
    snapshot.evictions = memory_->evictions();
    return snapshot;
}

}  // namespace tutti
