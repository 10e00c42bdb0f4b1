#include "coherence/channel.hpp"

#include <utility>

#include "base/rules.hpp"
#include "coherence/plain_event.hpp"

namespace tutti {

namespace {

void forget(CacheSink& cache, const KeySet& changed) {
    if (changed.all) cache.flush();
    for (const std::string& key : changed.keys) cache.remove(key);
}

}  // namespace

Channel::Channel(Options options, Bus& bus, Executor& executor, const Clock& clock, const Log& log)
    : options_(std::move(options)),
      bus_(bus),
      executor_(executor),
      clock_(clock),
      log_(log),
      subscriber_({.lease = options_.timing.lease}, *this, *lease_),
      writer_(std::make_shared<Writer>(
          Writer::Options{.channel = options_.name, .timing = options_.timing, .gate = gate_}, bus,
          executor, clock, log)) {
    status_.channel = options_.name;
    status_.failure = subscriber_.last_failure();
}

void Channel::join(Member member) {
    publication::Shape shape;
    if (member.plain) shape = writer_->add_shape(*member.plain);
    if (member.foreign_publishers) subscriber_.hear_foreign();
    if (member.store) store_ = std::move(member.store);
    members_.push_back({.cache = std::move(member.cache), .shape = shape});
}

void Channel::connect() {
    if (subscriber_.hears_foreign()) {
        gate_->require(lease_);
        if (store_) {
            foreign_drops_ = std::make_shared<ForeignDrops>(
                ForeignDrops::Options{.channel = options_.name,
                                      .gate = gate_,
                                      .command_deadline = options_.timing.command_deadline},
                store_, clock_, executor_, log_);
        }
    }
    writer_->connect();
}

void Channel::subscribed() {
    if (left_) return;
    // What foreign programs have published meanwhile is not known, and of what they published
    // before this node began it is not known whether another one has heard it: nothing may come
    // back from the store.
    if (std::exchange(deaf_, false) && foreign_drops_ && kept(Rule::disconnect_empties_store)) {
        foreign_drops_->drop(KeySet::everything());
    }
    subscriber_.subscribed(clock_.now());
    writer_->retry_now();
    publish_status();
}

void Channel::disconnected() {
    deaf_ = true;
    subscriber_.disconnected();
    publish_status();
}

void Channel::entry(BusEntry entry) {
    if (left_) return;
    subscriber_.entry(std::move(entry), clock_.now());
    acknowledge();
    publish_status();
}

// One of another epoch waits for nothing here: a member that adopts that epoch acknowledges what it
// adopts.
void Channel::ack_wanted(Epoch epoch, Sequence sequence) {
    if (left_ || epoch != subscriber_.applied().epoch) return;
    due_ack_.want(epoch, sequence);
    acknowledge();
}

void Channel::all_acked(Epoch epoch, Sequence sequence) {
    if (!left_) writer_->all_acked(epoch, sequence);
}

// What arrives otherwise than by a push is acknowledged at once: that it is wanted was lost with
// the push.
template <class F>
void Channel::catch_up(F answered) {
    const BusPosition before = subscriber_.applied();
    answered();
    const BusPosition& now = subscriber_.applied();
    if (now != before) due_ack_.want(now.epoch, now.sequence);
    acknowledge();
}

void Channel::acknowledge() {
    const auto due = due_ack_.take(subscriber_.applied());
    if (!due) return;
    bus_.acknowledge({.channel = options_.name, .member = options_.member, .applied = *due},
                     command_deadline(),
                     [self = shared_from_this(), position = *due](const Result<void>& answer) {
                         self->due_ack_.answered(position, answer.has_value());
                         if (answer && !self->left_) self->acknowledge();
                     });
}

void Channel::undecodable() {
    if (left_) return;
    log_.limited(LogLevel::warning, "channel " + options_.name + ": an entry cannot be decoded",
                 "starting empty again");
    subscriber_.undecodable(clock_.now());
    publish_status();
}

void Channel::plain(std::string_view payload) {
    if (left_) return;
    for (const PlainEvent& shape : writer_->shapes()) {
        const auto changed = read_plain_event(shape, payload);
        if (!changed) continue;
        if (foreign_drops_) foreign_drops_->drop(*changed);
        return apply(*changed);
    }
    dropped_event("its " + std::to_string(payload.size()) +
                  " bytes have none of the declared shapes");
}

void Channel::oversized_plain(std::size_t bytes) {
    if (left_) return;
    dropped_event("its " + std::to_string(bytes) + " bytes are more than " +
                  std::to_string(Bus::plain_event_bytes_max));
}

void Channel::dropped_event(std::string_view why) {
    log_.limited(LogLevel::warning, "channel " + options_.name + ": a foreign event was dropped",
                 why);
    const std::lock_guard lock(status_mutex_);
    ++status_.dropped_events;
}

void Channel::publish(std::shared_ptr<CacheSink> origin, KeySet changed, InvalidateOptions options,
                      Done done) {
    // Until then members may still join.
    if (!is_connected()) return refuse(*origin, changed, not_started, std::move(done));
    publication::Shape shape;
    Writer::Caches caches{origin};
    // Nothing is told by this node while a cache of its own still serves the old value.
    for (const Joined& member : members_) {
        if (member.cache == origin) {
            shape = member.shape;
        } else if (kept(Rule::own_removal_reaches_all)) {
            if (kept(Rule::others_bypass_store)) {
                member.cache->publication_begins(changed);
                caches.push_back(member.cache);
            }
            if (kept(Rule::own_removal_first)) forget(*member.cache, changed);
        }
    }
    writer_->publish({std::move(changed), shape}, std::move(caches), options, std::move(done));
}

void Channel::renew(Subscriber::Ticket ticket, const BusPosition& applied) {
    renewing_ = true;
    RenewRequest request{.channel = options_.name,
                         .member = options_.member,
                         .applied = applied,
                         .lease = options_.timing.lease};
    bus_.renew(std::move(request), command_deadline(),
               [self = shared_from_this(), ticket, applied](const Result<Renewed>& answer) {
                   self->renewing_ = false;
                   if (self->after_renewal_) return std::exchange(self->after_renewal_, nullptr)();
                   if (self->left_) return;
                   if (answer) {
                       self->writer_->heard(*answer);
                       if (answer->position.epoch == applied.epoch) self->due_ack_.told(applied);
                   }
                   self->catch_up([&] {
                       self->subscriber_.renew_answered(ticket, answer, self->clock_.now());
                   });
                   self->publish_status();
               });
}

void Channel::replay(Subscriber::Ticket ticket, Sequence first, Sequence last) {
    bus_.replay(options_.name, first, last, command_deadline(),
                [self = shared_from_this(), ticket](Result<std::vector<BusEntry>> answer) {
                    if (self->left_) return;
                    self->catch_up([&] {
                        self->subscriber_.replay_answered(ticket, std::move(answer),
                                                          self->clock_.now());
                    });
                    self->publish_status();
                });
}

void Channel::probe(Subscriber::Ticket ticket) {
    bus_.probe(command_deadline(), [self = shared_from_this(), ticket](const Result<void>& answer) {
        if (self->left_) return;
        self->subscriber_.probe_answered(ticket, answer, self->clock_.now());
        self->publish_status();
    });
}

void Channel::apply(const KeySet& changed) {
    for (const Joined& member : members_) forget(*member.cache, changed);
    const std::lock_guard lock(status_mutex_);
    status_.applied_at = clock_.now();
}

void Channel::flush() {
    for (const Joined& member : members_) member.cache->flush();
    const std::lock_guard lock(status_mutex_);
    ++status_.rejoins;
}

void Channel::wake_at(TimePoint when) {
    if (left_) return;
    executor_.cancel(timer_);
    timer_ = executor_.run_at(when, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || self->left_) return;
        self->subscriber_.tick(self->clock_.now());
        self->publish_status();
    });
}

