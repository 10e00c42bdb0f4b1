#include "simulation/storm.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace tutti::simulation {

using namespace std::chrono_literals;

namespace {

constexpr Duration storm_length = 15s;
constexpr std::size_t reservation_keys = 3;
constexpr std::size_t snapshots_max = 6;
constexpr std::array<Duration, 4> lease_choices{500ms, 1s, 1s, 2s};
// Of all reads and peeks of a calm run; most caches forget soon, and one has no memory.
constexpr double hit_rate_least = 0.1;

}  // namespace

FleetOptions Storm::options(const Scenario& scenario, std::uint64_t seed) {
    Random random(seed ^ 0x9e3779b97f4a7c15);
    std::vector<Duration> leases(3 + random.below(3), 1s);
    for (Duration& lease : leases) {
        if (scenario.mixed_leases) lease = random.pick(lease_choices);
    }
    return {.seed = seed,
            .leases = std::move(leases),
            .network = scenario.network,
            .keys = scenario.keys,
            .key_bytes = scenario.key_bytes,
            .calm = scenario.calm(),
            .history_survives = scenario.history_survives(),
            .claims_survive = scenario.claims_survive(),
            .load_failures = scenario.load_failures,
            .refresh_every = 800ms};
}

Storm::Storm(const Scenario& scenario, std::uint64_t seed)
    : scenario_(scenario), fleet_(options(scenario, seed)), random_(fleet_.random()) {}

Outcome Storm::run() {
    const TimePoint begin = fleet_.now();
    fleet_.start_all();
    end_ = fleet_.now() + storm_length;
    fleet_.plan_load = [this] { return plan_load(); };
    schedule_operation();
    schedule_snapshot();
    if (scenario_.incident_interval > Duration::zero()) schedule_incident();
    fleet_.run_for(storm_length);
    demand_hit_rate(fleet_.counts());
    fleet_.settle();
    return {.hash = fleet_.trace().hash(),
            .counts = fleet_.counts(),
            .simulated = fleet_.now() - begin,
            .report = fleet_.report()};
}

LoadPlan Storm::plan_load() {
    const Duration takes = random_.chance(scenario_.slow_loads) ? random_.between(1s, 6s)
                                                                : random_.between(100us, 20ms);
    return {.takes = takes,
            .reads_after = random_.between(0ms, takes),
            .fails = random_.chance(scenario_.load_failures)};
}

void Storm::schedule_operation() {
    fleet_.after(random_.between(0ms, 10ms), [this] {
        if (fleet_.now() >= end_) return;
        operate();
        schedule_operation();
    });
}

void Storm::operate() {
    if (random_.chance(0.02)) hot_key_ = random_.below(scenario_.keys);
    if (random_.chance(scenario_.writes)) return write();
    if (random_.chance(0.06)) {
        const std::size_t place = random_.below(fleet_.size());
        const std::size_t key = random_.below(reservation_keys);
        return fleet_.reserve(place, key, random_.between(100ms, 1500ms));
    }
    if (random_.chance(0.03)) return document();
    const std::size_t cache = random_.below(Fleet::cache_count);
    const std::size_t key = random_.chance(0.5) ? hot_key_ : random_.below(scenario_.keys);
    if (random_.chance(0.03)) return offer(key);
    if (random_.chance(0.02)) {
        return fleet_.refresh(random_.below(fleet_.size()), cache,
                              fleet_.row(Fleet::channel_of(cache), key));
    }
    const Duration deadline = random_.chance(0.2) && !scenario_.calm() ? 200ms : Duration{5s};
    fleet_.get(random_.below(fleet_.size()), cache, fleet_.row(Fleet::channel_of(cache), key),
               deadline);
}

void Storm::offer(std::size_t key) {
    constexpr std::array caches{Fleet::stored, Fleet::ledger, Fleet::ranked, Fleet::raw};
    const std::size_t cache = random_.pick(caches);
    fleet_.offer(random_.below(fleet_.size()), cache, fleet_.row(Fleet::channel_of(cache), key));
}

void Storm::document() {
    if (random_.chance(0.2)) return fleet_.write_document();
    const std::size_t place = random_.below(fleet_.size());
    fleet_.read_document(place, random_.below(scenario_.keys), 5s);
}

void Storm::write() {
    const std::size_t cache = random_.below(Fleet::cache_count);
    const std::size_t key = random_.chance(0.5) ? hot_key_ : random_.below(scenario_.keys);
    const std::size_t row = fleet_.row(Fleet::channel_of(cache), key);
    const std::size_t place = random_.below(fleet_.size());
    const bool foreign = Fleet::channel_of(cache) == Fleet::legacy_channel && scenario_.foreign;
    if (foreign && random_.chance(0.5)) {
        return fleet_.write_foreign(row);
    }
    if (random_.chance(0.03)) return fleet_.invalidate_all(place, cache);
    // A shared cache cannot promise it.
    const bool may_ack = cache != Fleet::ledger;
    const Ack ack = may_ack && random_.chance(scenario_.acks) ? Ack::every_instance : Ack::none;
    fleet_.write(place, cache, row, ack, random_.chance(0.5) ? random_.between(0ms, 20ms) : 0ms);
}

void Storm::demand_hit_rate(const Counts& counts) {
    const auto reads = static_cast<double>(counts.reads + counts.peeks);
    const double rate = static_cast<double>(counts.memory_hits) / reads;
    if (!scenario_.calm() || rate >= hit_rate_least) return;
    fleet_.checker().report(fleet_.now(), "A7: the hit rate has a floor", std::to_string(rate), 0);
}

