#include "simulation/jobs/job_storm.hpp"

#include <array>
#include <cassert>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "common/jobs/held_leases.hpp"
#include "common/jobs/job_queue_in_process.hpp"
#include "common/jobs/paid_calls.hpp"
#include "simulation/jobs/flaky_source.hpp"
#include "simulation/jobs/job_book.hpp"
#include "simulation/jobs/stage.hpp"

namespace tutti::simulation {
namespace {

using namespace std::chrono_literals;

constexpr auto lease_length = 300ms;
constexpr std::size_t workers_max = 3;
constexpr std::size_t plans_max = 12;

constexpr std::array scenarios{
    JobScenario{.name = "calm"},
    JobScenario{.name = "poisoned", .poison = true},
    JobScenario{.name = "lossy", .lost = 0.05},
    JobScenario{.name = "deaths", .deaths = 0.05, .poison = true},
    JobScenario{.name = "pauses", .pauses = 0.1},
    JobScenario{.name = "forgetful", .flushes = 0.02},
    JobScenario{.name = "short", .short_records = true},
    JobScenario{.name = "everything",
                .lost = 0.03,
                .deaths = 0.03,
                .pauses = 0.05,
                .flushes = 0.005,
                .poison = true},
};

class Storm {
public:
    Storm(const JobScenario& scenario, std::uint64_t seed) : scenario_(scenario), stage_(seed) {}

    JobOutcomeOfRun run() {
        stage_.add([this] { enqueue_plans(); });
        for (std::size_t place = 0; place < workers_max; ++place) hire(place);
        stage_.add([this] { meet_accidents(); });
        run(15s, [] { return false; });
        calm_down_ = true;
        // What was under way ends, and with it whatever was enqueued.
        run(120s, [this] { return done_ && book_.all_ended(); });
        run(5s, [] { return false; });
        book_.check_all();
        stage_.close();
        const auto metrics = queue_.metrics({});
        return {.violation = book_.violation(),
                .jobs = book_.size(),
                .unknown_paid = metrics->unknown_paid,
                .dead = metrics->dead};
    }

private:
    // Not beyond a broken promise: what follows from it may be anything.
    template <class Over>
    void run(Duration duration, Over over) {
        const TimePoint end = stage_.now() + duration;
        while (stage_.now() < end && book_.violation().empty() && !over()) stage_.run(10ms);
    }
    [[nodiscard]] bool has_accidents() const {
        return scenario_.lost > 0 || scenario_.deaths > 0 || scenario_.pauses > 0;
    }
    jobs::LeaseOptions leases() {
        return {
            .lease = lease_length, .attempts_max = 3, .retry_after = 100ms, .make_token = [this] {
                return make_token();
            }};
    }
    std::string make_token() { return "t" + std::to_string(++tokens_); }
    double lost() const { return calm_down_ ? 0 : scenario_.lost; }

    // The client.

    void enqueue_plans() {
        for (std::size_t plan = 0; plan < plans_max; ++plan) {
            const auto jobs = make_plan(std::to_string(plan));
            // Until it is answered, as clients do; so it may be enqueued more than once.
            while (true) {
                const std::size_t flushes = flushes_;
                FlakySource wire(stage_, queue_, book_, scenario_.flushes > 0 ? 0 : lost());
                const auto enqueued = wire.carry([this, jobs] {
                    book_.enqueued(jobs);
                    return queue_.enqueue(jobs, {});
                });
                if (enqueued || flushes != flushes_) break;
            }
            stage_.wait(stage_.random().magnitude(1ms, 2s));
        }
        done_ = true;
    }
    std::vector<jobs::Job> make_plan(const std::string& plan) {
        std::vector<jobs::Job> made;
        std::vector<std::string> children;
        for (std::size_t count = stage_.random().below(4); count > 0; --count) {
            made.push_back(make_job("c" + std::to_string(count) + '-' + plan));
            children.push_back(made.back().job_id);
        }
        made.push_back(make_job("p-" + plan));
        made.back().children = std::move(children);
        return made;
    }
    jobs::Job make_job(const std::string& id) {
        static constexpr std::array names{"plain", "plain", "shaky", "verdict", "long", "poison"};
        const std::string name = stage_.random().pick(names);
        return {.job_id = id,
                .request_id = id,
                .name = name == "poison" && !scenario_.poison ? "plain" : name,
                .data = "{}"};
    }

    // The accidents.

    void meet_accidents() {
        while (!calm_down_) {
            stage_.wait(50ms);
            Random& random = stage_.random();
            if (random.chance(scenario_.deaths)) stage_.kill(random.pick(workers_));
            if (random.chance(scenario_.pauses)) {
                stage_.pause(random.pick(workers_), random.magnitude(100ms, 3s));
            }
            if (random.chance(scenario_.flushes)) {
                ++flushes_;
                queue_.forget_everything();
                book_.flushed();
            }
        }
    }

    // The workers.

