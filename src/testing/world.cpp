// Each node has its real threads, and between them and the node stand an executor and workers that
// count what has not ended, and keep the timers. A timer is one entry in the world's list; its turn
// is a task of its node's executor, which takes the entry out, so that a timer may still be
// cancelled while that task waits.
//
// Nodes own the world's state, by their executors. The state knows them only by their faults.
#include "tutti/testing/world.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/workers.hpp"
#include "embedded/bus.hpp"
#include "embedded/store.hpp"
#include "node/engine.hpp"
#include "node/life.hpp"
#include "node/parts.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"
#include "tutti/executor.hpp"
#include "tutti/node.hpp"
#include "tutti/testing/faults.hpp"
#include "tutti/testing/faulty_bus.hpp"
#include "tutti/testing/faulty_store.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::testing {
namespace {

constexpr std::chrono::seconds settle_timeout{30};
// Of real time: what a stop waits for may be ended by a timer of the world only.
constexpr std::chrono::seconds stop_deadline_max{1};

// What has not ended, by the node's name.
class Unended {
public:
    void begin(const std::string& node) {
        const detail::Lock lock(mutex_);
        ++counts_[node];
    }
    void end(const std::string& node) {
        const detail::Lock lock(mutex_);
        if (--counts_[node] > 0) return;
        counts_.erase(node);
        if (counts_.empty()) none_.notify_all();
    }
    void await_none() {
        detail::Lock lock(mutex_);
        const auto none = [this]() TUTTI_REQUIRES(mutex_) { return counts_.empty(); };
        if (none_.wait_for(lock.waiting(), settle_timeout, none)) return;
        throw std::runtime_error("a task or a loader of node \"" + counts_.begin()->first +
                                 "\" has not ended within 30 s; does a loader wait for the test?");
    }

private:
    detail::Mutex mutex_;
    std::condition_variable none_;
    std::map<std::string, std::size_t> counts_ TUTTI_GUARDED_BY(mutex_);
};

// From when a task is taken until it has run, or was destroyed without.
class Counted {
public:
    Counted(std::shared_ptr<Unended> unended, std::string node, Task task)
        : unended_(std::move(unended)), node_(std::move(node)), task_(std::move(task)) {
        unended_->begin(node_);
    }
    Counted(Counted&&) noexcept = default;
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
        if (!unended_) return;
        task_ = nullptr;  // what it owns goes first
        unended_->end(node_);
    }

    void operator()() { task_(); }

private:
    std::shared_ptr<Unended> unended_;
    std::string node_;
    Task task_;
};

class CountingExecutor;

// Of all nodes, in one list.
class Timers {
public:
    using Id = Executor::TimerId;
    struct Due {
        std::shared_ptr<CountingExecutor> executor;
        Id id;
    };

    // Drops the task when the node has ended.
    Id add(TimePoint when, const std::shared_ptr<CountingExecutor>& executor, Task task);
    // Nothing: it was cancelled, or has run.
    Task take(Id id);
    // Those of the first moment until then at which there are any, in order; `until` without.
    std::pair<TimePoint, std::vector<Due>> next(TimePoint until);
    // Names: the executor of a later node may be where that of an ended one was.
    void end(const std::string& node);

private:
    struct Timer {
        TimePoint when;
        std::weak_ptr<CountingExecutor> executor;
        Task task;
        bool begun = false;  // its turn waits on the executor
    };

    detail::Mutex mutex_;
    std::map<Id, Timer> timers_ TUTTI_GUARDED_BY(mutex_);
    std::set<std::string> ended_ TUTTI_GUARDED_BY(mutex_);
    std::uint64_t last_id_ TUTTI_GUARDED_BY(mutex_) = 0;
};

}  // namespace

class World::State {
public:
    explicit State(std::uint64_t seed)
        : hub(EmbeddedHub::create({.seed = seed, .clock = clock})), random_(seed) {}

    ManualClock clock;
    const std::shared_ptr<EmbeddedHub> hub;
    const std::shared_ptr<Unended> unended = std::make_shared<Unended>();
    const std::shared_ptr<Timers> timers = std::make_shared<Timers>();

    struct Line;  // between a node and the hub

