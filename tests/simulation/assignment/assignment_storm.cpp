#include "simulation/assignment/assignment_storm.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "bot-client/assignment/shard_leases.hpp"
#include "simulation/assignment/played_register.hpp"
#include "simulation/drifting_clock.hpp"
#include "simulation/random.hpp"

namespace tutti::simulation {
namespace {

using namespace std::chrono_literals;
using services::bot::assignment::SavedSession;
using services::bot::assignment::ShardLeases;
using services::process::UnixTime;

constexpr AssignmentScenario with_lease(std::string_view name, Duration lease, Duration every) {
    return {.name = name,
            .kills = 0.005,
            .pauses = 0.02,
            .stops = 0.02,
            .joins = 0.01,
            .cuts = 0.01,
            .losses = 0.05,
            .late = 0.02,
            .restarts = 0.01,
            .set_backs = 0.02,
            .drifts = true,
            .lease = lease,
            .every = every};
}

constexpr std::array scenarios{
    AssignmentScenario{.name = "calm"},
    AssignmentScenario{.name = "kills", .kills = 0.01},
    AssignmentScenario{.name = "drift", .kills = 0.01, .drifts = true},
    AssignmentScenario{.name = "deploys", .stops = 0.03, .joins = 0.01},
    AssignmentScenario{.name = "pauses", .pauses = 0.03, .drifts = true},
    AssignmentScenario{.name = "outages", .cuts = 0.01, .outages = 0.02},
    AssignmentScenario{.name = "lossy", .losses = 0.1, .late = 0.05},
    AssignmentScenario{.name = "emptied", .pauses = 0.02, .empties = 0.05},
    AssignmentScenario{
        .name = "restarts", .pauses = 0.02, .stops = 0.05, .restarts = 0.05, .set_backs = 0.05},
    AssignmentScenario{.name = "sluggish", .cuts = 0.03, .late = 0.2, .drifts = true},
    AssignmentScenario{.name = "slow",
                       .pauses = 0.05,
                       .cuts = 0.02,
                       .late = 0.5,
                       .set_backs = 0.03,
                       .drifts = true},
    AssignmentScenario{.name = "everything",
                       .kills = 0.005,
                       .pauses = 0.02,
                       .stops = 0.02,
                       .joins = 0.01,
                       .cuts = 0.01,
                       .outages = 0.01,
                       .losses = 0.05,
                       .late = 0.02,
                       .empties = 0.01,
                       .restarts = 0.01,
                       .set_backs = 0.02,
                       .drifts = true},
    // Other leases than that of most deployments, and steps that are long beside one.
    AssignmentScenario{
        .name = "short_kills", .kills = 0.01, .drifts = true, .lease = 3s, .every = 300ms},
    with_lease("short", 3s, 300ms),
    AssignmentScenario{.name = "long_kills", .kills = 0.01, .drifts = true, .lease = 1min},
    with_lease("long", 1min, 1s),
    AssignmentScenario{
        .name = "frail", .losses = 0.5, .restarts = 0.05, .set_backs = 0.02, .drifts = true},
    AssignmentScenario{.name = "coarse", .kills = 0.01, .drifts = true, .every = 2s},
};

constexpr std::uint32_t shards = 7;
constexpr std::size_t instances_min = 3;
constexpr Duration storm_length = 5min;
constexpr Duration answer_max = 2s;
constexpr Duration delay_max = 50ms;
constexpr Duration slowest_stop = 800ms;

// Of the slowest clock.
constexpr Duration at_worst(Duration local) { return local * 11 / 10; }
Duration unserved_max(const AssignmentScenario& of) {
    return at_worst(ShardLeases::unchanged_for(of.lease) + ShardLeases::patience(of.lease) +
                    2 * of.every) +
           4 * delay_max;
}
// From the end of all accidents until everything is where it stays: leases, members that were late,
// and the shares of those.
Duration settled_after(const AssignmentScenario& of) {
    return std::max<Duration>(9 * of.lease, 90s);
}

class Truth final : public Clock {
public:
    [[nodiscard]] TimePoint now() const noexcept override { return now_; }
    void set(TimePoint now) { now_ = now; }

private:
    TimePoint now_{1h};
};

// A shard while an instance runs it.
struct Run {
    std::uint64_t tenure = 0;
    TimePoint until;                      // of the instance's clock
    std::optional<TimePoint> stops_at{};  // the true time; has been asked to leave
    std::string session;
    std::int64_t first = 0;  // event
    TimePoint began;
};

struct Instance {
    std::string name;
    DriftingClock clock;
    ShardLeases assignment;
    std::map<std::uint32_t, Run> runs{};
    bool alive = true;
    bool leaving = false;
    std::uint64_t step = 0;  // that an answer is awaited for
    bool awaiting = false;
    TimePoint next_step;       // of its clock
    TimePoint paused_until{};  // true times
    TimePoint cut_until{};
};
using Who = std::shared_ptr<Instance>;

class Storm {
public:
    Storm(const AssignmentScenario& scenario, std::uint64_t seed)
        : scenario_(scenario), random_(seed) {}

