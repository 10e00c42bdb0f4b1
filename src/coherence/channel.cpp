#include "coherence/channel.hpp"

#include <utility>

#include "coherence/plain_event.hpp"

namespace tutti {

namespace {

void forget(CacheSink& cache, const KeySet& changed) {
    if (changed.all) cache.flush();
    for (const std::string& key : changed.keys) cache.remove(key);
    for (const std::string& tag : changed.tags) cache.remove_tagged(tag);
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
    hears_ |= member.hears;
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
    // Who only publishes has nothing to apply.
    if (!hears_) return writer_->connect();
    writer_->connect([weak = weak_from_this()](const BusPosition& position, const KeySet& changed) {
        const auto self = weak.lock();
        if (self && !self->left_) self->subscriber_.published(position, changed);
    });
}

void Channel::subscribed() {
    if (left_) return;
    if (!hears_) return writer_->retry_now();
    // What foreign programs have published meanwhile is not known, and of what they published
    // before this node began it is not known whether another one has heard it: nothing may come
    // back from the store.
    if (std::exchange(missed_events_, false) && foreign_drops_) {
        foreign_drops_->drop(KeySet::everything());
    }
    connected_since_ = clock_.now();
    retry_when_renewed_ = true;
    subscriber_.subscribed(*connected_since_);
    writer_->retry_now();
    happened();
}

void Channel::disconnected() {
    if (!hears_) return;
    missed_events_ = true;
    connected_since_.reset();
    connected_lease_->end_now();
    subscriber_.disconnected();
    happened();
}

void Channel::entry(BusEntry entry) {
    if (left_) return;
    subscriber_.entry(std::move(entry), clock_.now());
    acknowledge();
    happened();
}

// What is said of an entry comes behind it, on the same connection. So a sequence that is beyond
// all that is known was not told by a server, and would be believed for the rest of the epoch. When
// just the entry was lost, renewals and questions make up for what is dropped here, as for any
// push. One of another epoch waits for nothing: a member that adopts that epoch acknowledges what
// it adopts, and a grace is longer than a question.
bool Channel::is_known(Epoch epoch, Sequence sequence) const {
    const BusPosition& applied = subscriber_.applied();
    return epoch == applied.epoch && sequence <= applied.sequence + subscriber_.lag();
}

void Channel::ack_wanted(Epoch epoch, Sequence sequence) {
    if (left_ || !is_known(epoch, sequence)) return;
    due_ack_.want(epoch, sequence);
    acknowledge();
}

void Channel::all_acked(Epoch epoch, Sequence sequence) {
    if (!left_ && is_known(epoch, sequence)) writer_->all_acked(epoch, sequence);
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
    happened();
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
    const detail::Lock lock(status_mutex_);
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
        } else {
            member.cache->publication_begins(changed);
            caches.push_back(member.cache);
            forget(*member.cache, changed);
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
                   if (!answer) self->proof_failure_ = answer.error();
                   if (answer) {
                       self->writer_->heard(*answer);
                       if (answer->position.epoch == applied.epoch)
                           self->due_ack_.acknowledged(applied);
                   }
                   // Commands go through again, which a subscription alone does not say.
                   if (std::exchange(self->retry_when_renewed_, !answer) && answer) {
                       self->writer_->retry_now();
                   }
                   self->catch_up([&] {
                       self->subscriber_.renew_answered(ticket, answer, self->clock_.now());
                   });
                   self->happened();
               });
}

void Channel::replay(Subscriber::Ticket ticket, Sequence first, Sequence last) {
    bus_.replay(options_.name, first, last, command_deadline(),
                [self = shared_from_this(), ticket](Result<std::vector<BusEntry>> answer) {
                    if (self->left_) return;
                    if (!answer) self->proof_failure_ = answer.error();
                    self->catch_up([&] {
                        self->subscriber_.replay_answered(ticket, std::move(answer),
                                                          self->clock_.now());
                    });
                    self->happened();
                });
}

void Channel::probe(Subscriber::Ticket ticket) {
    bus_.probe(command_deadline(), [self = shared_from_this(), ticket](const Result<void>& answer) {
        if (self->left_) return;
        if (!answer) self->proof_failure_ = answer.error();
        self->subscriber_.probe_answered(ticket, answer, self->clock_.now());
        self->happened();
    });
}