    void hire(std::size_t place) {
        const std::size_t actor = stage_.add([this, place] {
            try {
                live(place);
            } catch (const Stage::Died&) {
                // As its supervisor does.
                hire(place);
                throw;
            }
        });
        workers_.resize(std::max(workers_.size(), place + 1));
        workers_[place] = actor;
    }
    void live(std::size_t place) {
        const std::string worker = "w" + std::to_string(place);
        while (true) {
            FlakySource source(stage_, queue_, book_, lost());
            auto claimed = source.claim(worker, {});
            if (!claimed || !*claimed) {
                stage_.wait(stage_.random().between(5ms, 50ms));
                continue;
            }
            for (auto job = *std::move(claimed); job;) job = carry_out(source, worker, *job);
        }
    }
    // Waits that long, renews what is due; false when the lease is lost.
    bool await(FlakySource& source, const jobs::Lease& lease, jobs::HeldLeases& held,
               Duration duration) {
        const TimePoint end = stage_.now() + duration;
        while (true) {
            if (!held.take_lapsed(stage_.now()).empty()) return false;
            for (const jobs::Lease& due : held.take_due(stage_.now())) {
                const TimePoint asked_at = stage_.now();
                const auto renewed = source.renew(due, {});
                if (renewed && *renewed == jobs::Hold::lost) return false;
                if (renewed) held.renewed(lease, asked_at);
            }
            if (stage_.now() >= end) return true;
            stage_.wait(std::max<Duration>(std::min(end, held.next()) - stage_.now(), 1us));
        }
    }
    // The job that came with the end of this one.
    std::optional<jobs::LeasedJob> carry_out(FlakySource& source, const std::string& worker,
                                             const jobs::LeasedJob& leased) {
        // Not the runner's half of the time: a stop may come at any moment.
        if (stage_.random().chance(0.2)) {
            (void)source.give_back(leased.lease, {});
            return std::nullopt;
        }
        jobs::HeldLeases held(lease_length);
        held.add(leased.lease, leased.asked_at);
        if (!leased.job.children.empty()) {
            const auto ends = source.children(leased.job, {});
            if (!ends) {
                (void)source.give_back(leased.lease, {});
                return std::nullopt;
            }
            book_.sees_children(*ends);
        }
        const auto outcome = handle(source, leased, held);
        if (!outcome) return std::nullopt;
        return end(source, worker, leased.lease, *outcome, held);
    }
    std::optional<jobs::LeasedJob> end(FlakySource& source, const std::string& worker,
                                       const jobs::Lease& lease, const jobs::JobOutcome& outcome,
                                       jobs::HeldLeases& held) {
        jobs::NextClaim next;
        // A worker that stops claims nothing more.
        if (stage_.random().chance(0.7)) {
            next = {.worker = worker, .token = make_token(), .asked_at = stage_.now()};
        }
        while (true) {
            auto ended = source.end_and_claim(lease, outcome, next, {});
            if (ended) return std::move(ended->next);
            next.repeats = true;
            if (!await(source, lease, held, 20ms)) return std::nullopt;
        }
    }
    std::optional<jobs::JobOutcome> handle(FlakySource& source, const jobs::LeasedJob& leased,
                                           jobs::HeldLeases& held) {
        Random& random = stage_.random();
        const std::string& name = leased.job.name;
        const Duration work = name == "long" ? 3 * lease_length : random.magnitude(1ms, 200ms);
        if (!await(source, leased.lease, held, work)) return std::nullopt;
        if (name == "poison") throw Stage::Died{};
        if (name == "verdict") return jobs::Failed{"a verdict"};
        if (name == "shaky" && leased.attempt == 1) {
            return jobs::Failed{.cause = "not yet", .retry = true};
        }
        jobs::PaidCalls paid(source, leased.lease, {.clock = &stage_});
        const auto answer = paid.once("chat", [&]() -> Result<std::string> {
            stage_.wait(random.magnitude(1ms, 50ms));
            book_.billed(leased.job.job_id);
            // The answer is on its way, whatever becomes of the lease.
            const TimePoint answered = stage_.now() + random.magnitude(1ms, 500ms);
            if (!await(source, leased.lease, held, answered - stage_.now())) {
                stage_.wait(std::max<Duration>(answered - stage_.now(), 0ms));
            }
            return JobBook::answer_of(leased.job.job_id);
        });
        if (!answer) return jobs::Failed{.cause = answer.error().cause, .retry = true};
        book_.used(leased.job.job_id);
        if (!await(source, leased.lease, held, random.magnitude(1ms, 100ms))) return std::nullopt;
        return jobs::Completed{*answer};
    }

    const JobScenario& scenario_;
    Stage stage_;
    std::uint64_t tokens_ = 0;
    std::size_t flushes_ = 0;
    bool calm_down_ = false;
    bool done_ = false;
    std::vector<std::size_t> workers_;  // to their actors
    jobs::InProcessJobQueue queue_{
        {.record_ttl = std::chrono::seconds{scenario_.short_records ? 1 : 3600},
         .leases = leases(),
         .clock = &stage_}};
    JobBook book_{stage_, queue_, leases(), has_accidents()};
};

}  // namespace

std::span<const JobScenario> job_scenarios() { return scenarios; }

const JobScenario& job_scenario(std::string_view name) {
    for (const JobScenario& one : scenarios) {
        if (one.name == name) return one;
    }
    assert(false);
    return scenarios.front();
}

JobOutcomeOfRun simulate_jobs(const JobScenario& scenario, std::uint64_t seed) {
    return Storm(scenario, seed).run();
}

}  // namespace tutti::simulation