    AssignmentOutcome run() {
        for (std::size_t i = 0; i < instances_min; ++i) start();
        later(1s, [this] { meet_accidents(); });
        run_for(storm_length);
        recover();
        return {.violation = violation_,
                .tenures = tenures_,
                .resumed = resumed_,
                .kills = kills_,
                .unserved_max = gap_max_};
    }

private:
    // Time.

    [[nodiscard]] TimePoint now() const { return truth_.now(); }
    void later(Duration delay, std::function<void()> what) {
        due_.emplace(std::pair(now() + delay, ++events_), std::move(what));
    }
    void run_for(Duration duration) {
        const TimePoint end = now() + duration;
        while (violation_.empty() && !due_.empty() && due_.begin()->first.first <= end) {
            auto what = due_.extract(due_.begin());
            truth_.set(what.key().first);
            what.mapped()();
        }
        truth_.set(end);
    }
    // When that instance is awake; never, when it is dead by then.
    void on(const Who& who, Duration delay, std::function<void()> what) {
        later(delay, [this, who, what = std::move(what)]() mutable {
            if (!who->alive) return;
            if (who->paused_until > now()) return on(who, who->paused_until - now(), what);
            what();
        });
    }
    void violate(std::string what) {
        if (violation_.empty()) violation_ = std::move(what);
    }

    // Instances: what ShardKeeper does.

    void start() {
        const std::string name = "bot#" + std::to_string(++started_);
        const int permille = scenario_.drifts ? 909 + static_cast<int>(random_.below(92)) : 1000;
        const TimePoint zero{std::chrono::seconds(random_.below(1'000'000))};
        auto who = std::make_shared<Instance>(Instance{
            .name = name,
            .clock = DriftingClock(truth_, zero, permille),
            .assignment = ShardLeases({.member = name, .count = shards, .lease = scenario_.lease}),
            .next_step = zero});
        instances_.push_back(who);
        on(who, 0s, [this, who] { step(who); });
    }
    void step(const Who& who) {
        if (who->awaiting) return;
        const TimePoint local = who->clock.now();
        who->next_step = local + scenario_.every;
        who->awaiting = true;
        const auto number = ++who->step;
        const auto asked = who->assignment.next(sessions_of(*who), local);
        on(who, answer_max, [this, who, number] { answered(who, number, std::nullopt); });
        carry(*who, [this, who, number, asked] {
            const auto found = register_.exchange(asked, unix_now());
            carry(*who, [this, who, number, found] {
                on(who, 0s, [this, who, number, found] { answered(who, number, found); });
            });
        });
    }
    void answered(const Who& who, std::uint64_t number, const std::optional<Register>& found) {
        if (!who->awaiting || who->step != number) return;
        who->awaiting = false;
        if (found) who->assignment.answered(*found, who->clock.now());
        follow(who);
        const Duration left = std::max(who->next_step - who->clock.now(), Duration::zero());
        on(who, left, [this, who] { step(who); });
    }
    void follow(const Who& who) {
        for (auto run = who->runs.begin(); run != who->runs.end();) {
            run = goes_on(who, run->first, run->second) ? std::next(run) : who->runs.erase(run);
        }
        const auto held = who->assignment.held(who->clock.now());
        for (const auto& [shard, tenure] : held) {
            if (who->runs.contains(shard)) continue;
            if (tenure.returning) {
                who->assignment.returned(shard, tenure.session);
            } else {
                begin(who, shard, tenure);
            }
        }
        if (who->leaving && who->runs.empty()) {
            if (who->assignment.has_left()) who->alive = false;
            step(who);
        }
    }
    bool goes_on(const Who& who, std::uint32_t shard, Run& run) {
        const TimePoint local = who->clock.now();
        const auto& all = who->assignment.held(local);
        const auto held = all.find(shard);
        const bool is_held = held != all.end() && held->second.number == run.tenure;
        bool over = run.until <= local || (run.stops_at && *run.stops_at <= now());
        if (is_held && !held->second.returning) {
            if (over) return false;
            run.until = held->second.until;
            check_alone(*who, shard, "goes on");
            return true;
        }
        if (!run.stops_at) {
            run.stops_at = now() + random_.between(1ms, slowest_stop);
            on(who, *run.stops_at - now(), [this, who] { follow(who); });
        }
        if (!over) return true;
        if (is_held) {
            who->assignment.returned(shard, session_of(*who, run));
            last_given_[shard] = {.by = who, .last = last_of(run)};
        }
        return false;
    }
    void begin(const Who& who, std::uint32_t shard, const ShardLeases::Tenure& tenure) {
        check_alone(*who, shard, "begins");
        check_session(shard, tenure.session);
        Run run{};
        run.tenure = tenure.number;
        run.until = tenure.until;
        run.began = now();
        ++tenures_;
        if (tenure.session) {
            ++resumed_;
            run.session = tenure.session->resumption.place.session_id;
            run.first = tenure.session->resumption.last;
        } else {
            run.session = "session" + std::to_string(tenures_);
        }
        who->runs[shard] = std::move(run);
        last_given_.erase(shard);
        if (const auto killed = killed_.extract(shard); !killed.empty()) {
            const Duration gap = now() - killed.mapped().at;
            gap_max_ = std::max(gap_max_, gap);
            if (is_plain() && gap > unserved_max(scenario_))
                violate("a shard was unserved for too long");
        }
    }
    // Ten events a second.
    [[nodiscard]] std::int64_t last_of(const Run& run) const {
        return run.first + (now() - run.began) / 100ms;
    }
    [[nodiscard]] SavedSession session_of(const Instance& who, const Run& run) const {
        return {.resumption = {.place = {.session_id = run.session,
                                         .resume_gateway_url = "wss://gateway.discord.gg"},
                               .last = last_of(run)},
                .at = who.assignment.server_time(who.clock.now())};
    }
    [[nodiscard]] ShardLeases::Sessions sessions_of(const Instance& who) const {
        ShardLeases::Sessions found;
        for (const auto& [shard, run] : who.runs) found[shard] = session_of(who, run);
        return found;
    }

