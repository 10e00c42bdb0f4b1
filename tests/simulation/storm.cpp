#include "simulation/storm.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace tutti::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t reservation_keys = 3;
constexpr std::size_t snapshots_max = 6;
// Of all reads and peeks of a calm run; most caches forget soon, and one has no memory.
constexpr double hit_rate_least = 0.1;

Duration scaled(Duration usual, double by) {
    return std::chrono::duration_cast<Duration>(usual * by);
}

}  // namespace

FleetOptions Storm::options(const Scenario& scenario, std::uint64_t seed) {
    Random random(seed ^ 0x9e3779b97f4a7c15);
    const auto [least, most] = scenario.nodes;
    std::vector<Duration> leases(least + random.below(most - least + 1));
    for (Duration& lease : leases) lease = random.pick(scenario.leases);
    return {.seed = seed,
            .leases = std::move(leases),
            .network = scenario.network,
            .keys = scenario.keys,
            .key_bytes = scenario.key_bytes,
            .calm = scenario.calm(),
            .warms_up = true,
            .validated = scenario.validated,
            .checked = scenario.checked,
            .history_survives = scenario.history_survives(),
            .claims_survive = scenario.claims_survive(),
            .load_failures = scenario.load_failures,
            .load_deadline = scaled(5s, scenario.load_scale),
            .untold = scenario.untold > 0,
            .refresh_every = 800ms,
            .life_scale = scenario.life_scale,
            .settles = scenario.settles};
}

Storm::Storm(const Scenario& scenario, std::uint64_t seed, Only only)
    : scenario_(of_seed(scenario, seed)),
      only_(std::move(only)),
      fleet_(options(scenario_, seed)),
      operations_(seed ^ 0xd1b54a32d192ed03),
      incidents_(operations_.split()),
      snapshots_random_(operations_.split()) {
    fleet_.mood().counted = scenario_.weight(Incident::replaced) > 0;
}

Outcome Storm::run() {
    const TimePoint begin = fleet_.now();
    fleet_.start_all();
    end_ = fleet_.now() + scenario_.length;
    fleet_.plan_load = [this] { return plan_load(); };
    schedule_operation();
    schedule_snapshot();
    if (scenario_.incident_interval > Duration::zero()) schedule_incident();
    fleet_.run_for(scenario_.length);
    demand_hit_rate(fleet_.counts());
    fleet_.settle();
    return {.hash = fleet_.trace().hash(),
            .counts = fleet_.counts(),
            .simulated = fleet_.now() - begin,
            .actions = actions_,
            .broken = fleet_.kept() ? "" : fleet_.checker().violations().front().promise,
            .report = fleet_.report()};
}

// When a load begins depends on the fleet.
LoadPlan Storm::plan_load() {
    Random& random = fleet_.random();
    const Duration takes =
        random.chance(scenario_.slow_loads)
            ? random.between(scaled(1s, scenario_.load_scale), scaled(6s, scenario_.load_scale))
            : random.between(100us, 20ms);
    return {.takes = takes,
            .reads_after = random.between(0ms, takes),
            .fails = random.chance(scenario_.load_failures)};
}

void Storm::act(Random random, void (Storm::*action)(Random random)) {
    const std::size_t number = actions_++;
    if (only_ && !std::ranges::binary_search(*only_, number)) return;
    (this->*action)(random);
}

void Storm::schedule_operation() {
    fleet_.after(operations_.between(0ms, scenario_.idle_max), [this] {
        if (fleet_.now() >= end_) return;
        if (operations_.chance(0.02)) hot_key_ = operations_.below(scenario_.keys);
        act(operations_.split(), &Storm::operate);
        schedule_operation();
    });
}

void Storm::operate(Random random) {
    if (random.chance(scenario_.writes)) return write(random);
    if (random.chance(0.06)) {
        const std::size_t place = random.below(fleet_.size());
        const std::size_t key = random.below(reservation_keys);
        return fleet_.reservations().reserve(place, key, random.between(100ms, 1500ms));
    }
    if (random.chance(0.03)) return document(random);
    const std::size_t cache = random.below(Fleet::cache_count);
    const std::size_t key = random.chance(0.5) ? hot_key_ : random.below(scenario_.keys);
    if (random.chance(0.03)) return offer(key, random);
    const std::size_t row = fleet_.row(Fleet::channel_of(cache), key);
    const std::size_t place = random.below(fleet_.size());
    if (random.chance(0.02)) return fleet_.refresh(place, cache, row);
    if (random.chance(0.02)) return fleet_.get_news(place, cache, row);
    if (random.chance(0.05)) return fleet_.get_many(place, cache, pick_rows(cache, random));
    GetOptions how;
    if (random.chance(0.2) && !scenario_.calm()) how.deadline = 200ms;
    if (random.chance(0.2)) how.soft_deadline = random.between(0ms, 50ms);
    if (random.chance(0.05)) how.age_max = random.magnitude(1ms, living(3s));
    fleet_.get(place, cache, row, how);
}