void Storm::schedule_snapshot() {
    if (scenario_.weights.at(static_cast<std::size_t>(Incident::restore)) == 0) return;
    snapshots_.emplace_back(fleet_.now(), fleet_.server().snapshot());
    if (snapshots_.size() > snapshots_max) snapshots_.pop_front();
    fleet_.after(random_.between(100ms, 2s), [this] {
        if (fleet_.now() < end_) schedule_snapshot();
    });
}

void Storm::schedule_incident() {
    fleet_.after(random_.between(0ms, scenario_.incident_interval * 2), [this] {
        if (fleet_.now() >= end_) return;
        strike();
        schedule_incident();
    });
}

Incident Storm::pick_incident() {
    const double total = std::accumulate(scenario_.weights.begin(), scenario_.weights.end(), 0.0);
    double left = static_cast<double>(random_.below(1'000'000)) / 1e6 * total;
    std::size_t chosen = incident_count;
    for (std::size_t incident = 0; incident < incident_count; ++incident) {
        if (scenario_.weights.at(incident) == 0) continue;
        chosen = incident;
        left -= scenario_.weights.at(incident);
        if (left < 0) break;
    }
    return static_cast<Incident>(chosen);
}

void Storm::strike() {
    const std::size_t place = random_.below(fleet_.size());
    const Duration length = random_.magnitude(10ms, 5s);
    ++fleet_.counts().incidents;
    switch (const Incident incident = pick_incident()) {
    case Incident::pause: return fleet_.pause(place, length);
    case Incident::cut:
        return fleet_.cut(place, static_cast<Fleet::Direction>(random_.below(3)), length);
    case Incident::half_open: return fleet_.half_open(place, length);
    case Incident::disconnect: return fleet_.disconnect(place, length);
    case Incident::crash: return fleet_.crash(place, length);
    case Incident::stop: return fleet_.stop(place, length);
    case Incident::evict: return evict();
    case Incident::full:
        return change_mood(Event::full, [](ServerMood& mood, bool on) { mood.full = on; });
    case Incident::refuse:
        return change_mood(Event::refuse, [](ServerMood& mood, bool on) { mood.refuses = on; });
    case Incident::unreadable:
        return change_mood(Event::unreadable,
                           [](ServerMood& mood, bool on) { mood.log_unreadable = on; });
    case Incident::replicas: return gain_replicas([] {});
    case Incident::failover:
        return gain_replicas([this, older = fleet_.server().snapshot()] {
            fleet_.note(Event::failover);
            fleet_.server().restart_from(older);
            fleet_.after(random_.magnitude(1ms, 1s), [this] { fleet_.server().come_back(); });
        });
    default: return strike_server(incident);
    }
}

void Storm::evict() {
    const std::size_t cache = random_.below(Fleet::cache_count);
    const std::size_t key = random_.chance(0.5) ? hot_key_ : random_.below(scenario_.keys);
    fleet_.evict(cache, fleet_.row(Fleet::channel_of(cache), key));
}

void Storm::change_mood(Event event, void (*set)(ServerMood& mood, bool on)) {
    fleet_.note(event);
    set(fleet_.mood(), true);
    fleet_.after(random_.magnitude(10ms, 2s), [this, set] {
        fleet_.note(Event::fine);
        set(fleet_.mood(), false);
    });
}

// `then`: what they are good for.
void Storm::gain_replicas(const std::function<void()>& then) {
    if (fleet_.mood().replicas > 0) return;
    fleet_.note(Event::replicas);
    fleet_.mood().replicas = 1;
    fleet_.mood().replicas_since = fleet_.now();
    fleet_.after(random_.magnitude(100ms, 4s), [this, then] {
        then();
        fleet_.mood().replicas = 0;
    });
}

void Storm::strike_server(Incident incident) {
    testing::EmbeddedServer& server = fleet_.server();
    const std::string channel(Fleet::channel_name(random_.below(Fleet::channel_count)));
    const Duration away = random_.magnitude(1ms, 4s);
    const auto down_for_a_while = [&] { fleet_.after(away, [&server] { server.come_back(); }); };
    switch (incident) {
    case Incident::outage:
        fleet_.note(Event::outage);
        server.go_away();
        return down_for_a_while();
    case Incident::restart_empty:
        fleet_.note(Event::restart_empty);
        server.restart_empty();
        return down_for_a_while();
    case Incident::restore:
        fleet_.note(Event::restore);
        server.restart_from(snapshots_.at(random_.below(snapshots_.size())).second);
        return down_for_a_while();
    case Incident::undecodable:
        fleet_.note(Event::undecodable);
        return server.push_undecodable(channel);
    case Incident::lose_log: fleet_.note(Event::lose_log); return server.lose_log(channel);
    case Incident::trim:
        fleet_.note(Event::trim);
        return server.trim_log(channel, random_.below(3));
    case Incident::rotate: fleet_.note(Event::rotate); return server.rotate(channel);
    case Incident::lose_state: fleet_.note(Event::lose_state); return server.lose_state(channel);
    case Incident::lose_members:
        fleet_.note(Event::lose_members);
        return server.lose_members(channel);
    default:
        fleet_.note(Event::flush_all);
        for (std::size_t each = 0; each < Fleet::channel_count; ++each) {
            const std::string name(Fleet::channel_name(each));
            server.lose_log(name);
            server.lose_members(name);
            server.lose_state(name);
        }
        server.drop_store();
    }
}

}  // namespace tutti::simulation
