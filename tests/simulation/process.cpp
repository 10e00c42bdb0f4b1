#include "simulation/process.hpp"

#include <algorithm>
#include <utility>

#include "load/declared.hpp"
#include "support/unowned.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

Duration CachePlan::life_max(double drift_max) const {
    if (pattern == Pattern::coherent && memory_ttl.is_never()) return Duration::max();
    const Duration memory = pattern == Pattern::coherent ? memory_ttl.lifetime() : Duration::zero();
    const Duration slow = std::chrono::duration_cast<Duration>(memory * drift_max);
    // A node counts what is left of a stored value, and at most its own.
    return std::max(memory, store_ttl ? store_ttl->lifetime() : Duration::zero()) + slow;
}

Process::Process(ProcessPlan plan, Surroundings around)
    : loading(plan.caches.size(), std::vector<std::deque<TimePoint>>(plan.rows)),
      in_memory(plan.caches.size(), std::vector<std::optional<TimePoint>>(plan.rows)),
      judged(plan.caches.size()),
      plan_(std::move(plan)),
      around_(std::move(around)),
      clock_(around_.truth, plan_.clock_start, plan_.clock_permille),
      faults_(plan_.fault_seed, plan_.network),
      moody_(faults_, around_.mood),
      link_(moody_),
      primary_(around_.hub, around_.world, around_.truth),
      former_(around_.former, around_.world, around_.truth),
      server_(primary_, former_, left_behind),
      watched_(server_, around_.truth, around_.mood, around_.executed),
      network_(watched_, around_.world, around_.truth, link_),
      primary_store_(around_.hub, around_.world, around_.truth),
      former_store_(around_.former, around_.world, around_.truth),
      stored_(primary_store_, former_store_, left_behind, fence_),
      store_network_(stored_, around_.world, around_.truth, link_),
      tokens_(plan_.fault_seed),
      workers_(*this),
      executor_(clock_),
      engine_(std::make_shared<Engine>(
          options(), EngineParts{.store = std::make_shared<ProcessStore>(store_network_, executor_,
                                                                         fence_, clock_),
                                 .bus = std::make_shared<ProcessBus>(network_, executor_, fence_,
                                                                     around_.mood, clock_),
                                 .executor = tests::unowned<Executor>(executor_),
                                 .workers = tests::unowned<Workers>(workers_),
                                 .clock = &clock_,
                                 .member = plan_.member,
                                 .random = [this] { return tokens_(); }})),
      own_(plan_.caches.size(), std::vector<Version>(plan_.rows, 0)) {
    for (std::size_t index = 0; index < plan_.caches.size(); ++index) declare(index);
    declare_near();
    reservation_ = engine_->declare_reservation(
        detail::untyped(ReservationOptions<std::string>{.name = "reservations",
                                                        .caches = "who came first",
                                                        .window = reservation_window,
                                                        .when_store_fails = WhenStoreFails::refuse,
                                                        .codec = bytes_codec()}));
}

NodeOptions Process::options() const {
    return {.name = plan_.member,
            .lease = plan_.lease,
            .clock_drift_max = plan_.drift_max,
            .wait_out_margin = plan_.margin,
            .command_deadline = 1s};
}

namespace {

Codec<Version> version_codec() {
    return {.encode = [](const Version& version) -> Result<std::string> {
                return std::to_string(version);
            },
            .decode = [](std::string_view text) -> Result<Version> {
                return std::stoull(std::string(text));
            },
            .name = "version"};
}

// A source that is asked whether the row has changed.
Result<Loaded<Version>> confirmed(Result<Loaded<Version>> loaded,
                                  const std::optional<Former<Version>>& former) {
    if (!loaded || !former || !loaded->cacheable()) return loaded;
    const auto& value = loaded->value();
    if (value == nullptr || *value != *former->value) return loaded;
    return Loaded<Version>(not_modified);
}

CacheOptions<std::string, Version> options_of(const CachePlan& cache, Duration load_deadline) {
    CacheOptions<std::string, Version> options{
        .name = cache.name,
        .caches = "simulated rows",
        .stale = Stale::wrong,
        .load_deadline = load_deadline,
        .on_suspect = cache.on_suspect,
        .validate_on_read = cache.validated,
    };
    if (cache.pattern == Pattern::coherent) {
        options.ttl = cache.memory_ttl;
        options.idle_ttl = cache.idle_ttl;
        options.bound = entries(1000);
    }
    if (cache.store_ttl) {
        options.store = StoreTier<Version>{
            .ttl = cache.store_ttl, .codec = version_codec(), .raw_prefix = cache.raw_prefix};
        if (cache.ranked) {
            options.store->rank = [](const Version& version) {
                return static_cast<std::int64_t>(version);
            };
        }
    }
    if (cache.stale_for > Duration::zero()) {
        options.stale_if_error = StaleIfError{.for_up_to = cache.stale_for, .retry_after = 20ms};
    }
    if (cache.tagged) options.tagged = Tagged{};
    if (cache.checked) options.spot_check = SpotCheck<Version>{.one_in = 1, .within = check_within};
    if (cache.negative_ttl) {
        options.negative =
            NegativeTtls{.ceiling = *cache.negative_ttl, .otherwise = *cache.negative_ttl};
    }
    return options;
}

}  // namespace

