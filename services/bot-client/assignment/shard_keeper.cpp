// The thread makes a step every second, and when a session has begun, and does at once what has
// changed by it. A shard stops on a
// thread of its own, so what takes long there holds up no renewal; its lease ends it, too, when
// this thread is stuck.
#include "bot-client/assignment/shard_keeper.hpp"

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>

#include "common/process/edge.hpp"
#include "common/process/logging.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_again = 20ms;  // while a shard stops
constexpr Duration leave_max = 2s;
constexpr Duration lease_min = 1s;

}  // namespace

Result<std::unique_ptr<ShardKeeper>> ShardKeeper::start(Options options, ShardRegister& shards) {
    const auto& leases = options.leases;
    if (!is_word(leases.member) || leases.count == 0 || leases.count > shard_count_max) {
        return fail(Errc::invalid_option, "lease shards",
                    "`member` must be a word, and `count` from 1 to 1024");
    }
    if (leases.lease < lease_min || options.every <= Duration::zero() ||
        options.every > leases.lease / 3) {
        return fail(Errc::invalid_option, "lease shards",
                    "`lease` must be a second or more, and `every` a third of it at most");
    }
    return process::as_result(Errc::unavailable, [&]() -> Result<std::unique_ptr<ShardKeeper>> {
        std::unique_ptr<ShardKeeper> keeper(new ShardKeeper(std::move(options), shards));
        keeper->thread_ = std::thread([raw = keeper.get()] { raw->run(); });
        return keeper;
    });
}

ShardKeeper::ShardKeeper(Options options, ShardRegister& shards)
    : options_(std::move(options)), shards_(shards), leases_(options_.leases) {}

ShardKeeper::~ShardKeeper() { stop(); }

