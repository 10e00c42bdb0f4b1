// One channel of one node: carries the subscriber's and the writer's decisions out over a Bus, and a
// bus's news to the caches.
//
// Thread-safety: `invalidate` and `status` from any thread; everything else on the node's executor.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cache_sink.hpp"
#include "base/lease.hpp"
#include "base/log.hpp"
#include "base/store_gate.hpp"
#include "coherence/foreign_drops.hpp"
#include "coherence/subscriber.hpp"
#include "coherence/writer.hpp"
#include "tutti/bus.hpp"
#include "tutti/executor.hpp"
#include "tutti/options.hpp"

namespace tutti {

// A channel as others see it.
struct ChannelStatus {
    std::string channel;
    bool effective = false;    // the lease: caches serve from memory
    Duration freshness_age{};  // since the request of the renewal in force; meaningless before one
    Sequence applied = 0;
    Sequence lag = 0;             // known to exist and not yet applied
    std::size_t unpublished = 0;  // invalidations that the bus has not taken yet
    Writer::Status writer;
    std::uint64_t rejoins = 0;         // times that everything was dropped
    std::uint64_t dropped_events = 0;  // plain events of a wrong shape, or too large
    TimePoint applied_at;              // when the last invalidation was applied
    std::string failure;               // why it is not effective
};

class Channel final : public std::enable_shared_from_this<Channel>, private Subscriber::Effects {
public:
    struct Options {
        std::string name;
        std::string member;  // unique in the fleet and in time
        Duration lease{};
        double clock_drift_max = 0;
        Duration wait_out_margin{};
        Duration command_deadline{};
        bool foreign_publishers = false;
        std::vector<PlainEvent> shapes;                  // each once
        std::shared_ptr<Lease> lease_end;                // shared with the caches
        std::shared_ptr<StoreGate> gate;                 // shared with the caches
        std::shared_ptr<Store> store;                    // null when none of the caches uses it
        std::vector<std::shared_ptr<CacheSink>> caches;  // that this channel invalidates
        std::function<void()> changed;                   // the status may have; on the executor
    };

    Channel(Options options, Bus& bus, Executor& executor, const Clock& clock, const Log& log);

    [[nodiscard]] const Options& options() const noexcept { return options_; }

    // What the bus reports.
    void subscribed();
    void disconnected();
    void entry(BusEntry entry);
    void undecodable();
    void plain(std::string_view payload);
    void oversized_plain(std::size_t bytes);

    // The other caches of the channel forget before this returns, as `origin` has. `shape`: that of the
    // cache, if it has one; see Writer.
    void invalidate(const CacheSink& origin, KeySet changed, const std::optional<PlainEvent>& shape,
                    InvalidateOptions options, Writer::Done done);

    // Stops serving and renewing, answers who waits, and leaves the channel; `done` runs once, by
    // about `deadline`.
    void leave(TimePoint deadline, std::move_only_function<void()> done);

    [[nodiscard]] ChannelStatus status() const;

private:
    void renew(Subscriber::Ticket ticket, const BusPosition& applied) override;
    void replay(Subscriber::Ticket ticket, Sequence first, Sequence last) override;
    void probe(Subscriber::Ticket ticket) override;
    void dropped_event(std::string_view why);
    void apply(const KeySet& changed) override;
    void flush() override;
    void wake_at(TimePoint when) override;

    [[nodiscard]] TimePoint command_deadline() const;
    void send_leave(TimePoint deadline, std::move_only_function<void()> done);
    void publish_status();

    const Options options_;
    Bus& bus_;
    Executor& executor_;
    const Clock& clock_;
    const Log log_;

    Subscriber subscriber_;
    const std::shared_ptr<Writer> writer_;
    const std::shared_ptr<ForeignDrops> foreign_drops_;  // null when nothing needs them
    bool deaf_ = true;  // plain events were, or may have been, published that did not arrive
    Executor::TimerId timer_ = Executor::TimerId::none;
    bool left_ = false;
    bool renewing_ = false;
    std::move_only_function<void()> after_renewal_;  // the leave that waits for it

    mutable std::mutex status_mutex_;  // guards status_
    ChannelStatus status_;
};

}  // namespace tutti