    [[nodiscard]] std::uint64_t random() {
        const detail::Lock lock(mutex_);
        return random_();
    }
    // Null: another node has that name.
    [[nodiscard]] std::shared_ptr<Line> new_line(const std::string& node);
    [[nodiscard]] std::shared_ptr<Line> line(std::string_view node);

private:
    detail::Mutex mutex_;
    std::mt19937_64 random_ TUTTI_GUARDED_BY(mutex_);
    std::map<std::string, std::shared_ptr<Line>, std::less<>> lines_ TUTTI_GUARDED_BY(mutex_);
};

struct World::State::Line {
    ScriptedFaults faults;
    Link link{faults};
    std::weak_ptr<FaultyBus> bus;
};

std::shared_ptr<World::State::Line> World::State::new_line(const std::string& node) {
    const detail::Lock lock(mutex_);
    const auto [line, is_new] = lines_.try_emplace(node);
    if (!is_new) return nullptr;
    line->second = std::make_shared<Line>();
    return line->second;
}

std::shared_ptr<World::State::Line> World::State::line(std::string_view node) {
    const detail::Lock lock(mutex_);
    const auto line = lines_.find(node);
    if (line != lines_.end()) return line->second;
    throw std::invalid_argument("this world has no node \"" + std::string(node) + '"');
}

namespace {

// Runs tasks on the node's own thread, and none of its timers by itself.
class CountingExecutor final : public Executor,
                               public std::enable_shared_from_this<CountingExecutor> {
public:
    using State = World::State;

    CountingExecutor(std::string node, std::shared_ptr<NodeThreads> threads,
                     std::shared_ptr<State> state)
        : node_(std::move(node)), threads_(std::move(threads)), state_(std::move(state)) {}

    [[nodiscard]] const std::string& node() const noexcept { return node_; }
    // What is set when the node's thread has ended would never run, and may own this executor.
    void end_with_thread() {
        struct End {
            std::shared_ptr<Timers> timers;
            std::string node;
            ~End() {
                if (timers) timers->end(node);
            }
            End(std::shared_ptr<Timers> of, std::string by)
                : timers(std::move(of)), node(std::move(by)) {}
            End(End&&) noexcept = default;
            End& operator=(End&&) = delete;
        };
        inner().run_at(TimePoint::max(), [end = End(state_->timers, node_)] {});
    }

    void post(Task task) override {
        inner().post(Counted(state_->unended, node_, std::move(task)));
    }
    TimerId run_at(TimePoint when, Task task) override {
        const TimerId id = state_->timers->add(when, shared_from_this(), std::move(task));
        if (when <= state_->clock.now()) take_turn(id);
        return id;
    }
    bool cancel(TimerId id) override { return static_cast<bool>(state_->timers->take(id)); }

    void take_turn(TimerId id) {
        post([timers = state_->timers, id] {
            if (auto task = timers->take(id)) task();
        });
    }

private:
    [[nodiscard]] Executor& inner() const { return threads_->runtime().executor(); }

    const std::string node_;
    const std::shared_ptr<NodeThreads> threads_;
    const std::shared_ptr<State> state_;
};

Timers::Id Timers::add(TimePoint when, const std::shared_ptr<CountingExecutor>& executor,
                       Task task) {
    const detail::Lock lock(mutex_);
    const Id id{++last_id_};
    if (!ended_.contains(executor->node()))
        timers_.emplace(id, Timer{when, executor, std::move(task)});
    return id;
}

Task Timers::take(Id id) {
    const detail::Lock lock(mutex_);
    auto timer = timers_.extract(id);
    return timer ? std::move(timer.mapped().task) : Task();
}

std::pair<TimePoint, std::vector<Timers::Due>> Timers::next(TimePoint until) {
    const detail::Lock lock(mutex_);
    TimePoint when = until;
    for (const auto& [id, timer] : timers_)
        if (!timer.begun) when = std::min(when, timer.when);
    std::vector<Due> due;
    for (auto& [id, timer] : timers_) {
        if (timer.begun || timer.when > when) continue;
        timer.begun = true;
        if (auto executor = timer.executor.lock()) due.push_back({std::move(executor), id});
    }
    return {when, std::move(due)};
}

void Timers::end(const std::string& node) {
    std::vector<Task> dropped;  // and destroyed behind the lock: what they own may cancel timers
    const detail::Lock lock(mutex_);
    ended_.insert(node);
    for (auto timer = timers_.begin(); timer != timers_.end();) {
        const auto owner = timer->second.executor.lock();
        const bool gone = !owner || owner->node() == node;
        if (gone) dropped.push_back(std::move(timer->second.task));
        timer = gone ? timers_.erase(timer) : std::next(timer);
    }
}

class CountingWorkers final : public Workers {
public:
    CountingWorkers(std::string node, std::shared_ptr<NodeThreads> threads,
                    std::shared_ptr<Unended> unended)
        : node_(std::move(node)), threads_(std::move(threads)), unended_(std::move(unended)) {}

