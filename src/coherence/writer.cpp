#include "coherence/writer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.hpp"

namespace tutti {

namespace {

constexpr Duration retry_first = std::chrono::milliseconds{100};
constexpr Duration retry_last = std::chrono::seconds{2};
constexpr std::size_t excerpt_bytes_max = 64;
constexpr const char* stopped_before_wait_out =
    "published, but the node was stopped before the wait-out";

// A key is any bytes, and long; a name comes from the wire.
std::string excerpt_of(std::string_view key) {
    std::string text = shown(key, excerpt_bytes_max);
    if (key.size() > text.size()) text += "... (" + std::to_string(key.size()) + " bytes)";
    return text;
}

}  // namespace

Duration wait_out_of(Duration lease, double clock_drift_max, Duration margin) noexcept {
    const std::chrono::duration<double, std::nano> stretched{static_cast<double>(lease.count()) *
                                                             (1 + clock_drift_max)};
    return std::chrono::ceil<Duration>(stretched) + margin;
}

struct Writer::Publication {
    Caches caches;  // that bypass the store for what changed until the outcome is known
    KeySet changed;
    InvalidateOptions options;
    Done done;
    TimePoint deadline;
    TimePoint begun;
    std::size_t unanswered = 0;
    Published last{};  // of its parts, by sequence
    bool in_one_epoch = true;
    Duration lease{};
    std::string failure;
    Executor::TimerId timer = Executor::TimerId::none;
    TimePoint concludes_at;  // when the timer runs
    AckWaits::Id ack_wait = 0;
    std::vector<std::string> silent;
};

Writer::Writer(Options options, Bus& bus, Executor& executor, const Clock& clock, Log log)
    : options_(std::move(options)),
      bus_(bus),
      executor_(executor),
      clock_(clock),
      log_(std::move(log)),
      ack_waits_(std::make_shared<AckWaits>(
          AckWaits::Options{.channel = options_.channel,
                            .command_deadline = options_.timing.command_deadline},
          bus, executor, clock)),
      backlog_(options_.gate),
      retry_pauses_(retry_first, retry_last) {}

std::size_t Writer::add_shape(const PlainEvent& shape) {
    const auto found = std::ranges::find(shapes_, shape);
    const auto number = static_cast<std::size_t>(found - shapes_.begin());
    if (found == shapes_.end()) shapes_.push_back(shape);
    return number;
}

void Writer::connect(Taken taken) {
    const detail::Lock lock(phase_mutex_);
    taken_ = std::move(taken);
    phase_.store(Phase::connected);
}

void Writer::publish(std::shared_ptr<CacheSink> origin, KeySet changed, InvalidateOptions options,
                     Done done) {
    if (!is_connected()) return refuse(*origin, changed, not_started, std::move(done));
    publish({std::move(changed), {}}, {std::move(origin)}, options, std::move(done));
}

void Writer::publish(Change change, Caches caches, InvalidateOptions options, Done done) {
    const TimePoint now = clock_.now();
    auto publication = std::make_shared<Publication>();
    publication->caches = std::move(caches);
    publication->changed = change.keys;
    publication->options = options;
    publication->done = std::move(done);
    publication->begun = now;
    publication->deadline = saturating_add(now, options.deadline);
    auto parts = split(std::move(change));
    detail::Lock lock(phase_mutex_);
    if (is_closed()) {
        lock.unlock();
        return unconfirmed(publication, stopped);
    }
    publication->unanswered = parts.size();
    if (parts.empty()) {  // no keys: nothing to say, and that is done
        executor_.post(
            [self = shared_from_this(), publication] { self->all_answered(publication); });
        return;
    }
    send(
        std::move(parts), options.ack,
        saturating_add(now, std::min<Duration>(options.deadline, options_.timing.command_deadline)),
        [self = shared_from_this(), publication](const Change& part,
                                                 const Result<Published>& answer) {
            self->part_answered(publication, part, answer);
        });
}

bool Writer::takes_at_once(Change change) const {
    static const std::vector<PlainEvent> none;
    return publication::split(std::move(change), is_connected() ? shapes_ : none).parts.size() <= 1;
}

std::vector<publication::Part> Writer::split(Change change) {
    publication::Split split = publication::split(std::move(change), shapes_);
    if (split.oversized_events > 0) {
        events_unsent(split.oversized_events, "a plain event of more than " +
                                                  std::to_string(Bus::plain_event_bytes_max) +
                                                  " bytes was not sent");
    }
    return std::move(split.parts);
}

void Writer::send(std::vector<publication::Part> parts, Ack ack, TimePoint until,
                  const Answered& answered) {
    for (publication::Part& part : parts) {
        PublishRequest request{.channel = options_.channel,
                               .changed = part.change.keys,
                               .plain_events = std::move(part.plain_events),
                               .acknowledge = ack == Ack::every_instance && &part == &parts.back()};
        bus_.publish(std::move(request), until,
                     [self = shared_from_this(), answered,
                      change = std::move(part.change)](const Result<Published>& answer) {
                         self->note(change.keys, answer);
                         answered(change, answer);
                     });
    }
}

void Writer::note(const KeySet& changed, const Result<Published>& answer) {
    if (!answer) {
        const detail::Lock lock(status_mutex_);
        failure_ = answer.error().message();
        return;
    }
    heard(answer->position.epoch, answer->lease);
    if (answer->refused_pushes > 0) {
        events_unsent(answer->refused_pushes,
                      "the server refused to push; its ACL must let this user publish on the "
                      "channel");
    }
    if (taken_) taken_(answer->position, changed);
}

void Writer::heard(const Renewed& renewed) { heard(renewed.position.epoch, renewed.lease); }

void Writer::heard(Epoch epoch, Duration lease) {
    const TimePoint now = clock_.now();
    longest_lease_.heard(epoch, lease, now);
    const detail::Lock lock(status_mutex_);
    heard_lease_ = longest_lease_.longest(now);
}

// From any thread.
void Writer::events_unsent(std::size_t count, std::string_view why) {
    {
        const detail::Lock lock(status_mutex_);
        unsent_events_ += count;
    }
    log_.limited(
        LogLevel::warning,
        "channel " + options_.channel + ": a publication was not told to programs without Tutti",
        why);
}

void Writer::part_answered(const PublicationPointer& publication, const Change& part,
                           const Result<Published>& answer) {
    if (answer) {
        Published& last = publication->last;
        const bool first = last.position.epoch == Epoch::none;
        publication->in_one_epoch &= first || last.position.epoch == answer->position.epoch;
        const bool later = answer->position.sequence > last.position.sequence;
        if (first || later) last = *answer;
        publication->lease = std::max(publication->lease, longest_lease_.longest(clock_.now()));
    } else {
        publication->failure = answer.error().message();
        backlog_.keep(part, clock_.now());
    }
    if (--publication->unanswered == 0) all_answered(publication);
}

void Writer::all_answered(const PublicationPointer& publication) {
    if (!publication->failure.empty()) {
        schedule_retry();
        return unconfirmed(publication, std::move(publication->failure));
    }
    if (publication->options.ack == Ack::every_instance) {
        if (!options_.acknowledges_nothing.empty())
            return unconfirmed(publication, options_.acknowledges_nothing);
        const std::uint64_t replicas = publication->last.replicas;
        if (replicas > 0) {
            // Replication is asynchronous: the server after a failover may not know what this one
            // answered.
            return unconfirmed(
                publication, "published, but the server has replicas (" + std::to_string(replicas) +
                                 ") of which its URL does not tell, and a failover may lose it: "
                                 "`done` takes ?replicas=" +
                                 std::to_string(replicas) + " there");
        }
        return await_members(publication);
    }
    conclude(publication, {.outcome = Invalidation::Outcome::published,
                           .position = publication->last.position,
                           .reason = {}});
}

Duration Writer::wait_out_of_longest(Duration lease) const {
    const Timing& timing = options_.timing;
    return wait_out_of(std::max(lease, timing.lease), timing.clock_drift_max,
                       timing.wait_out_margin);
}

// W3
TimePoint Writer::grace_ends() const {
    return longest_lease_.epoch_since() + wait_out_of_longest(longest_lease_.granted_before());
}

void Writer::await_members(const PublicationPointer& publication) {
    // The answer may come after `close`, when no timer will run any more.
    if (is_closed()) return unconfirmed(publication, stopped_before_wait_out);
    const Duration needed = wait_out_of_longest(publication->lease);
    const TimePoint until = clock_.now() + needed;
    const TimePoint acks_count_from = grace_ends();
    if (std::min(until, acks_count_from) > publication->deadline) {
        return unconfirmed(publication, "published, but the deadline of " +
                                            in_milliseconds(publication->options.deadline) +
                                            " ends before the wait-out of " +
                                            in_milliseconds(needed) +
                                            ": raise InvalidateOptions::deadline");
    }
    if (until <= publication->deadline) {
        conclude_at(publication, until, &Writer::waited_out);
    } else {
        conclude_at(publication, publication->deadline, &Writer::deadline_passed);
    }
    if (!publication->in_one_epoch) return;
    const Published& last = publication->last;
    publication->ack_wait = ack_waits_->add(
        last.position, last.members, [weak = weak_from_this(), publication, acks_count_from] {
            const auto self = weak.lock();
            if (!self) return;
            self->acked(publication, acks_count_from);
        });
}

void Writer::conclude_at(const PublicationPointer& publication, TimePoint when,
                         void (Writer::*how)(const PublicationPointer&)) {
    publication->concludes_at = when;
    publication->timer = executor_.run_at(when, [self = shared_from_this(), publication, how] {
        self->end_wait(publication);
        (*self.*how)(publication);
    });
    waiting_.emplace(publication->timer, publication);
}

void Writer::end_wait(const PublicationPointer& publication) {
    executor_.cancel(publication->timer);
    waiting_.erase(publication->timer);
    publication->silent = ack_waits_->remove(publication->ack_wait);
}

// The grace of an epoch may be longer than the wait-out: a long lease that has ended since makes it
// so. Acknowledgements only end a wait earlier.
void Writer::acked(const PublicationPointer& publication, TimePoint counts_from) {
    if (counts_from > publication->concludes_at) return;
    end_wait(publication);
    if (counts_from <= clock_.now()) return acknowledged(publication);
    conclude_at(publication, counts_from, &Writer::acknowledged);
}

void Writer::acknowledged(const PublicationPointer& publication) {
    done(publication, Invalidation::By::acknowledgements);
}

void Writer::waited_out(const PublicationPointer& publication) {
    const Published& last = publication->last;
    if (publication->in_one_epoch && last.members > 0) {
        bus_.reap(options_.channel, last.position.epoch, last.renewals,
                  saturating_add(clock_.now(), options_.timing.command_deadline),
                  [](const Result<void>&) {});
    }
    done(publication, Invalidation::By::wait_out);
}

void Writer::deadline_passed(const PublicationPointer& publication) {
    std::string names;
    for (const std::string& name : publication->silent)
        names += (names.empty() ? "" : ", ") + excerpt_of(name);
    unconfirmed(publication, "published, but within " +
                                 in_milliseconds(publication->options.deadline) +
                                 (names.empty() ? " not every instance has acknowledged it"
                                                : " it was not acknowledged by " + names) +
                                 ": raise InvalidateOptions::deadline beyond the wait-out");
}

void Writer::done(const PublicationPointer& publication, Invalidation::By by) {
    conclude(publication, {.outcome = Invalidation::Outcome::done,
                           .position = publication->last.position,
                           .reason = {},
                           .by = by});
}

void Writer::unconfirmed(const PublicationPointer& publication, std::string reason) {
    conclude(publication, {.outcome = Invalidation::Outcome::unconfirmed,
                           .position = publication->last.position,
                           .reason = std::move(reason)});
}

void Writer::conclude(const PublicationPointer& publication, Invalidation outcome) {
    Done done = std::exchange(publication->done, nullptr);
    if (!done) return;
    for (const auto& cache : publication->caches) cache->publication_ended(publication->changed);
    outcome.took = clock_.now() - publication->begun;
    outcome.silent = std::move(publication->silent);
    done(std::move(outcome));
}

void Writer::schedule_retry() {
    if (!backlog_.may_begin() || is_closed()) return;
    if (retry_timer_ != Executor::TimerId::none) return;
    retry_timer_ =
        executor_.run_at(clock_.now() + retry_pauses_.next(), [self = shared_from_this()] {
            self->retry_timer_ = Executor::TimerId::none;
            self->retry_now();
        });
}

void Writer::retry_now() {
    if (!backlog_.may_begin() || is_closed()) return;
    for (Change& change : backlog_.begin()) retry(std::move(change));
}

void Writer::retry(Change change) {
    auto parts = split(std::move(change));
    backlog_.sent(parts.size());
    send(std::move(parts), Ack::none,
         saturating_add(clock_.now(), options_.timing.command_deadline),
         [self = shared_from_this()](const Change& part, const Result<Published>& answer) {
             self->retry_answered(part, answer);
         });
}

void Writer::retry_answered(const Change& part, const Result<Published>& answer) {
    const auto failure = answer ? std::nullopt : std::optional(answer.error());
    Backlog::Next next = backlog_.answered(part, failure, clock_.now());
    if (next.guilty) {
        retry_pauses_.reset();
        log_.limited(
            LogLevel::error,
            "channel " + options_.channel +
                ": everything is invalidated instead of a key or tag that cannot be published",
            "'" + excerpt_of(*next.guilty) + "': " + answer.error().message());
    }
    if (next.send) return retry(*std::move(next.send));
    if (backlog_.over()) round_over();
}

void Writer::round_over() {
    const std::size_t published = backlog_.end();
    if (published > 0) {
        retry_pauses_.reset();
        log_(LogLevel::info, "channel " + options_.channel +
                                 ": invalidations that had failed are published now: " +
                                 Backlog::counted(published));
    }
    schedule_retry();
}

Writer::Status Writer::status() const {
    Status status;
    const std::size_t pending = backlog_.size();
    if (pending > 0) status.standing = clock_.now() - backlog_.standing_since();
    const detail::Lock lock(status_mutex_);
    if (pending > 0 && status.standing >= stuck_after) {
        status.stuck = "invalidations that have not been published for " +
                       std::to_string(status.standing / std::chrono::seconds{1}) +
                       " s: " + Backlog::counted(pending) + " (" + failure_ +
                       "); other instances may serve older values";
    }
    status.unsent_events = unsent_events_;
    status.longest_lease = std::max(heard_lease_, options_.timing.lease);
    return status;
}

std::size_t Writer::close() {
    {
        const detail::Lock lock(phase_mutex_);
        phase_.store(Phase::closed);
    }
    backlog_.close();
    ack_waits_->close();
    executor_.cancel(retry_timer_);
    for (const auto& [timer, publication] : std::exchange(waiting_, {})) {
        executor_.cancel(timer);
        unconfirmed(publication, stopped_before_wait_out);
    }
    return backlog_.size();
}

}  // namespace tutti