// Each at most once.
Rows Storm::pick_rows(std::size_t cache, Random& random) const {
    Rows rows;
    for (std::size_t key = 0; key < scenario_.keys; ++key) {
        if (random.chance(0.5)) rows.push_back(fleet_.row(Fleet::channel_of(cache), key));
    }
    if (rows.empty()) rows.push_back(fleet_.row(Fleet::channel_of(cache), hot_key_));
    return rows;
}

void Storm::offer(std::size_t key, Random random) {
    constexpr std::array caches{Fleet::stored, Fleet::ledger, Fleet::ranked, Fleet::raw};
    const std::size_t cache = random.pick(caches);
    fleet_.offer(random.below(fleet_.size()), cache, fleet_.row(Fleet::channel_of(cache), key));
}

void Storm::document(Random random) {
    if (scenario_.weight(Incident::frozen) > 0) return;  // its answers end by the clock
    if (random.chance(0.2)) return fleet_.near().write();
    const std::size_t place = random.below(fleet_.size());
    fleet_.near().read(place, random.below(scenario_.keys), 5s);
}

void Storm::write(Random random) {
    const std::size_t cache = random.below(Fleet::cache_count);
    const std::size_t key = random.chance(0.5) ? hot_key_ : random.below(scenario_.keys);
    const std::size_t row = fleet_.row(Fleet::channel_of(cache), key);
    const std::size_t place = random.below(fleet_.size());
    const bool foreign = Fleet::channel_of(cache) == Fleet::legacy_channel && scenario_.foreign;
    if (foreign && random.chance(0.5)) {
        return fleet_.write_foreign(row);
    }
    if (scenario_.untold > 0 && random.chance(scenario_.untold)) return fleet_.write_untold(row);
    if (random.chance(0.03)) return fleet_.invalidate_all(place, cache);
    // A shared cache cannot promise it.
    const bool may_ack = cache != Fleet::ledger;
    const Ack ack = may_ack && random.chance(scenario_.acks) ? Ack::every_instance : Ack::none;
    if (Fleet::channel_of(cache) == Fleet::labels_channel && random.chance(0.6))
        return fleet_.write_tagged(place, cache, row, ack);
    if (random.chance(0.15)) return fleet_.write_and_reload(place, cache, row, ack);
    if (random.chance(0.15)) {
        const CacheRow other = pick_beside(cache, random);
        return fleet_.write_together(place, {cache, row}, other, ack);
    }
    fleet_.write(place, cache, row, ack, random.chance(0.5) ? random.between(0ms, 20ms) : 0ms);
}

// Of the same channel.
CacheRow Storm::pick_beside(std::size_t cache, Random random) const {
    std::size_t other = random.below(Fleet::cache_count);
    if (Fleet::channel_of(other) != Fleet::channel_of(cache)) other = cache;
    return {other, fleet_.row(Fleet::channel_of(cache), random.below(scenario_.keys))};
}

void Storm::demand_hit_rate(const Counts& counts) {
    const auto reads = static_cast<double>(counts.reads + counts.peeks);
    const double rate = static_cast<double>(counts.memory_hits) / reads;
    if (!scenario_.calm() || rate >= hit_rate_least) return;
    fleet_.checker().report(fleet_.now(), "A7: the hit rate has a floor", std::to_string(rate), 0);
}

void Storm::schedule_snapshot() {
    if (scenario_.weight(Incident::restore) == 0) return;
    snapshots_.emplace_back(fleet_.now(), fleet_.server().snapshot());
    if (snapshots_.size() > snapshots_max) snapshots_.pop_front();
    fleet_.after(snapshots_random_.between(living(100ms), living(2s)), [this] {
        if (fleet_.now() < end_) schedule_snapshot();
    });
}

void Storm::schedule_incident() {
    fleet_.after(incidents_.between(0ms, scenario_.incident_interval * 2), [this] {
        if (fleet_.now() >= end_) return;
        act(incidents_.split(), &Storm::strike);
        schedule_incident();
    });
}

Incident Storm::pick_incident(Random random) const {
    const double total = std::accumulate(scenario_.weights.begin(), scenario_.weights.end(), 0.0);
    double left = static_cast<double>(random.below(1'000'000)) / 1e6 * total;
    std::size_t chosen = incident_count;
    for (std::size_t incident = 0; incident < incident_count; ++incident) {
        if (scenario_.weights.at(incident) == 0) continue;
        chosen = incident;
        left -= scenario_.weights.at(incident);
        if (left < 0) break;
    }
    return static_cast<Incident>(chosen);
}