TimePoint Channel::command_deadline() const {
    return saturating_add(clock_.now(), options_.timing.command_deadline);
}

void Channel::leave(TimePoint deadline, Completion<void> done) {
    if (!is_connected()) return done({});
    left_ = true;
    lease_->end_now();
    executor_.cancel(timer_);
    writer_->close();
    if (foreign_drops_) foreign_drops_->close();
    // A renewal that the server processes after LEAVE would enter the member again (R7).
    if (renewing_) {
        after_renewal_ = [self = shared_from_this(), deadline, done = std::move(done)]() mutable {
            self->send_leave(deadline, std::move(done));
        };
    } else {
        send_leave(deadline, std::move(done));
    }
    publish_status();
}

void Channel::send_leave(TimePoint deadline, Completion<void> done) {
    bus_.leave(options_.name, options_.member, deadline, std::move(done));
}

void Channel::publish_status() {
    {
        const std::lock_guard lock(status_mutex_);
        status_.applied = subscriber_.applied().sequence;
        status_.lag = subscriber_.lag();
        status_.failure = subscriber_.last_failure();
    }
    options_.changed();
}

ChannelStatus Channel::status() const {
    ChannelStatus status;
    {
        const std::lock_guard lock(status_mutex_);
        status = status_;
    }
    const TimePoint end = lease_->end();
    const TimePoint now = clock_.now();
    status.effective = now < end;
    status.freshness_age = now - lease_->since();
    status.unpublished = writer_->pending();
    status.writer = writer_->status();
    if (status.effective) status.failure.clear();
    if (!status.effective && status.failure.empty()) status.failure = "the lease has lapsed";
    return status;
}

}  // namespace tutti
