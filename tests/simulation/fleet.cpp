#include "simulation/fleet.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "coherence/plain_event.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

namespace {

constexpr int slowest_permille = 834;  // 1 / 1.2
constexpr std::size_t loads_of_a_key_max = 2;
constexpr std::uint64_t steps_max = 300'000;

PlainEvent legacy_shape() { return {.type = "row", .key = "rowId"}; }

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
      source_(channel_count * options_.keys),
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
    constexpr std::array<std::string_view, channel_count> names{"rows", "legacy", "shared/ledger"};
    return names.at(channel);
}
std::size_t Fleet::channel_of(std::size_t cache) {
    if (cache == ledger) return ledger_channel;
    return cache == legacy || cache == archive ? legacy_channel : rows_channel;
}
const std::string& Fleet::key_of(std::size_t row) const { return keys_[row % options_.keys]; }
std::size_t Fleet::row_of(std::size_t cache, std::string_view key) const {
    return row(channel_of(cache), std::stoul(std::string(key.substr(1))));
}

ProcessPlan Fleet::plan_process(std::size_t place) {
    const Duration age = random_.between(300ms, 4s);
    return {
        .place = place,
        .member = "node-" + std::to_string(place) + "-" + std::to_string(processes_.size()),
        .lease = options_.leases[place],
        .margin = options_.margin,
        .drift_max = options_.drift_max,
        .clock_permille = permilles_[place],
        .clock_start = TimePoint{random_.between(1h, 100h)},
        .fault_seed = random_.number(),
        .network = network_now_,
        .channels = {std::string(channel_name(rows_channel)),
                     std::string(channel_name(legacy_channel))},
        .caches = {{.name = "users", .channel = rows_channel},
                   {.name = "profiles",
                    .channel = rows_channel,
                    .on_suspect = OnSuspect::serve_up_to(age),
                    .blocking_loader = true,
                    .store_ttl = 5s},
                   {.name = "limits", .channel = rows_channel, .on_suspect = OnSuspect::fail()},
                   {.name = "legacy", .channel = legacy_channel, .foreign_publishers = true},
                   {.name = "stored",
                    .channel = rows_channel,
                    .memory_ttl = 2s,
                    .store_ttl = 5s,
                    .stale_for = 3s,
                    .negative = true},
                   {.name = "archive",
                    .channel = legacy_channel,
                    .foreign_publishers = true,
                    .memory_ttl = 2s,
                    .store_ttl = 5s,
                    .stale_for = 3s,
                    .negative = true},
                   {.name = "ledger",
                    .channel = ledger_channel,
                    .pattern = Pattern::shared,
                    .store_ttl = 5s},
                   {.name = "ranked",
                    .channel = rows_channel,
                    .memory_ttl = 1s,
                    .store_ttl = 5s,
                    .ranked = true},
                   {.name = "raw",
                    .channel = rows_channel,
                    .memory_ttl = 1s,
                    .store_ttl = 5s,
                    .raw_prefix = "raw:"},
                   {.name = "scheduled",
                    .channel = rows_channel,
                    .memory_ttl = 3s,
                    .store_ttl = 5s,
                    .refresh_every = options_.refresh_every}},
        .rows = channel_count * options_.keys,
        .refreshed_key = key_of(0),
    };
}