    // What must hold.

    // When that instance sends nothing more for the shard, whatever it does.
    [[nodiscard]] TimePoint silent_at(const Instance& who, const Run& run) const {
        const TimePoint lapsed = who.clock.truth_at(run.until) + ShardLeases::margin;
        return run.stops_at && who.paused_until <= now() ? std::min(lapsed, *run.stops_at) : lapsed;
    }
    void check_alone(const Instance& who, std::uint32_t shard, std::string_view what) {
        for (const Who& other : instances_) {
            if (other.get() == &who || !other->alive) continue;
            const auto run = other->runs.find(shard);
            if (run == other->runs.end() || silent_at(*other, run->second) <= now()) continue;
            violate(who.name + ' ' + std::string(what) + " with shard " + std::to_string(shard) +
                    ", which " + other->name + " still runs");
        }
    }
    // Nothing is lost of what an instance has said of a session.
    void check_session(std::uint32_t shard, const std::optional<SavedSession>& session) {
        if (!is_plain()) return;
        const auto given = last_given_.find(shard);
        if (given != last_given_.end() &&
            (!session || session->resumption.last != given->second.last)) {
            violate("a shard that was given back does not go on where it was");
        }
        const auto killed = killed_.find(shard);
        if (killed == killed_.end() || killed->second.last < 20) return;
        const std::int64_t behind = at_worst(scenario_.every + 4 * delay_max) / 100ms + 1;
        if (!session || session->resumption.last < killed->second.last - behind) {
            violate("the session of a dead instance is older than its last step");
        }
    }
    // Nothing happens but kills, stops and starts.
    [[nodiscard]] bool is_plain() const {
        return scenario_.pauses + scenario_.cuts + scenario_.outages + scenario_.losses +
                   scenario_.late + scenario_.empties + scenario_.restarts + scenario_.set_backs ==
               0;
    }
    [[nodiscard]] bool is_served(std::uint32_t shard) const {
        return std::ranges::any_of(instances_, [&](const Who& who) {
            if (!who->alive) return false;
            const auto run = who->runs.find(shard);
            return run != who->runs.end() && run->second.until > who->clock.now();
        });
    }

    // The network, and the server.

    void carry(const Instance& who, std::function<void()> what) {
        if (outage_until_ > now() || who.cut_until > now() ||
            random_.chance(rate(scenario_.losses)))
            return;
        const bool late = random_.chance(rate(scenario_.late));
        later(late ? random_.between(1ms, random_.chance(0.5) ? 2s : 20s)
                   : random_.between(1ms, delay_max),
              std::move(what));
    }
    [[nodiscard]] double rate(double probability) const { return calm_ ? 0 : probability; }
    [[nodiscard]] UnixTime unix_now() const {
        return UnixTime(
            std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()));
    }

