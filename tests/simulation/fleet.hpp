// The simulated world: a fleet of processes, one server, one source of truth, and one thread that
// runs them all in virtual time. Which of those that could run now runs next is the seed's
// decision.
//
// Every read goes through the checker, whoever asks for it; so does every invalidation's outcome.
// What happens, and when, is decided by whoever drives the fleet: a `Storm` at random, a scripted
// test step by step. Nothing here sleeps or looks at a real clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/checker.hpp"
#include "simulation/fleet_checks.hpp"
#include "simulation/fleet_loads.hpp"
#include "simulation/fleet_near.hpp"
#include "simulation/fleet_reservations.hpp"
#include "simulation/process.hpp"
#include "simulation/random.hpp"
#include "simulation/source.hpp"
#include "simulation/trace.hpp"
#include "tutti/testing/embedded_server.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::simulation {

inline constexpr testing::SeededFaults::Rates good_network{
    .delayed = 1, .delay_max = std::chrono::milliseconds{2}};

struct FleetOptions {
    std::uint64_t seed = 1;
    std::vector<Duration> leases{std::chrono::seconds{1}, std::chrono::seconds{1},
                                 std::chrono::seconds{1}};  // one node each
    double drift_max = 0.2;
    Duration margin = std::chrono::milliseconds{50};
    testing::SeededFaults::Rates network = good_network;  // once every node has started
    std::size_t keys = 4;                                 // of each channel
    std::size_t key_bytes = 0;                            // at least
    bool held_up = true;                                  // executors are late now and then
    bool calm = false;                                    // no error is excused
    bool warms_up = false;                                // `bulk`, at the start
    bool validated = false;  // all coherent caches ask the server during each read
    // Of the coherent caches, by the seed: they check each hit against the source.
    double checked = 0;
    bool history_survives = false;
    bool claims_survive = false;  // nobody has a reason to do without the store's claims
    double load_failures = 0;
    Duration load_deadline = std::chrono::seconds{5};
    bool untold = false;       // the source changes also without a publication
    bool cacheable = true;     // what the loaders say
    Duration refresh_every{};  // of the first key of `scheduled`; zero: never
    double life_scale = 1;     // of every time to live, and of the refreshes
    Duration settles = std::chrono::seconds{20};
    std::vector<int> clock_permilles =
        {};  // of the true time, one a node; default: the seed's choice
};

// How one load goes.
struct LoadPlan {
    Duration takes{};
    Duration reads_after{};  // the source; at most `takes`
    bool fails = false;
};

struct Counts {
    std::uint64_t reads = 0;
    std::uint64_t peeks = 0;
    std::uint64_t memory_hits = 0;  // of both
    std::uint64_t suspect_answers = 0;
    std::uint64_t store_hits = 0;
    std::uint64_t stale_answers = 0;  // last known goods
    std::uint64_t refreshes = 0;
    std::uint64_t errors = 0;
    std::uint64_t loads = 0;
    std::uint64_t writes = 0;
    std::uint64_t done = 0;
    std::uint64_t acknowledged = 0;  // of these, and not waited out
    std::uint64_t unconfirmed = 0;
    std::uint64_t reservations = 0;
    std::uint64_t evictions = 0;
    std::uint64_t checks = 0;        // of hits, that have ended
    std::uint64_t stale_checks = 0;  // of these, that found something to report
    std::uint64_t incidents = 0;
    std::uint64_t steps = 0;

    Counts& operator+=(const Counts& other);
};

using Rows = std::vector<std::size_t>;  // of one channel; empty: all of it
struct CacheRow {
    std::size_t cache;
    std::size_t row;
};
using SendInvalidation =
    std::function<void(InvalidateOptions, std::function<void(const Invalidation&)>)>;

class Fleet {
public:
    // The caches that every node declares. `limits` refuses while suspect, `profiles` serves
    // suspect answers for a while, loads on a worker and has a store, `legacy` is written by other
    // programs too. `stored` and `archive` are as `users` and `legacy`, with the store behind a
    // memory that forgets soon, last known goods and negative answers; `ledger` is in the store
    // alone. In the store `ranked` keeps the better value and `raw` bytes that others may read;
    // `scheduled` is refreshed on schedule, and as `ahead`, which also forgets
    // what is not read, by the hit that finds an entry near its end. `bulk` is loaded several keys
    // at a time, on a worker, and all of it at the start. `labels` and `labelled`, the latter with
    // a store, carry tags, and have a channel to themselves.
    enum CacheIndex : std::size_t {
        users,
        profiles,
        limits,
        legacy,
        stored,
        archive,
        ledger,
        ranked,
        raw,
        scheduled,
        ahead,
        bulk,
        labels,
        labelled,
        cache_count
    };
    enum ChannelIndex : std::size_t {
        rows_channel,
        legacy_channel,
        ledger_channel,
        labels_channel,
        channel_count
    };

