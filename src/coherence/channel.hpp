// One channel of one node: carries the subscriber's and the writer's decisions out over a Bus, and
// a bus's news to the caches.
//
// Life: caches `join` as they are declared -> `connect`, when all are known -> `leave`. It belongs
// to the node; its caches, which users may hold for longer, only know where it is.
//
// Thread-safety: `publish`, `is_connected` and `status` from any thread; everything else on the
// node's executor, what comes before `connect` on any one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cache_sink.hpp"
#include "base/lease.hpp"
#include "base/log.hpp"
#include "base/publisher.hpp"
#include "base/store_gate.hpp"
#include "base/validator.hpp"
#include "coherence/due_ack.hpp"
#include "coherence/foreign_drops.hpp"
#include "coherence/subscriber.hpp"
#include "coherence/validations.hpp"
#include "coherence/writer.hpp"
#include "tutti/bus.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/executor.hpp"
#include "tutti/options.hpp"

namespace tutti {

// A channel as others see it.
struct ChannelStatus {
    std::string channel;
    bool hears = true;          // else it only publishes, and has none of what follows from a lease
    bool effective = false;     // the lease: caches serve from memory
    Duration freshness_age{};   // since the request of the renewal in force; meaningless before one
    Epoch epoch = Epoch::none;  // of what is applied
    Sequence applied = 0;
    Sequence lag = 0;             // known to exist and not yet applied
    std::size_t unpublished = 0;  // invalidations that the bus has not taken yet
    Writer::Status writer;
    std::uint64_t rejoins = 0;         // times that everything was dropped
    std::uint64_t dropped_events = 0;  // plain events of a wrong shape, or too large
    TimePoint applied_at;              // when the last invalidation was applied
    std::string failure;               // why it is not effective; empty: it is
};

class Channel final : public Publisher,
                      public Validator,
                      public std::enable_shared_from_this<Channel>,
                      private Subscriber::Effects {
public:
    struct Options {
        std::string name;
        std::string member;  // unique in the fleet and in time
        Timing timing;
        std::function<void()> changed;  // the status may have; on the executor
    };
    // A cache that this channel invalidates.
    struct Member {
        std::shared_ptr<CacheSink> cache;
        std::optional<PlainEvent> plain;  // how foreign programs are told of its keys, and tell
        bool foreign_publishers = false;
        std::shared_ptr<Store> store = nullptr;  // null: it uses none
        bool hears = true;                       // false: it keeps nothing, and only publishes
    };

    Channel(Options options, Bus& bus, Executor& executor, const Clock& clock, const Log& log);

    // What the caches of the channel share.
    [[nodiscard]] std::shared_ptr<const Lease> lease(
        OnDisconnect on_disconnect = OnDisconnect::serve) const noexcept {
        return on_disconnect == OnDisconnect::serve ? lease_ : connected_lease_;
    }
    [[nodiscard]] std::shared_ptr<const StoreGate> gate() const noexcept { return gate_; }

    void join(Member member);
    // A cache keeps values that the channel may take away. Otherwise it only carries publications:
    // it needs no lease, and no other node waits for it.
    [[nodiscard]] bool hears() const noexcept { return hears_; }
    // Plain events are read or written.
    [[nodiscard]] bool has_plain_events() const noexcept { return !writer_->shapes().empty(); }
    // What to ask the bus for.
    [[nodiscard]] Subscription subscription() const {
        return {.channel = options_.name, .plain = subscriber_.hears_foreign()};
    }
    // Invalidations leave from here on, and the bus may report.
    void connect();
    [[nodiscard]] bool is_connected() const noexcept { return writer_->is_connected(); }

    // What the bus reports.
    void subscribed();
    void disconnected();
    void entry(BusEntry entry);
    void undecodable();
    void plain(std::string_view payload);
    void oversized_plain(std::size_t bytes);
    void ack_wanted(Epoch epoch, Sequence sequence);
    void all_acked(Epoch epoch, Sequence sequence);

    void publish(std::shared_ptr<CacheSink> origin, KeySet changed, InvalidateOptions options,
                 Done done) override;
    [[nodiscard]] bool takes_at_once(const KeySet& changed) const override {
        return writer_->takes_at_once(changed);
    }
    [[nodiscard]] std::string_view channel() const noexcept override { return options_.name; }

    // By a renewal. When one has failed, the answer is an error at once until one is in force.
    void validate(Completion<void> done) override;

    // Stops serving and renewing, answers what still waits, and leaves the channel; `done` runs
    // once, by about `deadline`, and at once when it is not connected. An error: the bus still
    // counts on the lease.
    void leave(TimePoint deadline, Completion<void> done);

    [[nodiscard]] ChannelStatus status() const;

private:
    struct Joined {
        std::shared_ptr<CacheSink> cache;
        publication::Shape shape;
    };

    void renew(Subscriber::Ticket ticket, const BusPosition& applied) override;
    void replay(Subscriber::Ticket ticket, Sequence first, Sequence last) override;
    void probe(Subscriber::Ticket ticket) override;
    template <class F>
    void catch_up(F answered);
    void acknowledge();
    [[nodiscard]] bool is_known(Epoch epoch, Sequence sequence) const;
    void dropped_event(std::string_view why);
    void go_on_validating();
    void end_validations(const Error& why);
    void apply(const KeySet& changed) override;
    void flush() override;
    void wake_at(TimePoint when) override;

    [[nodiscard]] TimePoint command_deadline() const;
    void leave_unheard(TimePoint deadline, Completion<void> done);
    void send_leave(TimePoint deadline, Completion<void> done);
    void extend_connected_lease();
    void publish_status();
    // What follows whatever the subscriber was told.
    void happened();

    const Options options_;
    Bus& bus_;
    Executor& executor_;
    const Clock& clock_;
    const Log log_;

    const std::shared_ptr<Lease> lease_ = std::make_shared<Lease>();
    // In force while that is and the subscription stands: ends with it, and begins with the first
    // renewal that was sent on the next one.
    const std::shared_ptr<Lease> connected_lease_ = std::make_shared<Lease>();
    std::optional<TimePoint> connected_since_;
    const std::shared_ptr<StoreGate> gate_ = std::make_shared<StoreGate>();
    std::vector<Joined> members_;   // complete at `connect`
    bool hears_ = false;            // so is this
    std::shared_ptr<Store> store_;  // null when no member uses one
    Subscriber subscriber_;
    const std::shared_ptr<Writer> writer_;
    std::shared_ptr<ForeignDrops> foreign_drops_;  // null when nothing needs them
    bool missed_events_ =
        true;  // plain events were, or may have been, published that did not arrive
    Executor::TimerId timer_ = Executor::TimerId::none;
    bool left_ = false;
    DueAck due_ack_;
    Validations validations_;
    Subscriber::Ticket proven_ = 0;  // the last that came into force
    // Why none can be had now: of a renewal, a replay or a probe since then.
    std::optional<Error> proof_failure_ =
        Error{Errc::unavailable, "validate channel", "the bus has not been heard yet"};
    bool renewing_ = false;
    bool retry_when_renewed_ = false;                // what is not published yet
    std::move_only_function<void()> after_renewal_;  // the leave that waits for it

    mutable detail::Mutex status_mutex_;
    ChannelStatus status_ TUTTI_GUARDED_BY(status_mutex_);
};

}  // namespace tutti