    // Accidents.

    void meet_accidents() {
        if (calm_) return;
        later(1s, [this] { meet_accidents(); });
        meet_those_of_the_register();
        const auto all = instances_;
        for (const Who& who : all) {
            if (!who->alive || who->leaving) continue;
            meet_those_of(who);
        }
        std::erase_if(instances_, [](const Who& who) { return !who->alive; });
    }
    void meet_those_of(const Who& who) {
        // One of them lives on, so that what dies is noticed.
        if (who != instances_.front() && random_.chance(scenario_.kills)) return kill(who);
        if (random_.chance(scenario_.stops)) return stop(who);
        if (random_.chance(scenario_.pauses))
            who->paused_until = now() + random_.between(1ms, 1min);
        if (random_.chance(scenario_.cuts)) who->cut_until = now() + random_.between(1ms, 30s);
        if (random_.chance(scenario_.joins) && instances_.size() < 8) start();
    }
    void meet_those_of_the_register() {
        history_.push_back(register_.data);
        if (history_.size() > 10) history_.pop_front();
        if (random_.chance(scenario_.outages)) outage_until_ = now() + random_.between(1ms, 30s);
        if (random_.chance(scenario_.empties)) register_.data = {};
        if (random_.chance(scenario_.restarts)) register_.restart(register_.data);
        if (random_.chance(scenario_.set_backs)) register_.restart(random_.pick(history_));
    }
    void kill(const Who& who) {
        ++kills_;
        who->alive = false;
        for (const auto& [shard, run] : who->runs) {
            killed_[shard] = {.at = now(), .last = last_of(run)};
        }
        // The register may not know yet what it was giving back.
        std::erase_if(last_given_, [&](const auto& given) { return given.second.by == who; });
        replace();
    }
    void stop(const Who& who) {
        who->leaving = true;
        on(who, 1ms, [this, who] {
            who->assignment.leave();
            follow(who);
        });
        // It does not wait for ever.
        on(who, 3s, [who] { who->alive = false; });
        replace();
    }
    void replace() {
        const auto alive = static_cast<std::size_t>(std::ranges::count_if(
            instances_, [](const Who& who) { return who->alive && !who->leaving; }));
        if (alive < instances_min) later(random_.between(10ms, 20s), [this] { start(); });
    }

    // From here on nothing happens but what the instances do.
    void recover() {
        calm_ = true;
        outage_until_ = now();
        for (const Who& who : instances_) who->cut_until = now();
        run_for(1min);  // the last pauses, and messages that are late
        run_for(settled_after(scenario_));
        if (!violation_.empty()) return;
        for (std::uint32_t shard = 0; shard < shards; ++shard) {
            if (!is_served(shard)) violate("nobody runs shard " + std::to_string(shard));
        }
        std::size_t least = shards;
        std::size_t most = 0;
        for (const Who& who : instances_) {
            if (!who->alive) continue;
            least = std::min(least, who->runs.size());
            most = std::max(most, who->runs.size());
        }
        if (most > least + 1)
            violate("the shares are " + std::to_string(least) + " to " + std::to_string(most));
        const std::uint64_t tenures = tenures_;
        run_for(1min);
        if (tenures_ > tenures) violate("a shard has moved, and nothing had happened");
    }

    struct Given {
        Who by;
        std::int64_t last = 0;
    };
    struct Killed {
        TimePoint at;
        std::int64_t last = 0;
    };

    const AssignmentScenario scenario_;
    Random random_;
    Truth truth_;
    std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> due_;
    std::uint64_t events_ = 0;
    std::string violation_;
    bool calm_ = false;

    PlayedRegister register_;
    std::deque<PlayedRegister::Data> history_;
    TimePoint outage_until_{};
    std::vector<Who> instances_;
    int started_ = 0;

    std::map<std::uint32_t, Killed> killed_;
    std::map<std::uint32_t, Given> last_given_;
    std::uint64_t tenures_ = 0;
    std::uint64_t resumed_ = 0;
    std::uint64_t kills_ = 0;
    Duration gap_max_{};
};

}  // namespace

std::span<const AssignmentScenario> assignment_scenarios() { return scenarios; }

const AssignmentScenario& assignment_scenario(std::string_view name) {
    return *std::ranges::find(scenarios, name, &AssignmentScenario::name);
}

AssignmentOutcome simulate_assignment(const AssignmentScenario& scenario, std::uint64_t seed) {
    return Storm(scenario, seed).run();
}

}  // namespace tutti::simulation