    explicit Fleet(FleetOptions options);
    ~Fleet();
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    // Time. `start_all` returns when every node serves.
    void start_all();
    void run_for(Duration length);
    [[nodiscard]] TimePoint now() const noexcept { return truth_.now(); }
    void after(Duration delay, Task task) { world_.run_at(now() + delay, std::move(task)); }

    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    [[nodiscard]] Process& node(std::size_t place) { return *nodes_.at(place); }
    [[nodiscard]] testing::EmbeddedServer& server() noexcept { return server_; }
    [[nodiscard]] Random& random() noexcept { return random_; }
    [[nodiscard]] Source& source() noexcept { return source_; }
    [[nodiscard]] Checker& checker() noexcept { return checker_; }
    [[nodiscard]] const Trace& trace() const noexcept { return trace_; }
    [[nodiscard]] Counts& counts() noexcept { return counts_; }
    [[nodiscard]] std::size_t row(std::size_t channel, std::size_t key) const {
        return channel * options_.keys + key;
    }
    [[nodiscard]] static std::string_view channel_name(std::size_t channel);
    [[nodiscard]] static std::size_t channel_of(std::size_t cache);
    // What the source says of a row: `every` for all, and one that it shares with some.
    [[nodiscard]] std::vector<std::string> tags_of(std::size_t row) const;

    // What a load does unless a test says otherwise: 1 ms, and the source is read in the middle.
    std::function<LoadPlan()> plan_load;

    // Reads. A peek is a `get` that does not load: what the memory tier would answer now.
    void get(std::size_t place, std::size_t cache, std::size_t row, GetOptions how = {});
    void get_many(std::size_t place, std::size_t cache, const Rows& rows);
    std::optional<Version> peek(std::size_t place, std::size_t cache, std::size_t row);
    // What the handle's `peek` and `for_each` show.
    void look(std::size_t place, std::size_t cache, std::size_t row);
    void walk(std::size_t place, std::size_t cache);
    // Must bring at least what the source has now: a refresh, or a read that wants news.
    void refresh(std::size_t place, std::size_t cache, std::size_t row);
    void get_news(std::size_t place, std::size_t cache, std::size_t row);
    void peek_everything(std::size_t place);
    void get_everything(std::size_t place);
    // Into the store: what the source has now.
    void offer(std::size_t place, std::size_t cache, std::size_t row);

    // Writes. The source commits at once, the node invalidates after `lag`.
    void write(std::size_t place, std::size_t cache, std::size_t row, Ack ack, Duration lag = {});
    void invalidate_all(std::size_t place, std::size_t cache);
    // Commits, and `reload`: publishes and loads in one call.
    void write_and_reload(std::size_t place, std::size_t cache, std::size_t row, Ack ack);
    // Commits, and invalidates a tag that the row carries, and so every row that does.
    void write_tagged(std::size_t place, std::size_t cache, std::size_t row, Ack ack);
    // Commits both, of caches of one channel, and publishes them together.
    void write_together(std::size_t place, const CacheRow& one, const CacheRow& other, Ack ack);
    void write_foreign(std::size_t row);  // commits, and publishes as other programs do
    // Commits, and that is all: what is cached is wrong until its time to live has passed.
    void write_untold(std::size_t row);

    [[nodiscard]] FleetNear& near() noexcept { return near_; }
    [[nodiscard]] FleetReservations& reservations() noexcept { return reservations_; }

    // Accidents that end by themselves.
    enum class Direction : unsigned char { to_server, from_server, both };
    void pause(std::size_t place, Duration length);
    // Its clock stands still meanwhile. It runs on, or is paused for as long: a machine that its
    // hypervisor stops.
    enum class Meanwhile : unsigned char { runs, paused };
    void freeze(std::size_t place, Duration length, Meanwhile what);
    void cut(std::size_t place, Direction direction, Duration length);
    void half_open(std::size_t place, Duration length);
    // Another server takes the place of the primary. It has what that had when `older` was taken,
    // and is there after `away`. Bus and store of these nodes find out after so long each, all
    // others at once.
    struct LateNode {
        std::size_t place;
        Duration bus;
        Duration store;
    };
    void replace_primary(const testing::EmbeddedSnapshot& older, Duration away,
                         const std::vector<LateNode>& late);
    void disconnect(std::size_t place, Duration length);
    void crash(std::size_t place, Duration until_restart);
    void stop(std::size_t place, Duration until_restart);
    // To the server, for a while.
    [[nodiscard]] ServerMood& mood() noexcept { return mood_; }
    // One key of the store is gone: a value, what stands beside it, or a claim.
    void evict(std::size_t cache, std::size_t row);
    // To the server; the fleet only writes it down.
    void note(Event event);

