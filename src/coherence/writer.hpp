// One node's writing side of one channel: publishes invalidations, waits them out, and keeps trying
// those that the bus did not take.
//
// W1, the wait-out: `lease x (1 + drift) + margin` after PUB was answered every instance has applied
// the publication or serves nothing from memory. A renewal that the server processed before PUB has
// expired by then, and it told its lease to the server before, so that PUB's reply knows the longest; a
// renewal processed after PUB is effective only once the publication is applied.
//
// A publication that failed may or may not be in the log. It stays pending and is published again, as a
// new one, until the bus takes it: an instance that comes back from an outage by a gapless replay
// would otherwise serve the old value again.
//
// Thread-safety: `publish` and `pending` from any thread; everything else runs on the node's executor.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/store_gate.hpp"
#include "tutti/bus.hpp"
#include "tutti/executor.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/options.hpp"

namespace tutti {

class Writer : public std::enable_shared_from_this<Writer> {
public:
    using Done = std::move_only_function<void(Invalidation)>;

    struct Options {
        std::string channel;
        std::vector<PlainEvent> shapes;  // how foreign programs are told
        Duration lease{};                // this node's own: the least that is waited out
        double clock_drift_max = 0;
        Duration margin{};
        Duration command_deadline{};
        // Closed while something is unpublished; null: nobody needs to know.
        std::shared_ptr<StoreGate> gate = nullptr;
        // Outcome of Ack::every_instance when the publication reaches no memory but this node's; empty:
        // it reaches all.
        std::string acknowledges_nothing = {};
    };

    Writer(Options options, Bus& bus, Executor& executor, const Clock& clock, Log log);

    // In which of the shapes foreign programs are told: of the cache that was invalidated, or in all,
    // when that has none of its own and shares the channel with caches that do.
    using Shape = std::optional<std::size_t>;  // a position in Options::shapes

    // `done` runs once, on the executor; at once on this thread after `close`.
    void publish(KeySet changed, Shape shape, InvalidateOptions options, Done done);

    // Tries what is pending now: the bus has just become reachable.
    void retry_now();

    // Answers everybody who waits with `unconfirmed`. Returns how many keys stay unpublished.
    std::size_t close();

    // Keys that the bus has not taken yet; Bus::keys_max + 1 or more stand for "all".
    [[nodiscard]] std::size_t pending() const noexcept { return pending_count_.load(); }

private:
    struct Publication;
    using PublicationPointer = std::shared_ptr<Publication>;

    // What is published in one shape.
    struct Change {
        KeySet keys;
        Shape shape;
    };

    void send(const PublicationPointer& publication, std::vector<Change> changes,
              Duration deadline);
    void part_answered(const PublicationPointer& publication, const Change& part,
                       Result<Published> answer);
    void all_answered(const PublicationPointer& publication);
    void may_be_lost(const PublicationPointer& publication);
    void wait_out(const PublicationPointer& publication);
    void stop_waiting(const PublicationPointer& publication);
    void conclude(const PublicationPointer& publication, Invalidation outcome);
    void keep_pending(const Change& change);
    [[nodiscard]] std::vector<Change> take_pending();
    void count_pending();
    void schedule_retry();
    [[nodiscard]] std::vector<std::string> plain_events(const Change& part) const;

    const Options options_;
    Bus& bus_;
    Executor& executor_;
    const Clock& clock_;
    const Log log_;

    // Held while a publication is handed to the bus, so that none is after `close`: its answer would
    // come to an executor that has stopped.
    std::mutex gate_;
    bool closed_ = false;                         // guarded by gate_, written on the executor
    std::atomic<std::size_t> pending_count_ = 0;  // for readers on other threads

    std::map<Executor::TimerId, PublicationPointer> waiting_;  // by the timer that says `done`
    std::set<std::pair<Shape, std::string>> pending_keys_;
    bool pending_all_ = false;
    bool retrying_ = false;
    std::size_t retried_ = 0;  // keys of the retry that is under way
    Duration retry_after_;
    Executor::TimerId retry_timer_ = Executor::TimerId::none;
};

// W1 for the longest lease that any instance holds.
[[nodiscard]] Duration wait_out_of(Duration lease, double clock_drift_max,
                                   Duration margin) noexcept;

// Parts that the bus takes, in order. Keys that are too long on their own become "all".
[[nodiscard]] std::vector<KeySet> split(KeySet changed);

}  // namespace tutti