    Lane open_lane(std::string name, std::size_t running_max) override {
        return threads_->workers().open_lane(std::move(name), running_max);
    }
    bool try_post(Lane lane, Task task) override {
        return threads_->workers().try_post(lane, Counted(unended_, node_, std::move(task)));
    }

private:
    const std::string node_;
    const std::shared_ptr<NodeThreads> threads_;
    const std::shared_ptr<Unended> unended_;
};

// Store and bus of a node, and what they work with; the last member goes first.
struct Wiring {
    std::shared_ptr<World::State> state;
    std::shared_ptr<World::State::Line> line;
    std::shared_ptr<CountingExecutor> executor;
    embedded::EmbeddedStore store{state->hub, *executor, state->clock};
    embedded::EmbeddedBus bus{state->hub, *executor, state->clock};
    FaultyStore faulty_store{store, *executor, state->clock, line->link};
    FaultyBus faulty_bus{bus, *executor, state->clock, line->link};
};

EngineParts parts_of(const std::shared_ptr<World::State>& state,
                     const std::shared_ptr<World::State::Line>& line, const std::string& node,
                     const std::shared_ptr<NodeThreads>& threads) {
    auto executor = std::make_shared<CountingExecutor>(node, threads, state);
    executor->end_with_thread();
    const auto wiring = std::make_shared<Wiring>(state, line, executor);
    line->bus = std::shared_ptr<FaultyBus>(wiring, &wiring->faulty_bus);
    return {.store = {wiring, &wiring->faulty_store},
            .bus = {wiring, &wiring->faulty_bus},
            .executor = std::move(executor),
            .workers = std::make_shared<CountingWorkers>(node, threads, state->unended),
            .clock = &state->clock,
            .member = node,
            .where = "the hub of this world",
            .random = [state] { return state->random(); }};
}

}  // namespace

World::World(std::uint64_t seed) : state_(std::make_shared<State>(seed)) {}
World::~World() = default;

Result<std::unique_ptr<Node>> World::node(NodeOptions options) {
    options.stop_deadline = std::min<Duration>(options.stop_deadline, stop_deadline_max);
    if (auto checked = check(options); !checked) return fail(std::move(checked).error());
    if (!options.redis.empty() || options.embedded)
        return fail(Errc::invalid_option, "World::node",
                    "redis and embedded: the nodes of a world are on its own hub");
    const auto line = state_->new_line(options.name);
    if (!line)
        return fail(Errc::invalid_option, "World::node",
                    "name: another node of this world has had it");
    auto threads = std::make_shared<NodeThreads>(options);
    auto engine = std::make_shared<Engine>(options, parts_of(state_, line, options.name, threads));
    return std::make_shared<NodeLife>(options, std::move(threads), std::move(engine))->node();
}

void World::settle() { state_->unended->await_none(); }

void World::advance(Duration by) {
    const TimePoint until = saturating_add(state_->clock.now(), by);
    while (true) {
        settle();
        const auto [when, due] = state_->timers->next(until);
        state_->clock.advance(std::max(when - state_->clock.now(), Duration::zero()));
        if (due.empty()) return;
        for (const auto& [executor, id] : due) executor->take_turn(id);
    }
}

const Clock& World::clock() const noexcept { return state_->clock; }
EmbeddedHub& World::hub() noexcept { return *state_->hub; }
ScriptedFaults& World::faults(std::string_view node) { return state_->line(node)->faults; }

void World::cut_off(std::string_view node) {
    const auto line = state_->line(node);
    line->link.cut(Link::Direction::to_server);
    line->link.cut(Link::Direction::from_server);
    if (const auto bus = line->bus.lock()) bus->go_half_open();
}

void World::reconnect(std::string_view node) {
    const auto line = state_->line(node);
    line->link.heal();
    if (const auto bus = line->bus.lock()) bus->reconnect();
}

}  // namespace tutti::testing