    // The server's machine is set back to an older state and nobody is told. Nothing is promised
    // about what it forgets; what is published from then on counts.
    struct Memory {
        TimePoint taken;
        testing::EmbeddedSnapshot state;
    };
    [[nodiscard]] Memory remember() const { return {now(), server_.snapshot()}; }
    void set_back(const Memory& memory);
    // The server takes an acknowledgement of that node which was under way for long.
    void late_ack(std::size_t place, const BusPosition& applied);
    [[nodiscard]] BusPosition position() const { return server_.position("rows").value(); }

    // Ends every accident and fault, lets time pass, and demands that all is as if nothing had been
    // (A4).
    void settle();

    [[nodiscard]] bool kept() const { return checker_.violations().empty(); }
    // What is wrong, each with what led to it; empty: nothing.
    [[nodiscard]] std::string report() const;

private:
    friend class FleetChecks;
    friend class FleetDemands;
    friend class FleetLoads;
    friend class FleetNear;
    friend class FleetReservations;

    struct Waiting {
        Process* process;
        std::size_t row;
        TimePoint since;
        Duration deadline;  // of the process's clock
        Duration stalled;
    };
    void set_network(testing::SeededFaults::Rates network);
    void start_process(std::size_t place);
    void start_engine(Process& process);
    [[nodiscard]] ProcessPlan plan_process(std::size_t place);
    [[nodiscard]] Process::Surroundings surroundings();
    void executed(TimePoint at, std::string_view channel, const KeySet& changed);
    [[nodiscard]] Version seen_by(std::size_t row, const Lookup<Version>& answer) const;
    [[nodiscard]] std::size_t row_of(std::size_t cache, std::string_view key) const;
    [[nodiscard]] const std::string& key_of(std::size_t row) const;

    bool step(TimePoint end);
    void run(Process& process);
    void resume(Process& process);

    [[nodiscard]] Obligation obligation(Process& process, std::size_t cache, std::size_t row);
    void read(std::size_t place, std::size_t cache, std::size_t row, const Obligation& owed,
              const GetOptions& how);
    using Ask = void (*)(const SimulatedCache& cache, const std::string& key, GetOptions how,
                         Completion<Lookup<Version>> done);
    void load_anew(std::size_t place, std::size_t cache, std::size_t row, Ask ask);
    void get_at_least(std::size_t place, std::size_t cache, std::size_t row, Version least);
    void judge(Process& process, std::size_t cache, std::size_t row, const Obligation& owed,
               const Result<Lookup<Version>>& answer);
    // The same of an answer that was in memory now, if it was there.
    void judge_at_once(Process& process, std::size_t cache, std::size_t row, const Obligation& owed,
                       const Result<Lookup<Version>>& answer);
    void judge_error(Process& process, std::size_t cache, std::size_t row, const Error& error);
    // As `send` does it.
    void invalidate(Process& process, std::size_t cache, const Rows& of, Ack ack,
                    const SendInvalidation& send);
    void outcome(Process& process, std::size_t cache, const Rows& of,
                 const std::vector<Version>& versions, TimePoint called,
                 const Invalidation& outcome);
    std::uint64_t wait(Process& process, std::size_t row, Duration deadline);
    // How long it may take when all is well.
    void answered(std::uint64_t id, Duration when_calm = Duration::max());

    void seen_in_memory(Process& process, std::size_t cache, std::size_t row);
    void not_in_memory(Process& process, std::size_t cache, std::size_t row);
    void violated(std::string promise, std::string what, std::size_t row = Trace::nobody);
    void note(Event event, const Process& process, std::size_t row = Trace::nobody,
              std::uint64_t number = 0);

    const FleetOptions options_;
    const std::vector<std::string> keys_;  // of each channel
    Random random_;
    testing::ManualClock truth_;
    std::shared_ptr<EmbeddedHub> hub_;
    testing::EmbeddedServer server_;
    std::shared_ptr<EmbeddedHub> former_;
    ServerMood mood_;
    Source source_;
    Checker checker_;
    std::vector<TimePoint> disturbed_;       // by row: a claim may have ended that stood before
    std::vector<std::size_t> disturbances_;  // by row: that are under way
    FleetChecks checks_{*this};
    FleetLoads loads_{*this};
    FleetNear near_{*this};
    FleetReservations reservations_{*this};
    Trace trace_;
    Counts counts_;
    testing::ManualExecutor world_{static_cast<const Clock&>(truth_)};
    testing::SeededFaults::Rates network_now_ = good_network;
    std::vector<int> permilles_;                       // of the nodes' clocks
    std::vector<Process*> nodes_;                      // by place
    std::vector<std::unique_ptr<Process>> processes_;  // all that ever were
    std::vector<Process*> runnable_;
    std::map<std::uint64_t, Waiting> waiting_;
    std::uint64_t last_wait_ = 0;
};

[[nodiscard]] inline bool has_memory(std::size_t cache) { return cache != Fleet::ledger; }

}  // namespace tutti::simulation