Process::Surroundings Fleet::surroundings() {
    return {
        .world = world_,
        .truth = truth_,
        .hub = hub_,
        .mood = mood_,
        .executed = [this](TimePoint at, const std::string& channel,
                           const KeySet& changed) { executed(at, channel, changed); },
        .load = [this](Process& process, std::size_t cache, const std::string& key,
                       auto done) { load(process, cache, key, std::move(done)); },
        .load_now = [this](Process& process, std::size_t cache,
                           const std::string& key) { return load_now(process, cache, key); },
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
    if (++counts_.steps > steps_max) {
        violated("nothing runs for ever", "at one moment");
        return false;
    }
    runnable_.clear();
    if (world_.ready()) runnable_.push_back(nullptr);
    for (Process* node : nodes_) {
        if (node != nullptr && node->can_run()) runnable_.push_back(node);
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
    std::optional<TimePoint> next = world_.next_timer();
    for (const Process* node : nodes_) {
        const auto wanted = node == nullptr ? std::nullopt : node->runs_next();
        if (wanted && (!next || *wanted < *next)) next = wanted;
    }
    const TimePoint then = next ? std::min(*next, end) : end;
    if (then > now()) truth_.advance(then - now());
    return next && *next <= end;
}

void Fleet::run(Process& process) {
    process.executor().run_one();
    if (options_.held_up) {
        if (random_.chance(0.1)) process.hold_up(random_.between(0ms, 2ms));
        if (random_.chance(0.003)) process.hold_up(random_.between(0ms, 60ms));
    }
    // What a reader on another thread would see between any two tasks.
    const std::size_t cache = random_.below(cache_count);
    peek(process.plan().place, cache, row(channel_of(cache), random_.below(options_.keys)));
}

void Fleet::executed(TimePoint at, std::string_view channel, const KeySet& changed) {
    std::size_t index = rows_channel;
    while (channel != channel_name(index)) ++index;
    for (std::size_t key = 0; key < options_.keys; ++key) {
        const std::size_t changed_row = row(index, key);
        if (!changed.all &&
            std::ranges::find(changed.keys, key_of(changed_row)) == changed.keys.end()) {
            continue;
        }
        checker_.executed(at, changed_row);
        disturbed_[changed_row] = now();
        trace_.add(
            {now(), Event::executed, Trace::nobody - 1, changed_row, source_.read(changed_row)});
    }
}

Loaded<Version> Fleet::read_source(const Process& process, std::size_t cache, std::size_t row) {
    const Version version = source_.read(row);
    note(Event::source_read, process, row, version);
    Loaded<Version> loaded = version;
    if (process.plan().caches[cache].negative && Source::is_negative(version)) {
        loaded = negative("do not ask");
    }
    if (Source::is_absent(version)) loaded = absent;
    return options_.cacheable ? loaded : loaded.do_not_cache();
}

Result<Loaded<Version>> Fleet::load_now(Process& process, std::size_t cache,
                                        const std::string& key) {
    ++counts_.loads;
    if (plan_load().fails) return fail(Errc::load_failed, "load", "the source is moody");
    return read_source(process, cache, row_of(cache, key));
}

void Fleet::load(Process& process, std::size_t cache, const std::string& key,
                 std::function<void(Result<Loaded<Version>>)> done) {
    ++counts_.loads;
    const LoadPlan plan = plan_load();
    const std::size_t of = row_of(cache, key);
    auto& running = process.loading[cache][of];
    while (!running.empty() && now() - running.front() >= load_deadline) running.pop_front();
    running.push_back(now());
    note(Event::load, process, of, cache);
    if (running.size() > loads_of_a_key_max) {
        violated("A5: loads of a key at a time", std::to_string(running.size()), of);
    }
    judge_loads_of_the_fleet(process, cache, of);
    auto value = std::make_shared<Loaded<Version>>(absent);
    after(plan.reads_after,
          [this, &process, cache, of, value] { *value = read_source(process, cache, of); });
    after(plan.takes,
          [this, &process, &running, of, plan, value, began = now(), done = std::move(done)] {
              if (const auto it = std::ranges::find(running, began); it != running.end())
                  running.erase(it);
              note(Event::loaded, process, of);
              if (plan.fails) return done(fail(Errc::load_failed, "load", "the source is moody"));
              done(*value);
          });
}

std::uint64_t Fleet::wait(Process& process, std::size_t row, Duration deadline) {
    waiting_.emplace(++last_wait_, Waiting{&process, row, now(), deadline, process.stalled()});
    return last_wait_;
}

void Fleet::answered(std::uint64_t id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return violated("an operation is answered once", "");
    const Waiting& one = found->second;
    const Duration allowed =
        one.process->stretched(one.deadline) + one.process->stalled() - one.stalled + 1ms;
    if (now() - one.since > allowed) {
        violated("an operation ends by its deadline",
                 std::to_string((now() - one.since) / 1ms) + " ms", one.row);
    }
    waiting_.erase(found);
}

void Fleet::write(std::size_t place, std::size_t cache, std::size_t row, Ack ack, Duration lag) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.writes;
    note(Event::commit, process, row, source_.commit(row));
    if (lag == Duration::zero()) return invalidate(process, cache, row, ack);
    after(lag, [=, this, &process] {
        process.deliver([=, this, &process] {
            if (process.serving()) invalidate(process, cache, row, ack);
        });
    });
}

void Fleet::invalidate_all(std::size_t place, std::size_t cache) {
    if (node(place).serving()) invalidate(node(place), cache, std::nullopt, Ack::none);
}

void Fleet::invalidate(Process& process, std::size_t cache, std::optional<std::size_t> of,
                       Ack ack) {
    constexpr Duration deadline = 5s;
    note(Event::invalidate, process, of.value_or(Trace::nobody), cache);
    const bool replicated = mood_.replicas > 0;
    std::vector<Version> versions;
    for (std::size_t key = 0; key < options_.keys; ++key) {
        const std::size_t covered = row(channel_of(cache), key);
        versions.push_back(source_.read(covered));
        if (of && covered != *of) continue;
        process.invalidated.push_back({covered, now()});
        ++disturbances_[covered];
    }
    const std::uint64_t id = wait(process, of.value_or(Trace::nobody), deadline);
    auto done = [=, this, &process, called = now()](const Invalidation& result) {
        answered(id);
        if (result.done() && replicated && mood_.replicas > 0 && mood_.replicas_since <= called) {
            violated("done takes a server that no failover can replace", "", *of);
        }
        outcome(process, cache, of, versions, called, result);
    };
    const InvalidateOptions how{.ack = ack, .deadline = deadline};
    if (of) {
        process.cache(cache).invalidate(key_of(*of), how, std::move(done));
    } else {
        process.raw_cache(cache).invalidate(std::nullopt, how, std::move(done));
    }
    // All caches of the channel have forgotten, not only this one.
    for (std::size_t each = 0; each < cache_count; ++each) {
        if (channel_of(each) != channel_of(cache)) continue;
        for (std::size_t key = 0; key < options_.keys; ++key) {
            const std::size_t covered = row(channel_of(cache), key);
            if (of && covered != *of) continue;
            process.own(each, covered) = versions[key];
            process.in_memory[each][covered].reset();
        }
    }
}

void Fleet::outcome(Process& process, std::size_t cache, std::optional<std::size_t> of,
                    const std::vector<Version>& versions, TimePoint called,
                    const Invalidation& result) {
    const std::size_t named = of.value_or(Trace::nobody);
    for (std::size_t key = 0; key < options_.keys; ++key) {
        const std::size_t covered = row(channel_of(cache), key);
        if (of && covered != *of) continue;
        disturbed_[covered] = now();
        --disturbances_[covered];
    }
    if (!result.published()) {
        ++counts_.unconfirmed;
        note(Event::unconfirmed, process, named);
        if (options_.calm) violated("A6: no unconfirmed without a fault", result.reason, named);
        return;
    }
    note(result.done() ? Event::done : Event::published, process, named);
    if (result.done()) ++counts_.done;
    const bool acknowledged = result.by == Invalidation::By::acknowledgements;
    if (acknowledged) ++counts_.acknowledged;
    // Once the epoch has been known for a wait-out.
    const bool in_grace = now() - process.serving_since < 6s;
    if (options_.calm && result.done() && !in_grace && (!acknowledged || result.took > 1s)) {
        violated("A8: done takes round trips when all is well", std::string(to_string(result.by)),
                 named);
    }
    for (std::size_t key = 0; key < options_.keys; ++key) {
        const std::size_t covered = row(channel_of(cache), key);
        if (of && covered != *of) continue;
        if (!checker_.executed_since(covered, called)) {
            violated("published means that the server took it", "", covered);
        }
        if (result.done()) checker_.done(covered, versions[key]);
    }
}

void Fleet::write_foreign(std::size_t of) {
    ++counts_.writes;
    trace_.add({now(), Event::foreign, Trace::nobody, of, source_.commit(of)});
    const KeySet changed{.keys = {key_of(of)}, .all = false};
    executed(now(), channel_name(legacy_channel), changed);
    for (const std::string& event : write_plain_events(std::array{legacy_shape()}, key_of(of))) {
        hub_->publish_plain(std::string(channel_name(legacy_channel)), event);
    }
}

}  // namespace tutti::simulation
