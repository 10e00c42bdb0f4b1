#include "simulation/fleet.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace tutti::simulation {

using namespace std::chrono_literals;

namespace {

constexpr int slowest_permille = 834;  // 1 / 1.2
constexpr std::uint64_t steps_max = 3'000'000;

std::vector<std::string> key_names(const FleetOptions& options) {
    std::vector<std::string> keys;
    for (std::size_t key = 0; key < options.keys; ++key) {
        std::string name = "k" + std::to_string(key);
        if (name.size() < options.key_bytes) name.resize(options.key_bytes, '-');
        keys.push_back(std::move(name));
    }
    return keys;
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
    reads += other.reads;
    peeks += other.peeks;
    memory_hits += other.memory_hits;
    suspect_answers += other.suspect_answers;
    store_hits += other.store_hits;
    stale_answers += other.stale_answers;
    refreshes += other.refreshes;
    errors += other.errors;
    loads += other.loads;
    writes += other.writes;
    done += other.done;
    acknowledged += other.acknowledged;
    unconfirmed += other.unconfirmed;
    reservations += other.reservations;
    evictions += other.evictions;
    checks += other.checks;
    stale_checks += other.stale_checks;
    incidents += other.incidents;
    steps += other.steps;
    return *this;
}

Fleet::Fleet(FleetOptions options)
    : options_(std::move(options)),
      keys_(key_names(options_)),
      random_(options_.seed),
      hub_(EmbeddedHub::create({.seed = random_.number(), .clock = truth_})),
      server_(hub_),
      former_(EmbeddedHub::create({.seed = options_.seed, .clock = truth_})),
      source_(channel_count * options_.keys, truth_),
      checker_(source_, channel_count * options_.keys),
      disturbed_(channel_count * options_.keys),
      disturbances_(channel_count * options_.keys),
      permilles_(options_.clock_permilles),
      nodes_(options_.leases.size()) {
    plan_load = [] { return LoadPlan{.takes = 1ms, .reads_after = 500us}; };
    for (std::size_t place = permilles_.size(); place < nodes_.size(); ++place) {
        // The extremes are where the arithmetic is tight.
        constexpr std::array choices{slowest_permille, slowest_permille, 900, 950, 1000};
        permilles_.push_back(place == 0 ? slowest_permille : random_.pick(choices));
    }
}

// A reader who waits owns the cache that is to answer him: in a process that is killed, nothing
// does.
Fleet::~Fleet() {
    for (const auto& process : processes_) {
        process->life = Process::Life::ended;
        process->engine().end_calls();
    }
}

std::string_view Fleet::channel_name(std::size_t channel) {
    constexpr std::array<std::string_view, channel_count> names{"rows", "legacy", "shared/ledger",
                                                                "labels"};
    return names.at(channel);
}
std::size_t Fleet::channel_of(std::size_t cache) {
    if (cache == ledger) return ledger_channel;
    if (cache == labels || cache == labelled) return labels_channel;
    return cache == legacy || cache == archive ? legacy_channel : rows_channel;
}
std::vector<std::string> Fleet::tags_of(std::size_t row) const {
    return {"every", "t" + std::to_string(row % options_.keys % 2)};
}
const std::string& Fleet::key_of(std::size_t row) const { return keys_[row % options_.keys]; }
std::size_t Fleet::row_of(std::size_t cache, std::string_view key) const {
    return row(channel_of(cache), std::stoul(std::string(key.substr(1))));
}

ProcessPlan Fleet::plan_process(std::size_t place) {
    const auto living = [this](Duration usual) {
        return std::chrono::duration_cast<Duration>(usual * options_.life_scale);
    };
    const Duration age = random_.between(living(300ms), living(4s));
    ProcessPlan plan{
        .place = place,
        .member = "node-" + std::to_string(place) + "-" + std::to_string(processes_.size()),
        .lease = options_.leases[place],
        .margin = options_.margin,
        .drift_max = options_.drift_max,
        .load_deadline = options_.load_deadline,
        .clock_permille = permilles_[place],
        .clock_start = TimePoint{random_.between(1h, 100h)},
        .fault_seed = random_.number(),
        .network = network_now_,
        .channels = {std::string(channel_name(rows_channel)),
                     std::string(channel_name(legacy_channel)),
                     {},  // the ledger has none
                     std::string(channel_name(labels_channel))},
        .caches = {{.name = "users", .channel = rows_channel},
                   {.name = "profiles",
                    .channel = rows_channel,
                    .on_suspect = OnSuspect::serve_up_to(age),
                    .blocking_loader = true,
                    .store_ttl = living(5s)},
                   {.name = "limits", .channel = rows_channel, .on_suspect = OnSuspect::fail()},
                   {.name = "legacy", .channel = legacy_channel, .foreign_publishers = true},
                   {.name = "stored",
                    .channel = rows_channel,
                    .memory_ttl = living(2s),
                    .store_ttl = living(5s),
                    .stale_for = living(3s),
                    .negative_ttl = living(10s)},
                   {.name = "archive",
                    .channel = legacy_channel,
                    .foreign_publishers = true,
                    .memory_ttl = living(2s),
                    .store_ttl = living(5s),
                    .stale_for = living(3s),
                    .negative_ttl = living(10s)},
                   {.name = "ledger",
                    .channel = ledger_channel,
                    .pattern = Pattern::shared,
                    .store_ttl = living(5s)},
                   {.name = "ranked",
                    .channel = rows_channel,
                    .memory_ttl = living(1s),
                    .store_ttl = living(5s),
                    .ranked = true},
                   {.name = "raw",
                    .channel = rows_channel,
                    .memory_ttl = living(1s),
                    .store_ttl = living(5s),
                    .raw_prefix = "raw:"},
                   {.name = "scheduled",
                    .channel = rows_channel,
                    .memory_ttl = living(3s),
                    .store_ttl = living(5s),
                    .refresh_every = living(options_.refresh_every),
                    .refresh_on_hit = 0.5},
                   {.name = "ahead",
                    .channel = rows_channel,
                    .memory_ttl = living(1s),
                    .refresh_on_hit = 0.3,
                    .idle_ttl = living(800ms)},
                   {.name = "bulk",
                    .channel = rows_channel,
                    .blocking_loader = true,
                    .memory_ttl = living(2s),
                    .stale_for = living(3s),
                    .bulk = true,
                    .warms_up = options_.warms_up},
                   {.name = "labels", .channel = labels_channel, .tagged = true},
                   {.name = "labelled",
                    .channel = labels_channel,
                    .memory_ttl = living(2s),
                    .store_ttl = living(5s),
                    .stale_for = living(3s),
                    .negative_ttl = living(10s),
                    .tagged = true}},
        .rows = channel_count * options_.keys,
        .keys = keys_,
    };
    for (std::size_t index = 0; index < plan.caches.size(); ++index) {
        CachePlan& cache = plan.caches[index];
        if (cache.pattern != Pattern::coherent) continue;
        cache.checked = checks_.has(index);
        if (!options_.validated) continue;
        cache.validated = true;
        cache.refresh_on_hit = 0;
        if (cache.on_suspect.kind() == OnSuspect::Kind::serve_up_to)
            cache.on_suspect = OnSuspect::bypass();
    }
    return plan;
}

Process::Surroundings Fleet::surroundings() {
    return {
        .world = world_,
        .truth = truth_,
        .hub = hub_,
        .former = former_,
        .mood = mood_,
        .executed = [this](TimePoint at, const std::string& channel,
                           const KeySet& changed) { executed(at, channel, changed); },
        .load = [this](Process& process, std::size_t cache, const std::string& key,
                       auto done) { loads_.load(process, cache, key, std::move(done)); },
        .load_now =
            [this](Process& process, std::size_t cache, std::span<const std::string> keys) {
                return loads_.load_now(process, cache, keys);
            },
        .worker_delay = [this] { return random_.between(0ms, 3ms); },
    };
}

void Fleet::start_process(std::size_t place) {
    processes_.push_back(std::make_unique<Process>(plan_process(place), surroundings()));
    nodes_[place] = processes_.back().get();
    start_engine(*nodes_[place]);
}

void Fleet::start_engine(Process& process) {
    note(Event::start, process);
    process.engine().start(10s, [this, &process](const Result<void>& started) {
        if (process.life != Process::Life::starting) return;
        if (!started) {
            if (started.error().code != Errc::timeout) {
                violated("a node starts", started.error().message());
            }
            return start_engine(process);
        }
        note(Event::started, process);
        process.life = Process::Life::serving;
        process.serving_since = now();
        // Until its first drop is confirmed it loads without a claim (S8).
        std::ranges::fill(disturbed_, now());
    });
}

void Fleet::set_network(testing::SeededFaults::Rates network) {
    network_now_ = network;
    for (Process* process : nodes_) process->faults().set_rates(network);
}

void Fleet::start_all() {
    for (std::size_t place = 0; place < size(); ++place) start_process(place);
    const TimePoint end = now() + 60s;
    const auto all_serve = [&] {
        return std::ranges::all_of(nodes_, [](const Process* node) { return node->serving(); });
    };
    while (!all_serve() && step(end)) {
    }
    if (!all_serve()) violated("a node starts", "within a minute");
    set_network(options_.network);
}

void Fleet::run_for(Duration length) {
    const TimePoint end = now() + length;
    while (step(end)) {
    }
}

bool Fleet::step(TimePoint end) {
    // The first violation ends it: what comes after is its consequence.
    if (!checker_.violations().empty()) return false;
    checks_.judge();
    if (++counts_.steps > steps_max) {
        violated("nothing runs for ever", "at one moment");
        return false;
    }
    runnable_.clear();
    TimePoint next = world_.ready_at();
    if (next <= now()) runnable_.push_back(nullptr);
    for (Process* node : nodes_) {
        if (node == nullptr) continue;
        const TimePoint wanted = node->runs_at();
        if (wanted <= now()) runnable_.push_back(node);
        next = std::min(next, wanted);
    }
    if (!runnable_.empty()) {
        Process* chosen = runnable_[random_.below(runnable_.size())];
        if (chosen == nullptr) {
            world_.run_one();
        } else {
            run(*chosen);
        }
        return true;
    }
    // A loader that blocked may have led beyond the end.
    const TimePoint then = std::min(next, end);
    if (then > now()) truth_.advance(then - now());
    return next <= end;
}

void Fleet::run(Process& process) {
    process.executor().run_one();
    if (options_.held_up) {
        if (random_.chance(0.1)) process.hold_up(random_.between(0ms, 2ms));
        if (random_.chance(0.003)) process.hold_up(random_.between(0ms, 60ms));
    }
    // What a reader on another thread would see between any two tasks.
    const std::size_t place = process.plan().place;
    const std::size_t cache = random_.below(cache_count);
    const std::size_t of = row(channel_of(cache), random_.below(options_.keys));
    switch (random_.below(8)) {
    case 0: return look(place, cache, of);
    case 1: return walk(place, cache);
    default: peek(place, cache, of);
    }
}

void Fleet::executed(TimePoint at, std::string_view channel, const KeySet& changed) {
    std::size_t index = rows_channel;
    while (channel != channel_name(index)) ++index;
    for (std::size_t key = 0; key < options_.keys; ++key) {
        const std::size_t changed_row = row(index, key);
        const std::vector<std::string> tags = tags_of(changed_row);
        const bool is_named =
            std::ranges::find(changed.keys, key_of(changed_row)) != changed.keys.end() ||
            std::ranges::find_first_of(changed.tags, tags) != changed.tags.end();
        if (!changed.all && !is_named) continue;
        checker_.executed(at, changed_row);
        disturbed_[changed_row] = now();
        trace_.add(
            {now(), Event::executed, Trace::nobody - 1, changed_row, source_.read(changed_row)});
    }
}

std::uint64_t Fleet::wait(Process& process, std::size_t row, Duration deadline) {
    waiting_.emplace(++last_wait_, Waiting{&process, row, now(), deadline, process.stalled()});
    return last_wait_;
}

void Fleet::answered(std::uint64_t id, Duration when_calm) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return violated("an operation is answered once", "");
    const Waiting& one = found->second;
    const Duration took = now() - one.since - (one.process->stalled() - one.stalled);
    const std::string shown = std::to_string(took / 1ms) + " ms";
    if (took > one.process->stretched(one.deadline) + 1ms)
        violated("an operation ends by its deadline", shown, one.row);
    if (options_.calm && took > when_calm)
        violated("A9: a read waits for no clock when all is well", shown, one.row);
    waiting_.erase(found);
}

}  // namespace tutti::simulation
