#include "coherence/writer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/rules.hpp"
#include "coherence/plain_event.hpp"

namespace tutti {

namespace {

constexpr std::size_t pending_keys_max = 10'000;  // more become "all"
constexpr Duration retry_first = std::chrono::milliseconds{100};
constexpr Duration retry_last = std::chrono::seconds{2};
// Room for a key's length and separators on the wire.
constexpr std::size_t key_overhead_bytes = 16;

std::string milliseconds(Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
           " ms";
}

}  // namespace

std::vector<KeySet> split(KeySet changed) {
    if (changed.all) return {KeySet::everything()};
    std::vector<KeySet> parts;
    std::size_t bytes = 0;
    for (std::string& key : changed.keys) {
        const std::size_t size = key.size() + key_overhead_bytes;
        if (size > Bus::key_bytes_max) return {KeySet::everything()};
        const bool full = parts.empty() || parts.back().keys.size() == Bus::keys_max ||
                          bytes + size > Bus::key_bytes_max;
        if (full) {
            parts.emplace_back();
            bytes = 0;
        }
        bytes += size;
        parts.back().keys.push_back(std::move(key));
    }
    return parts;
}

Duration wait_out_of(Duration lease, double clock_drift_max, Duration margin) noexcept {
    const std::chrono::duration<double, std::nano> stretched{static_cast<double>(lease.count()) *
                                                             (1 + clock_drift_max)};
    return std::chrono::ceil<Duration>(stretched) + margin;
}

struct Writer::Publication {
    InvalidateOptions options;
    Done done;
    TimePoint deadline;
    std::size_t unanswered = 0;
    Published last{};
    Duration lease{};
    std::string failure;
    Executor::TimerId timer = Executor::TimerId::none;
};

Writer::Writer(Options options, Bus& bus, Executor& executor, const Clock& clock, Log log)
    : options_(std::move(options)),
      bus_(bus),
      executor_(executor),
      clock_(clock),
      log_(std::move(log)),
      retry_after_(retry_first) {}

void Writer::publish(KeySet changed, Shape shape, InvalidateOptions options, Done done) {
    std::unique_lock gate(gate_);
    if (closed_) {
        gate.unlock();
        return done({.outcome = Invalidation::Outcome::unconfirmed,
                     .position = {},
                     .reason = "the node was stopped"});
    }
    auto publication = std::make_shared<Publication>();
    publication->options = options;
    publication->done = std::move(done);
    publication->deadline = clock_.now() + options.deadline;
    std::vector<Change> changes;
    changes.push_back({std::move(changed), shape});
    send(publication, std::move(changes), std::min(options.deadline, options_.command_deadline));
}

void Writer::send(const PublicationPointer& publication, std::vector<Change> changes,
                  Duration deadline) {
    std::vector<Change> parts;
    for (Change& change : changes) {
        for (KeySet& keys : split(std::move(change.keys))) {
            parts.push_back({std::move(keys), change.shape});
        }
    }
    publication->unanswered = parts.size();
    if (parts.empty()) {  // no keys: nothing to say, and that is done
        executor_.post(
            [self = shared_from_this(), publication] { self->all_answered(publication); });
        return;
    }
    const TimePoint until = clock_.now() + deadline;
    for (Change& part : parts) {
        PublishRequest request{
            .channel = options_.channel, .changed = part.keys, .plain_events = plain_events(part)};
        bus_.publish(std::move(request), until,
                     [self = shared_from_this(), publication,
                      part = std::move(part)](Result<Published> answer) {
                         self->part_answered(publication, part, std::move(answer));
                     });
    }
}

std::vector<std::string> Writer::plain_events(const Change& part) const {
    std::vector<std::string> events;
    for (std::size_t shape = 0; shape < options_.shapes.size(); ++shape) {
        if (part.shape && *part.shape != shape) continue;
        std::ranges::move(write_plain_events(options_.shapes[shape], part.keys),
                          std::back_inserter(events));
        if (part.keys.all) break;  // one "all" speaks for every shape
    }
    return events;
}

void Writer::part_answered(const PublicationPointer& publication, const Change& part,
                           Result<Published> answer) {
    if (answer) {
        publication->last = *answer;
        publication->lease = std::max(publication->lease, answer->lease);
    } else {
        publication->failure = answer.error().message();
        if (kept(Rule::unpublished_is_retried)) keep_pending(part);
    }
    if (--publication->unanswered == 0) all_answered(publication);
}

void Writer::all_answered(const PublicationPointer& publication) {
    if (!publication->failure.empty()) {
        schedule_retry();
        return conclude(publication, {.outcome = Invalidation::Outcome::unconfirmed,
                                      .position = publication->last.position,
                                      .reason = std::move(publication->failure)});
    }
    if (publication->options.ack == Ack::every_instance) {
        if (!options_.acknowledges_nothing.empty()) {
            return conclude(publication, {.outcome = Invalidation::Outcome::unconfirmed,
                                          .position = publication->last.position,
                                          .reason = options_.acknowledges_nothing});
        }
        if (publication->last.replicas > 0) return may_be_lost(publication);
        // Its answer may come after `close`, when no timer will run any more.
        return closed_ ? stop_waiting(publication) : wait_out(publication);
    }
    conclude(publication, {.outcome = Invalidation::Outcome::published,
                           .position = publication->last.position,
                           .reason = {}});
}

// Replication is asynchronous: whatever the server answered, the one after a failover may not know it.
void Writer::may_be_lost(const PublicationPointer& publication) {
    conclude(publication,
             {.outcome = Invalidation::Outcome::unconfirmed,
              .position = publication->last.position,
              .reason = "published, but the server has replicas (" +
                        std::to_string(publication->last.replicas) +
                        "), and a failover may lose it: `done` takes a server without"});
}

void Writer::wait_out(const PublicationPointer& publication) {
    const Duration lease = kept(Rule::wait_out_for_longest_lease)
                               ? std::max(publication->lease, options_.lease)
                               : options_.lease;
    const double drift = kept(Rule::wait_out_counts_drift) ? options_.clock_drift_max : 0;
    const Duration needed = wait_out_of(lease, drift, options_.margin);
    const TimePoint now = clock_.now();
    const TimePoint until = kept(Rule::wait_out_before_done) ? now + needed : now;
    if (until > publication->deadline) {
        return conclude(publication,
                        {.outcome = Invalidation::Outcome::unconfirmed,
                         .position = publication->last.position,
                         .reason = "published, but the deadline of " +
                                   milliseconds(publication->options.deadline) +
                                   " ends before the wait-out of " + milliseconds(needed) +
                                   ": raise InvalidateOptions::deadline"});
    }
    publication->timer = executor_.run_at(until, [self = shared_from_this(), publication] {
        self->waiting_.erase(publication->timer);
        self->conclude(publication, {.outcome = Invalidation::Outcome::done,
                                     .position = publication->last.position,
                                     .reason = {}});
    });
    waiting_.emplace(publication->timer, publication);
}

void Writer::stop_waiting(const PublicationPointer& publication) {
    conclude(publication, {.outcome = Invalidation::Outcome::unconfirmed,
                           .position = publication->last.position,
                           .reason = "published, but the node was stopped before the wait-out"});
}

void Writer::conclude(const PublicationPointer& publication, Invalidation outcome) {
    if (publication->done) std::exchange(publication->done, nullptr)(std::move(outcome));
}

void Writer::keep_pending(const Change& change) {
    pending_all_ |= change.keys.all;
    if (!pending_all_) {
        for (const std::string& key : change.keys.keys) pending_keys_.emplace(change.shape, key);
    }
    pending_all_ |= pending_keys_.size() > pending_keys_max;
    if (pending_all_) pending_keys_.clear();
    count_pending();
}

// What a retry has under way is not published either.
void Writer::count_pending() {
    pending_count_.store(retried_ + (pending_all_ ? pending_keys_max + 1 : pending_keys_.size()));
    if (options_.gate) options_.gate->set_unpublished(pending_count_.load() > 0);
}

void Writer::schedule_retry() {
    if (pending_count_.load() == 0 || retrying_ || closed_) return;
    if (retry_timer_ != Executor::TimerId::none) return;
    retry_timer_ = executor_.run_at(clock_.now() + retry_after_, [self = shared_from_this()] {
        self->retry_timer_ = Executor::TimerId::none;
        self->retry_now();
    });
    retry_after_ = std::min(retry_after_ * 2, retry_last);
}

// The keys are ordered by shape.
std::vector<Writer::Change> Writer::take_pending() {
    std::vector<Change> changes;
    if (std::exchange(pending_all_, false)) changes.push_back({KeySet::everything(), {}});
    for (const auto& [shape, key] : std::exchange(pending_keys_, {})) {
        if (changes.empty() || changes.back().shape != shape) changes.push_back({{}, shape});
        changes.back().keys.keys.push_back(key);
    }
    return changes;
}

void Writer::retry_now() {
    if (pending_count_.load() == 0 || retrying_ || closed_) return;
    retrying_ = true;
    retried_ = pending_count_.load();
    auto changes = take_pending();
    auto publication = std::make_shared<Publication>();
    publication->done = [self = shared_from_this()](const Invalidation& outcome) {
        const std::size_t count = std::exchange(self->retried_, 0);
        self->count_pending();
        self->retrying_ = false;
        self->schedule_retry();
        if (!outcome.published()) return;
        self->retry_after_ = retry_first;
        self->log_(LogLevel::info, "channel " + self->options_.channel + ": " +
                                       std::to_string(count) +
                                       " invalidations that had failed are published now");
    };
    send(publication, std::move(changes), options_.command_deadline);
}

std::size_t Writer::close() {
    {
        const std::lock_guard gate(gate_);
        closed_ = true;
    }
    executor_.cancel(retry_timer_);
    for (const auto& [timer, publication] : std::exchange(waiting_, {})) {
        executor_.cancel(timer);
        stop_waiting(publication);
    }
    return pending_count_.load();
}

}  // namespace tutti
