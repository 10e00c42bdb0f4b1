// One process of the simulated fleet: a whole engine on its own clock, executor and network link.
// It can stand still while its clock goes on, and it can end without a word; it is then kept, and
// never runs again.
//
// Memory: everything lives as long as the fleet, so nothing here guards against being called late.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/workers.hpp"
#include "embedded/bus.hpp"
#include "embedded/store.hpp"
#include "node/engine.hpp"
#include "simulation/buses.hpp"
#include "simulation/drifting_clock.hpp"
#include "simulation/random.hpp"
#include "simulation/replicated_server.hpp"
#include "simulation/source.hpp"
#include "tutti/cache.hpp"
#include "tutti/inventory.hpp"
#include "tutti/near.hpp"
#include "tutti/reservation.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/faults.hpp"
#include "tutti/testing/faulty_bus.hpp"
#include "tutti/testing/faulty_store.hpp"

namespace tutti::simulation {

// Longer than the longest lease on the slowest clock.
inline constexpr Duration check_within = std::chrono::seconds{3};

// `Shared` has the same functions.
using SimulatedCache = Coherent<std::string, Version>;

struct CachePlan {
    std::string name;
    std::size_t channel;
    OnSuspect on_suspect = OnSuspect::bypass();
    bool blocking_loader = false;
    bool foreign_publishers = false;
    // Coherent: memory and bus, and the store when there is a TTL for it. Shared: the store alone.
    Pattern pattern = Pattern::coherent;
    Ttl memory_ttl = Ttl::never();
    std::optional<Ttl> store_ttl = std::nullopt;
    Duration stale_for{};                            // while loads fail
    std::optional<Ttl> negative_ttl = std::nullopt;  // of what the source says so of
    bool ranked = false;  // in the store: a newer version is a better one
    std::string raw_prefix = {};
    Duration refresh_every{};  // of the first key
    double refresh_on_hit = 0;
    std::optional<Ttl> idle_ttl = std::nullopt;
    bool tagged = false;
    bool bulk = false;       // a loader of several keys, which blocks
    bool warms_up = false;   // all of them at the start
    bool checked = false;    // each hit is a spot check, which ends `check_within` behind its load
    bool validated = false;  // memory counts when the server was asked during the read

    // What was loaded longer ago, in true time, is served no more unless it is marked.
    // Duration::max(): nothing ends it.
    [[nodiscard]] Duration life_max(double drift_max) const;
};

using LoadedRows = std::vector<std::pair<std::string, Loaded<Version>>>;

struct ProcessPlan {
    std::size_t place;   // which node of the fleet it is
    std::string member;  // unique in the fleet and in time
    Duration lease;
    Duration margin;
    double drift_max;
    Duration load_deadline;
    int clock_permille;
    TimePoint clock_start;
    std::uint64_t fault_seed;
    testing::SeededFaults::Rates network;
    std::vector<std::string> channels;
    std::vector<CachePlan> caches;
    std::size_t rows;
    std::vector<std::string> keys;  // of each channel
};

class Process {
public:
    struct Surroundings {
        testing::ManualExecutor& world;  // runs on true time and never pauses
        const Clock& truth;
        std::shared_ptr<EmbeddedHub> hub;
        std::shared_ptr<EmbeddedHub> former;  // the primary that `hub` has replaced
        const ServerMood& mood;
        WatchedBus::Executed executed;
        // Asks the source on behalf of a loader; answers on the world's executor.
        std::function<void(Process&, std::size_t cache, const std::string& key,
                           std::function<void(Result<Loaded<Version>>)> done)>
            load;
        // The same within the call, on a worker, and of several keys.
        std::function<Result<LoadedRows>(Process&, std::size_t cache,
                                         std::span<const std::string> keys)>
            load_now;
        std::function<Duration()> worker_delay;
    };

    Process(ProcessPlan plan, Surroundings around);

    [[nodiscard]] const ProcessPlan& plan() const noexcept { return plan_; }
    [[nodiscard]] Engine& engine() noexcept { return *engine_; }
    [[nodiscard]] const SimulatedCache& cache(std::size_t index) const {
        return handles_.at(index);
    }
    static constexpr Duration reservation_window = std::chrono::seconds{2};
    [[nodiscard]] detail::ReservationCore& reservation() const { return *reservation_; }
    // Answers from a document that other programs keep in the store.
    static constexpr Duration near_ttl = std::chrono::milliseconds{700};
    static constexpr std::string_view document_key = "catalogue";
    [[nodiscard]] const Near<std::string, Version>& near() const { return *near_; }
    [[nodiscard]] detail::Cache& raw_cache(std::size_t index) const { return *raw_.at(index); }
    [[nodiscard]] CacheCounters counters(std::size_t index) const;
    LeftBehind left_behind;  // at the former primary
    [[nodiscard]] testing::FaultyBus& bus() noexcept { return network_; }
    [[nodiscard]] testing::Link& link() noexcept { return link_; }
    [[nodiscard]] testing::SeededFaults& faults() noexcept { return faults_; }
    [[nodiscard]] testing::ManualExecutor& executor() noexcept { return executor_; }
    [[nodiscard]] TimePoint local_now() const noexcept { return clock_.now(); }