void Storm::strike(Random random) {
    const std::size_t place = random.below(fleet_.size());
    const Duration length = random.magnitude(10ms, lasting(5s));
    const Duration short_while = random.magnitude(10ms, lasting(2s));
    ++fleet_.counts().incidents;
    switch (const Incident incident = pick_incident(random.split())) {
    case Incident::pause: return fleet_.pause(place, length);
    case Incident::frozen:
        return fleet_.freeze(
            place, length, random.chance(0.5) ? Fleet::Meanwhile::runs : Fleet::Meanwhile::paused);
    case Incident::cut:
        return fleet_.cut(place, static_cast<Fleet::Direction>(random.below(3)), length);
    case Incident::half_open: return fleet_.half_open(place, length);
    case Incident::disconnect: return fleet_.disconnect(place, length);
    case Incident::crash: return fleet_.crash(place, length);
    case Incident::stop: return fleet_.stop(place, length);
    case Incident::evict: return evict(random);
    case Incident::full:
        return change_mood(Event::full, short_while,
                           [](ServerMood& mood, bool on) { mood.full = on; });
    case Incident::refuse:
        return change_mood(Event::refuse, short_while,
                           [](ServerMood& mood, bool on) { mood.refuses = on; });
    case Incident::unreadable:
        return change_mood(Event::unreadable, short_while,
                           [](ServerMood& mood, bool on) { mood.log_unreadable = on; });
    case Incident::replicas: return gain_replicas(random.magnitude(100ms, lasting(4s)), [] {});
    case Incident::failover: return fail_over(random);
    case Incident::replaced: return replace_primary(random);
    default: return strike_server(incident, random);
    }
}

// What it does not have is what was written in the meantime.
void Storm::fail_over(Random random) {
    const Duration until = random.magnitude(100ms, lasting(4s));
    const Duration away = random.magnitude(1ms, lasting(1s));
    gain_replicas(until, [this, away, older = fleet_.server().snapshot()] {
        fleet_.note(Event::failover);
        fleet_.server().restart_from(older);
        fleet_.after(away, [this] { fleet_.server().come_back(); });
    });
}

// As above.
void Storm::replace_primary(Random random) {
    fleet_.after(random.magnitude(1ms, lasting(500ms)),
                 [this, random, older = fleet_.server().snapshot()]() mutable {
                     std::vector<Fleet::LateNode> late;
                     for (std::size_t place = 0; place < fleet_.size(); ++place) {
                         if (random.chance(0.5)) continue;
                         late.push_back({.place = place,
                                         .bus = random.magnitude(10ms, lasting(8s)),
                                         .store = random.magnitude(10ms, lasting(8s))});
                     }
                     fleet_.replace_primary(older, random.magnitude(1ms, lasting(1s)), late);
                 });
}

Duration Storm::lasting(Duration usual) const { return scaled(usual, scenario_.accident_scale); }
Duration Storm::living(Duration usual) const { return scaled(usual, scenario_.life_scale); }

void Storm::evict(Random random) {
    const std::size_t cache = random.below(Fleet::cache_count);
    const std::size_t key = random.chance(0.5) ? hot_key_ : random.below(scenario_.keys);
    fleet_.evict(cache, fleet_.row(Fleet::channel_of(cache), key));
}

void Storm::change_mood(Event event, Duration length, void (*set)(ServerMood& mood, bool on)) {
    fleet_.note(event);
    set(fleet_.mood(), true);
    fleet_.after(length, [this, set] {
        fleet_.note(Event::fine);
        set(fleet_.mood(), false);
    });
}

// `then`: what they are good for.
void Storm::gain_replicas(Duration length, const std::function<void()>& then) {
    if (fleet_.mood().replicas > 0) return;
    fleet_.note(Event::replicas);
    fleet_.mood().replicas = 1;
    fleet_.mood().replicas_since = fleet_.now();
    fleet_.after(length, [this, then] {
        then();
        fleet_.mood().replicas = 0;
    });
}

void Storm::strike_server(Incident incident, Random random) {
    testing::EmbeddedServer& server = fleet_.server();
    const std::string channel(Fleet::channel_name(random.below(Fleet::channel_count)));
    const Duration away = random.magnitude(1ms, lasting(4s));
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
        server.restart_from(snapshots_.at(random.below(snapshots_.size())).second);
        return down_for_a_while();
    case Incident::undecodable:
        fleet_.note(Event::undecodable);
        return server.push_undecodable(channel);
    case Incident::lose_log: fleet_.note(Event::lose_log); return server.lose_log(channel);
    case Incident::trim: fleet_.note(Event::trim); return server.trim_log(channel, random.below(3));
    case Incident::rotate: fleet_.note(Event::rotate); return server.rotate(channel);
    case Incident::lose_state: fleet_.note(Event::lose_state); return server.lose_state(channel);
    case Incident::lose_members:
        fleet_.note(Event::lose_members);
        return server.lose_members(channel);
    case Incident::lose_tags: fleet_.note(Event::lose_tags); return server.lose_tags(channel);
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
