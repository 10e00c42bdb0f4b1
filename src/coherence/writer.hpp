// One node's writing side of one channel: publishes invalidations, waits them out, and keeps trying
// those that the bus did not take.
//
// W1, the wait-out: `lease x (1 + drift) + margin` after PUB was answered every instance has
// applied the publication or serves nothing from memory. A renewal that the server processed before
// PUB has expired by then, and it told its lease to the server before, so that PUB's reply knows
// the longest; a renewal processed after PUB is effective only once the publication is applied.
//
// Acknowledgements end that wait early (W2): what every member of the channel has acknowledged, no
// instance serves the old value of. That counts when the epoch has been known for one wait-out,
// because instances with a lease of an earlier one need not be among its members (W3). Members that
// were still silent after a wait-out are forgotten, so that the next publication need not wait for
// them (W4).
//
// A publication that failed may or may not be in the log. It stays in the backlog and is published
// again, as a new one, until the bus takes it: an instance that comes back from an outage by a
// gapless replay would otherwise serve the old value again.
//
// Life: shapes are added -> `connect` -> `close`. Only what is connected publishes.
//
// Thread-safety: `publish`, `is_connected`, `pending` and `status` from any thread; everything else
// runs on the node's executor, what comes before `connect` on any one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/publisher.hpp"
#include "base/store_gate.hpp"
#include "coherence/ack_waits.hpp"
#include "coherence/backlog.hpp"
#include "coherence/longest_lease.hpp"
#include "coherence/publication.hpp"
#include "tutti/bus.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/executor.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/options.hpp"

namespace tutti {

// How the instances of a channel keep time with each other.
struct Timing {
    Duration lease{};  // this node's own: the least that is waited out
    double clock_drift_max = 0;
    Duration wait_out_margin{};
    Duration command_deadline{};
};

class Writer final : public Publisher, public std::enable_shared_from_this<Writer> {
public:
    using Caches = std::vector<std::shared_ptr<CacheSink>>;
    using Change = publication::Change;

    struct Options {
        std::string channel;
        Timing timing;
        // See Backlog.
        std::shared_ptr<StoreGate> gate = nullptr;
        // Outcome of Ack::every_instance when the publication reaches no memory but this node's;
        // empty: it reaches all.
        std::string acknowledges_nothing = {};
    };

    Writer(Options options, Bus& bus, Executor& executor, const Clock& clock, Log log);

    // How foreign programs are told. Returns its number; that of an equal one if there is one.
    std::size_t add_shape(const PlainEvent& shape);
    [[nodiscard]] std::shared_ptr<const StoreGate> gate() const noexcept { return options_.gate; }
    [[nodiscard]] const std::vector<PlainEvent>& shapes() const noexcept { return shapes_; }
    // What the bus has taken, with its position, on the executor: before the outcome is told.
    using Taken = std::function<void(const BusPosition& position, const KeySet& changed)>;
    void connect(Taken taken = nullptr);
    [[nodiscard]] bool is_connected() const noexcept { return phase_.load() != Phase::declared; }

    // Requires: connected; and for each of `caches` what Publisher::publish requires for `origin`.
    void publish(Change change, Caches caches, InvalidateOptions options, Done done);
    // For a cache that has no channel to share.
    void publish(std::shared_ptr<CacheSink> origin, KeySet changed, InvalidateOptions options,
                 Done done) override;
    [[nodiscard]] bool takes_at_once(const KeySet& changed) const override {
        return takes_at_once(Change{.keys = changed, .shape = std::nullopt});
    }
    [[nodiscard]] bool takes_at_once(Change change) const;
    [[nodiscard]] std::string_view channel() const noexcept override { return options_.channel; }

    // What the server says about its members' leases, by another way than PUB.
    void heard(const Renewed& renewed);

    // What the server says about acknowledgements.
    void all_acked(Epoch epoch, Sequence sequence) { ack_waits_->all_acked(epoch, sequence); }

    // Tries what is pending now: the bus has just become reachable.
    void retry_now();