    // In true time: no renewal is in force that was sent longer ago than this.
    [[nodiscard]] Duration stretched(Duration local) const {
        return std::chrono::ceil<Duration>(std::chrono::duration<double, std::nano>(
            static_cast<double>(local.count()) * (1 + plan_.drift_max)));
    }

    // Life. Only a serving process is given reads and writes.
    enum class Life : unsigned char { starting, serving, stopping, ended };
    Life life = Life::starting;
    TimePoint serving_since = TimePoint::max();
    [[nodiscard]] bool serving() const { return life == Life::serving && !paused_; }
    [[nodiscard]] bool ended() const { return life == Life::ended; }

    // Pausing. What arrives for a thread of the process meanwhile waits.
    [[nodiscard]] bool paused() const noexcept { return paused_; }
    void pause(Duration length);
    // Its clock does not go on, whether it runs or is paused, too.
    void freeze(Duration length);
    void resume();
    void deliver(Task task);

    // The executor's thread is held up, the process is not.
    void hold_up(Duration length);
    // From which true time on it has something to run. TimePoint::max(): nothing.
    [[nodiscard]] TimePoint runs_at() const noexcept;
    // For how long it was held up or paused in all, as far as is known now.
    [[nodiscard]] Duration stalled() const {
        return stalled_ - std::max(thaws_ - around_.truth.now(), Duration::zero());
    }

    // When that was read from the source at the earliest which this cache may serve as fresh.
    [[nodiscard]] TimePoint oldest_fresh(std::size_t cache) const;

    // What readers of this process's cache may rely on because it invalidated itself.
    Version& own(std::size_t cache, std::size_t row) { return own_[cache][row]; }
    struct Promise {
        std::size_t row;
        TimePoint called;
    };
    std::vector<Promise> invalidated;  // by this process, to be published sooner or later
    std::vector<std::vector<std::deque<TimePoint>>> loading;  // by cache and row: when they began
    // By cache and row: when it was last answered from memory, fresh. Nothing: it may be gone.
    std::vector<std::vector<std::optional<TimePoint>>> in_memory;
    // By cache: how its checks have ended, as far as that was judged.
    std::vector<CacheCounters> judged;

private:
    class SimulatedWorkers final : public Workers {
    public:
        explicit SimulatedWorkers(Process& process) : process_(process) {}
        Lane open_lane(std::string, std::size_t) override { return {}; }
        bool try_post(Lane lane, Task task) override;

    private:
        Process& process_;
    };

    [[nodiscard]] NodeOptions options() const;
    void declare(std::size_t index);
    void declare_loader(std::size_t index, CacheOptions<std::string, Version>& options);
    void declare_near();
    void stands_still_until(TimePoint when) { stood_still_ = std::max(stood_still_, when); }

    const ProcessPlan plan_;
    const Surroundings around_;
    DriftingClock clock_;
    testing::SeededFaults faults_;
    MoodyServer moody_;
    testing::Link link_;
    embedded::EmbeddedBus primary_;
    embedded::EmbeddedBus former_;
    StoreFence fence_;
    ReplicatedBus server_;
    WatchedBus watched_;
    testing::FaultyBus network_;
    embedded::EmbeddedStore primary_store_;
    embedded::EmbeddedStore former_store_;
    ReplicatedStore stored_;
    testing::FaultyStore store_network_;
    std::mt19937_64 tokens_;
    SimulatedWorkers workers_;
    testing::ManualExecutor executor_;
    std::shared_ptr<Engine> engine_;
    std::vector<SimulatedCache> handles_;
    std::vector<std::shared_ptr<detail::Cache>> raw_;
    std::shared_ptr<detail::ReservationCore> reservation_;
    std::optional<Near<std::string, Version>> near_;
    std::vector<std::vector<Version>> own_;

    bool paused_ = false;
    std::deque<Task> waiting_;
    TimePoint held_up_until_;
    TimePoint thaws_;        // its clock goes on
    TimePoint stood_still_;  // last, paused or with its clock
    Duration stalled_{};
};

}  // namespace tutti::simulation