void Channel::validate(Completion<void> done) {
    executor_.post([self = shared_from_this(), done = std::move(done)]() mutable {
        const std::string operation = "validate channel " + self->options_.name;
        if (self->left_) return done(fail(Errc::stopped, operation, stopped));
        self->validations_.add(self->subscriber_.newest(), std::move(done));
        self->go_on_validating();
    });
}

// A read that waits when a renewal fails would wait as long for the next one. It sets that off all
// the same: by itself the next one comes after a thirtieth of the lease, which may be long.
void Channel::go_on_validating() {
    const Subscriber::Ticket in_force = subscriber_.in_force();
    if (in_force > std::exchange(proven_, in_force)) proof_failure_.reset();
    for (auto& done : validations_.take_proven(in_force)) done({});
    if (validations_.empty()) return;
    if (proof_failure_) end_validations(*proof_failure_);
    subscriber_.renew_now(clock_.now());
}

void Channel::end_validations(const Error& why) {
    for (auto& done : validations_.take_all()) done(fail(why));
}

void Channel::apply(const KeySet& changed) {
    for (const Joined& member : members_) forget(*member.cache, changed);
    const detail::Lock lock(status_mutex_);
    status_.applied_at = clock_.now();
}

void Channel::flush() {
    for (const Joined& member : members_) member.cache->flush();
    const detail::Lock lock(status_mutex_);
    ++status_.rejoins;
}

void Channel::wake_at(TimePoint when) {
    if (left_) return;
    executor_.cancel(timer_);
    timer_ = executor_.run_at(when, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || self->left_) return;
        self->subscriber_.tick(self->clock_.now());
        self->happened();
    });
}

TimePoint Channel::command_deadline() const {
    return saturating_add(clock_.now(), options_.timing.command_deadline);
}

void Channel::leave(TimePoint deadline, Completion<void> done) {
    if (!is_connected()) return done({});
    left_ = true;
    lease_->end_now();
    connected_lease_->end_now();
    executor_.cancel(timer_);
    writer_->close();
    if (foreign_drops_) foreign_drops_->close();
    end_validations({Errc::stopped, "validate channel " + options_.name, stopped});
    if (!hears_) return leave_unheard(deadline, std::move(done));
    // A renewal that the server processes after LEAVE would enter the member again (R7).
    if (renewing_) {
        // The answer to it keeps this channel, which must not keep itself: it may never come.
        after_renewal_ = [this, deadline, done = std::move(done)]() mutable {
            send_leave(deadline, std::move(done));
        };
    } else {
        send_leave(deadline, std::move(done));
    }
    happened();
}

// There is nothing to leave. A round trip is behind all that was published.
void Channel::leave_unheard(TimePoint deadline, Completion<void> done) {
    bus_.probe(deadline, [done = std::move(done)](const Result<void>&) mutable { done({}); });
}

void Channel::send_leave(TimePoint deadline, Completion<void> done) {
    bus_.leave(options_.name, options_.member, deadline, std::move(done));
}

void Channel::extend_connected_lease() {
    const bool proven = connected_since_ && lease_->since() >= *connected_since_;
    if (proven && !left_) connected_lease_->extend(lease_->since(), lease_->end());
}

void Channel::happened() {
    publish_status();
    go_on_validating();
}

void Channel::publish_status() {
    extend_connected_lease();
    {
        const detail::Lock lock(status_mutex_);
        status_.epoch = subscriber_.applied().epoch;
        status_.applied = subscriber_.applied().sequence;
        status_.lag = subscriber_.lag();
        status_.failure = subscriber_.last_failure();
    }
    options_.changed();
}

ChannelStatus Channel::status() const {
    ChannelStatus status;
    {
        const detail::Lock lock(status_mutex_);
        status = status_;
    }
    status.hears = hears_;
    status.unpublished = writer_->pending();
    status.writer = writer_->status();
    if (!hears_) {
        status.failure.clear();
        return status;
    }
    const TimePoint end = lease_->end();
    const TimePoint now = clock_.now();
    status.effective = now < end;
    status.freshness_age = now - lease_->since();
    if (status.effective) status.failure.clear();
    if (!status.effective && status.failure.empty()) status.failure = "the lease has lapsed";
    return status;
}

}  // namespace tutti