    // Answers what still waits with `unconfirmed`. Returns how many keys stay unpublished.
    std::size_t close();

    // Keys that the bus has not taken yet; more than Backlog::keys_max stand for "all".
    [[nodiscard]] std::size_t pending() const noexcept { return backlog_.size(); }

    // So long what is pending may stay as it is; then that is no longer a moment's trouble.
    static constexpr Duration stuck_after = std::chrono::seconds{10};

    struct Status {
        Duration standing{};  // since what is pending last became less; zero: nothing is
        std::string stuck;    // the reason, once `standing` has reached `stuck_after`
        std::uint64_t unsent_events = 0;  // plain events that were too large, or refused
        Duration longest_lease{};         // that is waited out now
    };
    [[nodiscard]] Status status() const;

private:
    struct Publication;
    using PublicationPointer = std::shared_ptr<Publication>;
    using Answered = std::function<void(const Change& part, const Result<Published>& answer)>;

    [[nodiscard]] std::vector<publication::Part> split(Change change);
    // Each part is answered once, on the executor.
    void send(std::vector<publication::Part> parts, Ack ack, TimePoint until,
              const Answered& answered);
    void note(const KeySet& changed, const Result<Published>& answer);
    void heard(Epoch epoch, Duration lease);
    void part_answered(const PublicationPointer& publication, const Change& part,
                       const Result<Published>& answer);
    void all_answered(const PublicationPointer& publication);
    [[nodiscard]] Duration wait_out_of_longest(Duration lease) const;
    [[nodiscard]] TimePoint grace_ends() const;
    void await_members(const PublicationPointer& publication);
    void conclude_at(const PublicationPointer& publication, TimePoint when,
                     void (Writer::*how)(const PublicationPointer&));
    void end_wait(const PublicationPointer& publication);
    void acked(const PublicationPointer& publication, TimePoint counts_from);
    void acknowledged(const PublicationPointer& publication);
    void waited_out(const PublicationPointer& publication);
    void deadline_passed(const PublicationPointer& publication);
    void done(const PublicationPointer& publication, Invalidation::By by);
    void unconfirmed(const PublicationPointer& publication, std::string reason);
    void conclude(const PublicationPointer& publication, Invalidation outcome);
    void schedule_retry();
    void retry(Change change);
    void retry_answered(const Change& part, const Result<Published>& answer);
    void round_over();
    [[nodiscard]] bool is_closed() const noexcept { return phase_.load() == Phase::closed; }
    void events_unsent(std::size_t count, std::string_view why);

    const Options options_;
    Bus& bus_;
    Executor& executor_;
    const Clock& clock_;
    const Log log_;

    enum class Phase : std::uint8_t { declared, connected, closed };

    // Held while a publication is handed to the bus, so that none is after `close`: its answer
    // would come to an executor that has stopped.
    detail::Mutex phase_mutex_;
    // Written under phase_mutex_; `connect` pairs with `is_connected`, which comes before `shapes_`
    // and `taken_` are read.
    std::atomic<Phase> phase_ = Phase::declared;
    std::vector<PlainEvent> shapes_;  // complete at `connect`; each once
    Taken taken_;                     // set at `connect`; null when nothing wants to know

    mutable detail::Mutex status_mutex_;
    std::string failure_ TUTTI_GUARDED_BY(status_mutex_);  // of the last publication that failed
    Duration heard_lease_ TUTTI_GUARDED_BY(status_mutex_){};
    std::uint64_t unsent_events_ TUTTI_GUARDED_BY(status_mutex_) = 0;

    std::map<Executor::TimerId, PublicationPointer> waiting_;  // by the timer that ends the wait
    const std::shared_ptr<AckWaits> ack_waits_;
    LongestLease longest_lease_;
    Backlog backlog_;
    Backoff retry_pauses_;
    Executor::TimerId retry_timer_ = Executor::TimerId::none;
};

// W1 for the longest lease that any instance holds.
[[nodiscard]] Duration wait_out_of(Duration lease, double clock_drift_max,
                                   Duration margin) noexcept;

}  // namespace tutti