void Process::declare(std::size_t index) {
    const CachePlan& cache = plan_.caches[index];
    CacheOptions<std::string, Version> options = options_of(cache, plan_.load_deadline);
    if (cache.pattern == Pattern::coherent) options.channel = plan_.channels.at(cache.channel);
    declare_loader(index, options);
    if (cache.refresh_every > Duration::zero() || cache.refresh_on_hit > 0)
        options.refresh = Refresh<std::string>{.on_hit_after = cache.refresh_on_hit};
    if (cache.refresh_every > Duration::zero()) {
        options.refresh->keys = {plan_.keys.front()};
        options.refresh->first = cache.refresh_every / 2;
        options.refresh->every = cache.refresh_every;
    }
    if (cache.foreign_publishers) {
        options.foreign_publishers = true;
        options.plain = PlainEvent{.type = "row", .key = "rowId"};
    }
    raw_.push_back(engine_->declare(cache.pattern, detail::untyped(std::move(options))));
    handles_.emplace_back(raw_.back());
}

void Process::declare_loader(std::size_t index, CacheOptions<std::string, Version>& options) {
    const CachePlan& cache = plan_.caches[index];
    if (cache.bulk) {
        options.load_many = [this, index](std::span<const std::string> keys, LoadContext&) {
            return around_.load_now(*this, index, keys);
        };
        if (cache.warms_up) {
            options.warm_up =
                WarmUp<std::string>{.keys = [this] { return plan_.keys; }, .keys_at_once = 2};
        }
    } else if (cache.blocking_loader) {
        options.load = [this, index](const std::string& key,
                                     LoadContext&) -> Result<Loaded<Version>> {
            auto loaded = around_.load_now(*this, index, std::span(&key, 1));
            if (!loaded) return fail(std::move(loaded).error());
            return std::move(loaded->front().second);
        };
    } else {
        options.load = [this, index](const std::string& key, const LoadContext& context,
                                     Completion<Loaded<Version>> done) {
            auto answer = std::make_shared<Completion<Loaded<Version>>>(std::move(done));
            const auto former = context.former<Version>();
            around_.load(*this, index, key, [this, answer, former](Result<Loaded<Version>> loaded) {
                deliver([answer, loaded = confirmed(std::move(loaded), former)]() mutable {
                    (*answer)(std::move(loaded));
                });
            });
        };
    }
}

void Process::declare_near() {
    NearOptions<std::string, Version> options{
        .name = "catalogue",
        .caches = "what is in the catalogue",
        .stale = Stale::acceptable,
        .ttl = near_ttl,
        .bound = entries(100),
        .document = [](const std::string&) { return std::string(document_key); },
        .codec = version_codec(),
    };
    auto spec = detail::untyped(options);
    near_.emplace(engine_->declare_near(std::move(spec), detail::near_spec(options)));
}

CacheCounters Process::counters(std::size_t index) const {
    return dynamic_cast<const Declared&>(*raw_.at(index)).counters();
}

bool Process::SimulatedWorkers::try_post(Lane, Task task) {
    auto& around = process_.around_;
    around.world.run_at(around.truth.now() + around.worker_delay(),
                        [&process = process_, task = std::move(task)]() mutable {
                            process.deliver(std::move(task));
                        });
    return true;
}

void Process::pause(Duration length) {
    paused_ = true;
    stalled_ += length;
    stands_still_until(around_.truth.now() + length);
}

void Process::freeze(Duration length) {
    clock_.stand_still(length);
    const TimePoint thaws = std::max(thaws_, around_.truth.now() + length);
    stalled_ += thaws - std::max(thaws_, around_.truth.now());
    thaws_ = thaws;
    stands_still_until(thaws);
}

void Process::resume() {
    paused_ = false;
    // In whatever order with the executor's own tasks.
    for (Task& task : std::exchange(waiting_, {})) {
        around_.world.post([this, task = std::move(task)]() mutable { deliver(std::move(task)); });
    }
}

void Process::deliver(Task task) {
    if (ended()) return;
    if (paused_) {
        waiting_.push_back(std::move(task));
    } else {
        task();
    }
}

void Process::hold_up(Duration length) {
    held_up_until_ = around_.truth.now() + length;
    stalled_ += length;
}

// A process that stood still may have had a load, or an answer of the store, in its hands.
TimePoint Process::oldest_fresh(std::size_t cache) const {
    // From when a source was read until what it said is in memory or in the store: a load, its
    // claim, and what asks the store.
    constexpr Duration load_takes_max = 20s;
    const Duration life = plan_.caches[cache].life_max(plan_.drift_max);
    if (life == Duration::max()) return TimePoint::min();
    const TimePoint oldest = around_.truth.now() - life - load_takes_max;
    return stood_still_ > oldest ? TimePoint::min() : oldest;
}

TimePoint Process::runs_at() const noexcept {
    if (paused_ || ended()) return TimePoint::max();
    const TimePoint ready = executor_.ready_at();
    if (ready == TimePoint::max()) return ready;
    return std::max(clock_.truth_at(ready), held_up_until_);
}

}  // namespace tutti::simulation
