#include "coherence/writer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/rules.hpp"

namespace tutti {

namespace {

constexpr Duration retry_first = std::chrono::milliseconds{100};
constexpr Duration retry_last = std::chrono::seconds{2};
constexpr std::size_t shown_key_bytes_max = 64;

std::string milliseconds(Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
           " ms";
}

// A key is any bytes, and long.
std::string shown(std::string_view key) {
    std::string text(key.substr(0, shown_key_bytes_max));
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
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

void Writer::publish(KeySet changed, publication::Shape shape, InvalidateOptions options,
                     Done done) {
    auto publication = std::make_shared<Publication>();
    publication->options = options;
    const TimePoint now = clock_.now();
    publication->deadline = saturating_add(now, options.deadline);
    auto parts = split({std::move(changed), shape});
    std::unique_lock gate(gate_);
    if (closed_) {
        gate.unlock();
        return done({.outcome = Invalidation::Outcome::unconfirmed,
                     .position = {},
                     .reason = "the node was stopped"});
    }
    publication->done = std::move(done);
    publication->unanswered = parts.size();
    if (parts.empty()) {  // no keys: nothing to say, and that is done
        executor_.post(
            [self = shared_from_this(), publication] { self->all_answered(publication); });
        return;
    }
    send(std::move(parts),
         saturating_add(now, std::min(options.deadline, options_.command_deadline)),
         [self = shared_from_this(), publication](const Change& part,
                                                  const Result<Published>& answer) {
             self->part_answered(publication, part, answer);
         });
}

std::vector<publication::Part> Writer::split(Change change) {
    publication::Split split = publication::split(std::move(change), options_.shapes);
    if (split.oversized_events > 0) {
        events_unsent(split.oversized_events, "a plain event of more than " +
                                                  std::to_string(Bus::plain_event_bytes_max) +
                                                  " bytes was not sent");
    }
    return std::move(split.parts);
}

void Writer::send(std::vector<publication::Part> parts, TimePoint until, const Answered& answered) {
    for (publication::Part& part : parts) {
        PublishRequest request{.channel = options_.channel,
                               .changed = part.change.keys,
                               .plain_events = std::move(part.plain_events)};
        bus_.publish(std::move(request), until,
                     [self = shared_from_this(), answered,
                      change = std::move(part.change)](const Result<Published>& answer) {
                         self->note(answer);
                         answered(change, answer);
                     });
    }
}

void Writer::note(const Result<Published>& answer) {
    if (!answer) {
        const std::lock_guard lock(status_mutex_);
        failure_ = answer.error().message();
        return;
    }
    heard(answer->position.epoch, answer->lease);
    if (answer->refused_pushes > 0) {
        events_unsent(answer->refused_pushes,
                      "the server refused to push; its ACL must let this user publish on the "
                      "channel");
    }
}

void Writer::heard(const Renewed& renewed) { heard(renewed.position.epoch, renewed.lease); }

void Writer::heard(Epoch epoch, Duration lease) {
    const TimePoint now = clock_.now();
    longest_lease_.heard(epoch, lease, now);
    const std::lock_guard lock(status_mutex_);
    heard_lease_ = longest_lease_.longest(now);
}

// From any thread.
void Writer::events_unsent(std::size_t count, std::string_view why) {
    {
        const std::lock_guard lock(status_mutex_);
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
        publication->last = *answer;
        publication->lease = std::max(publication->lease, longest_lease_.longest(clock_.now()));
    } else {
        publication->failure = answer.error().message();
        if (kept(Rule::unpublished_is_retried)) backlog_.keep(part, clock_.now());
        count_pending();
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
        const bool replicated = publication->last.replicas > 0;
        if (replicated && kept(Rule::replicas_deny_done)) return may_be_lost(publication);
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
    const TimePoint from = kept(Rule::wait_out_from_answer)
                               ? now
                               : publication->deadline - publication->options.deadline;
    const TimePoint until = kept(Rule::wait_out_before_done) ? from + needed : now;
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

void Writer::count_pending() {
    if (options_.gate) options_.gate->set_unpublished(backlog_.size() > 0);
}

void Writer::schedule_retry() {
    if (backlog_.size() == 0 || retrying_ || closed_) return;
    if (retry_timer_ != Executor::TimerId::none) return;
    retry_timer_ = executor_.run_at(clock_.now() + retry_after_, [self = shared_from_this()] {
        self->retry_timer_ = Executor::TimerId::none;
        self->retry_now();
    });
    retry_after_ = std::min(retry_after_ * 2, retry_last);
}

void Writer::retry_now() {
    if (backlog_.size() == 0 || retrying_ || closed_) return;
    retrying_ = true;
    auto changes = backlog_.begin();
    count_pending();
    for (Change& change : changes) retry(std::move(change));
}

void Writer::retry(Change change) {
    auto parts = split(std::move(change));
    backlog_.sent(parts.size());
    send(std::move(parts), saturating_add(clock_.now(), options_.command_deadline),
         [self = shared_from_this()](const Change& part, const Result<Published>& answer) {
             self->retry_answered(part, answer);
         });
}

void Writer::retry_answered(const Change& part, const Result<Published>& answer) {
    const auto failure = answer ? std::nullopt : std::optional(answer.error());
    Backlog::Next next = backlog_.answered(part, failure, clock_.now());
    count_pending();
    if (next.guilty) {
        retry_after_ = retry_first;
        log_.limited(LogLevel::error,
                     "channel " + options_.channel +
                         ": everything is invalidated instead of a key that cannot be published",
                     "'" + shown(*next.guilty) + "': " + answer.error().message());
    }
    if (next.send && !closed_) return retry(*std::move(next.send));
    if (next.send) backlog_.stop_narrowing(*next.send);
    if (backlog_.over()) round_over();
}

void Writer::round_over() {
    const std::size_t published = backlog_.end();
    count_pending();
    retrying_ = false;
    if (published > 0) {
        retry_after_ = retry_first;
        const std::string count = published > Backlog::keys_max ? "all" : std::to_string(published);
        log_(LogLevel::info, "channel " + options_.channel + ": " + count +
                                 " invalidations that had failed are published now");
    }
    schedule_retry();
}

Writer::Status Writer::status() const {
    Status status;
    const std::size_t pending = backlog_.size();
    if (pending > 0) status.standing = clock_.now() - backlog_.standing_since();
    const std::lock_guard lock(status_mutex_);
    if (pending > 0 && status.standing >= patience) {
        status.stuck = (pending > Backlog::keys_max ? "all" : std::to_string(pending)) +
                       " invalidations have not been published for " +
                       std::to_string(status.standing / std::chrono::seconds{1}) + " s (" +
                       failure_ + "); other instances may serve older values";
    }
    status.unsent_events = unsent_events_;
    status.longest_lease = std::max(heard_lease_, options_.lease);
    return status;
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
    return backlog_.size();
}

}  // namespace tutti
