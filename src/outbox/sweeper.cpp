// A row that is published and not removed is published again when it is due: harmless, so removing
// may be late, may fail, and forgets nothing by it.
#include "outbox/sweeper.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/detail/guarded.hpp"
#include "tutti/store.hpp"

namespace tutti::outbox {
namespace {

constexpr Duration pause_max = std::chrono::seconds{30};
// More than these are left to be published again.
constexpr std::size_t finished_max = 100'000;
constexpr detail::UserFunction taking{
    .name = "Rows", .operation = "take from the outbox", .code = Errc::unavailable};
constexpr detail::UserFunction removing{
    .name = "Rows", .operation = "remove from the outbox", .code = Errc::unavailable};

}  // namespace

Sweeper::Sweeper(PublisherOptions options, std::shared_ptr<Rows> rows, World world)
    : options_(std::move(options)),
      rows_(std::move(rows)),
      world_(std::move(world)),
      row_publisher_(options_.channels, {.deadline = options_.deadline}, options_.keys_max),
      backoff_(options_.poll_every, std::max<Duration>(pause_max, options_.poll_every)),
      limiter_(*world_.clock) {}

bool Sweeper::publish(const std::vector<Row>& rows) {
    if (rows.empty()) return true;
    const RowPublisher::Outcome outcome = row_publisher_.publish(rows);
    note(outcome);
    return outcome.unconfirmed == 0;
}

Duration Sweeper::look(const std::stop_token& stop) {
    Result<std::size_t> taken = sweep();
    while (taken && *taken >= Sql::rows_max && !stop.stop_requested()) taken = sweep();
    note_failure(taken);
    if (!taken) return jittered(backoff_.next());
    backoff_.reset();
    return jittered(options_.poll_every);
}

Result<std::size_t> Sweeper::sweep() {
    if (auto removed = remove_finished(); !removed) return fail(std::move(removed).error());
    auto rows = detail::guarded(taking, [&] { return rows_->take(); });
    if (!rows) return fail(std::move(rows).error());
    if (auto flushed = flush_after_absence(); !flushed) return fail(std::move(flushed).error());
    const RowPublisher::Outcome outcome = row_publisher_.publish(*rows);
    note(outcome);
    auto removed = remove_finished();
    if (outcome.unconfirmed > 0) {
        return fail(Errc::unavailable, "publish what is in the outbox", outcome.reason);
    }
    if (!removed) return fail(std::move(removed).error());
    return rows->size();
}

// The time counts from before the failure: what was deleted meanwhile is not known.
Result<void> Sweeper::flush_after_absence() {
    const TimePoint now = world_.clock->now();
    const bool was_away = !looked_ || now - *looked_ >= options_.rows_kept;
    if (options_.rows_kept > Duration::zero() && was_away) {
        const RowPublisher::Outcome outcome = row_publisher_.flush();
        note(outcome);
        if (outcome.unconfirmed > 0) {
            return fail(Errc::unavailable, "tell every key after an absence", outcome.reason);
        }
    }
    looked_ = now;
    return {};
}

Result<void> Sweeper::remove_finished() {
    std::vector<RowId> ids;
    {
        const detail::Lock lock(mutex_);
        ids.swap(finished_);
    }
    // In one order, so that two publishers do not wait for each other.
    std::ranges::sort(ids);
    for (std::span<const RowId> left(ids); !left.empty();) {
        const auto some = left.first(std::min(left.size(), Sql::rows_max));
        auto removed = detail::guarded(removing, [&] { return rows_->remove(some); });
        if (!removed) {
            const detail::Lock lock(mutex_);
            keep_finished(left);
            return removed;
        }
        left = left.subspan(some.size());
    }
    return {};
}

void Sweeper::keep_finished(std::span<const RowId> ids) {
    if (finished_.size() < finished_max) finished_.insert(finished_.end(), ids.begin(), ids.end());
}

void Sweeper::note(const RowPublisher::Outcome& outcome) {
    {
        const detail::Lock lock(mutex_);
        keep_finished(outcome.finished);
        figures_.published += outcome.finished.size();
        figures_.unconfirmed += outcome.unconfirmed;
        figures_.malformed += outcome.malformed;
        figures_.flushes += outcome.flushes;
    }
    if (outcome.unconfirmed > 0) say("changes are not published yet", outcome.reason);
    if (outcome.malformed > 0) {
        const std::string tags = "1 to " + std::to_string(tag_bytes_max) + " bytes";
        say("rows of the outbox are malformed", std::to_string(outcome.malformed) +
                                                    " with a channel or a reach that does not "
                                                    "exist, or with a tag that is none (it has " +
                                                    tags + ", and its row no key)");
    }
}

void Sweeper::note_failure(const Result<std::size_t>& outcome) {
    const std::string failure = outcome ? "" : outcome.error().message();
    if (!outcome) say("the outbox is not read", failure);
    const detail::Lock lock(mutex_);
    figures_.failure = failure;
}

void Sweeper::say(std::string_view kind, std::string_view text) {
    if (!options_.log) return;
    const auto line = limiter_.admit(kind, text);
    if (!line) return;
    (void)detail::guarded({.name = "log"}, [&] { options_.log(LogLevel::warning, *line); });
}

// Between half of it and all of it: publishers that were started together do not look together.
Duration Sweeper::jittered(Duration pause) const {
    const auto half = static_cast<std::uint64_t>(pause.count() / 2) + 1;
    return pause - Duration(static_cast<Duration::rep>(world_.random() % half));
}

Publisher::Figures Sweeper::figures() const {
    const detail::Lock lock(mutex_);
    return figures_;
}

}  // namespace tutti::outbox