void ShardKeeper::stop() {
    {
        const detail::Lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

bool ShardKeeper::is_stopping() const {
    const detail::Lock lock(mutex_);
    return stopping_;
}

void ShardKeeper::run() {
    while (!is_stopping()) {
        process::contain("shards", [this] { round(); });
        wait_for_next();
    }
    process::contain("shards", [this] { give_all_back(); });
    running_.clear();
    process::contain("shards", [this] { publish(); });
}

void ShardKeeper::wait_for_next() {
    const bool leaving = std::ranges::any_of(
        running_, [](const auto& running) { return running.second.asked_to_leave; });
    detail::Lock lock(mutex_);
    if (stopping_ || session_begun_) return;
    const Duration left = time_left(next_step_, Boottime::now());
    changed_.wait_for(lock.waiting(), leaving ? std::min(left, look_again) : left);
}

void ShardKeeper::round() {
    const TimePoint now = Boottime::now();
    const bool begun = take_noted_session();
    if (begun || now >= next_step_) step(now + options_.leases.lease / 3);
    follow();
    publish();
}

void ShardKeeper::note_session() {
    const detail::Lock lock(mutex_);
    session_begun_ = true;
    changed_.notify_all();
}

bool ShardKeeper::take_noted_session() {
    const detail::Lock lock(mutex_);
    return std::exchange(session_begun_, false);
}

void ShardKeeper::step(TimePoint deadline) {
    const TimePoint now = Boottime::now();
    next_step_ = now + options_.every;
    const Exchange exchange = leases_.next(sessions(now), now);
    const auto found = shards_.exchange(exchange, deadline);
    if (found) leases_.answered(*found, Boottime::now());
    if (!found && !std::exchange(failing_, true)) {
        log::warn("who has which shard is unknown", found.error().message());
    }
    if (found) failing_ = false;
    const detail::Lock lock(mutex_);
    ++figures_.steps;
    if (!found) ++figures_.steps_failed;
}

ShardLeases::Sessions ShardKeeper::sessions(TimePoint now) const {
    ShardLeases::Sessions found;
    for (const auto& [shard, running] : running_) {
        auto resumption = running.shard->resumption();
        found[shard] = resumption ? std::optional(SavedSession{.resumption = *std::move(resumption),
                                                               .at = leases_.server_time(now)})
                                  : std::nullopt;
    }
    return found;
}

// What runs becomes what is held.
void ShardKeeper::follow() {
    const TimePoint now = Boottime::now();
    follow_running(now);
    start_held(now);
}

void ShardKeeper::follow_running(TimePoint now) {
    for (auto running = running_.begin(); running != running_.end();) {
        const bool stays = goes_on(running->first, running->second, now);
        running = stays ? std::next(running) : running_.erase(running);
    }
}

bool ShardKeeper::goes_on(std::uint32_t shard, Running& running, TimePoint now) {
    const auto& all = leases_.held(now);
    const auto held = all.find(shard);
    const bool is_held = held != all.end() && held->second.number == running.tenure;
    const auto state = running.shard->state();
    if (is_held && !held->second.returning) {
        running.shard->hold_until(held->second.until);
        return state != RunningShard::State::over;
    }
    if (!std::exchange(running.asked_to_leave, true)) running.shard->leave();
    if (state == RunningShard::State::running) return true;
    if (is_held) {
        const auto all_sessions = sessions(now);
        leases_.returned(shard, all_sessions.at(shard));
        next_step_ = now;
    }
    return false;
}

void ShardKeeper::start_held(TimePoint now) {
    const auto held = leases_.held(now);
    for (const auto& [shard, tenure] : held) {
        if (running_.contains(shard)) continue;
        if (tenure.returning) {
            leases_.returned(shard, tenure.session);
            next_step_ = now;
        } else {
            start_one(shard, tenure);
        }
    }
}

void ShardKeeper::start_one(std::uint32_t shard, const ShardLeases::Tenure& tenure) {
    ShardTask task{.shard_id = shard,
                   .shard_count = leases_.count(),
                   .held_until = tenure.until,
                   .resumed = {},
                   .session_begun = [this] { note_session(); }};
    if (tenure.session) {
        const auto& resumption = tenure.session->resumption;
        if (leads_to(resumption.place.resume_gateway_url, options_.hosts)) {
            task.resumed = resumption;
        } else {
            log::warn("a session is not resumed: its address is not one of Discord's");
        }
    }
    auto started = options_.start(task);
    if (!started) return log::warn("a shard does not start", started.error().message());
    running_[shard] = {.tenure = tenure.number, .shard = *std::move(started)};
}

void ShardKeeper::give_all_back() {
    const TimePoint deadline = Boottime::now() + leave_max;
    leases_.leave();
    while (true) {
        follow();
        if (Boottime::now() >= next_step_ || running_.empty()) step(deadline);
        if (running_.empty() && leases_.has_left()) return;
        if (Boottime::now() >= deadline) break;
        pause(look_again);
    }
    log::warn("not every shard could be given back: another instance takes it when its lease ends");
}

// Of a stop.
void ShardKeeper::pause(Duration longest) {
    detail::Lock lock(mutex_);
    changed_.wait_for(lock.waiting(), longest);
}

void ShardKeeper::publish() {
    const detail::Lock lock(mutex_);
    figures_.leases = leases_.figures();
    figures_.count = leases_.count();
    figures_.running = running_.size();
    const auto numbers = std::views::keys(running_);
    shown_.assign(numbers.begin(), numbers.end());
}

ShardKeeper::Figures ShardKeeper::figures() const {
    const detail::Lock lock(mutex_);
    return figures_;
}

std::vector<std::uint32_t> ShardKeeper::running() const {
    const detail::Lock lock(mutex_);
    return shown_;
}

std::string shard_metrics_text(const ShardKeeper::Figures& figures) {
    MetricText text;
    const auto counter = MetricText::Type::counter;
    const auto gauge = MetricText::Type::gauge;
    const auto& leases = figures.leases;
    text.metric("tutti_shards", gauge, "Shards of the whole bot; left out until it is known.");
    if (figures.count > 0) text.sample({}, figures.count);
    text.metric("tutti_shards_running", gauge, "Shards that run in this instance.")
        .sample({}, figures.running);
    text.metric("tutti_shards_members", gauge, "Instances that share them, this one included.")
        .sample({}, leases.members);
    text.metric("tutti_shards_taken_total", counter, "Times that this instance took a shard.")
        .sample({}, leases.taken);
    text.metric("tutti_shards_resumed_total", counter,
                "Of these, those with a session that can be resumed.")
        .sample({}, leases.resumed);
    text.metric("tutti_shards_returned_total", counter, "Times that it gave one back.")
        .sample({}, leases.returned);
    text.metric("tutti_shards_lapsed_total", counter,
                "Times that it stopped one because the lease could not be renewed.")
        .sample({}, leases.lapsed);
    text.metric("tutti_shards_lost_total", counter,
                "Times that it found one in the hands of another instance.")
        .sample({}, leases.lost);
    text.metric("tutti_shards_steps_failed_total", counter,
                "Questions about shards that Redis has not answered.")
        .sample({}, figures.steps_failed);
    return text.text();
}

}  // namespace tutti::services::bot::assignment
