// What changes a cache from outside: invalidations, by this node and by others, and offers.
#include <optional>
#include <utility>

#include "base/rules.hpp"
#include "base/text.hpp"
#include "load/cache_core.hpp"
#include "load/token.hpp"

namespace tutti {

namespace {

constexpr std::size_t destroyed_inline_max = 10'000;  // entries

}  // namespace

void CacheCore::remove(std::string_view key) {
    if (spec_.reach == Reach::every_key) return flush();
    const std::string text(key);
    Leavings leavings;
    const std::lock_guard lock(mutex_);
    counters_.invalidations.add();
    forget(text, leavings);
}

void CacheCore::flush() {
    std::optional<CacheMemory::Dropped> dropped;
    {
        const std::lock_guard lock(mutex_);
        counters_.flushes.add();
        retry_at_.clear();
        generation_.fetch_add(1);
        if (!memory_ || !kept(Rule::flush_drops_entries)) return;
        dropped.emplace(memory_->drop());
    }
    if (dropped->size() <= destroyed_inline_max || !dropping_) return;
    // Millions of destructors are no work for the thread that renews the lease. What no worker
    // takes is destroyed here.
    environment_.workers->try_post(*dropping_, [dropped = *std::move(dropped)] {});
}

void CacheCore::invalidate(std::optional<std::string> key, InvalidateOptions options,
                           std::move_only_function<void(Invalidation)> done) {
    if (home_.left()) {
        return done({.outcome = Invalidation::Outcome::unconfirmed,
                     .position = {},
                     .reason = HomeProcess::reason});
    }
    KeySet changed = KeySet::everything();
    if (key) changed = {.keys = {*std::move(key)}, .all = false};
    if (publisher_) publication_begins(changed);
    if (kept(Rule::own_removal_first)) {
        if (changed.all) {
            flush();
        } else {
            remove(changed.keys.front());
        }
    }
    if (!publisher_) {
        return done({.outcome = Invalidation::Outcome::done, .position = {}, .reason = {}});
    }
    const auto publisher = publisher_->lock();
    if (!publisher) return Publisher::refuse(*this, changed, Publisher::stopped, std::move(done));
    publisher->publish(shared_from_this(), std::move(changed), options, std::move(done));
}

void CacheCore::publication_begins(const KeySet& changed) {
    const std::lock_guard lock(mutex_);
    if (changed.all) ++publishing_all_;
    for (const std::string& key : changed.keys) ++publishing_[key];
}

void CacheCore::publication_ended(const KeySet& changed) {
    const std::lock_guard lock(mutex_);
    if (changed.all) --publishing_all_;
    for (const std::string& key : changed.keys) {
        const auto found = publishing_.find(key);
        if (--found->second == 0) publishing_.erase(found);
    }
}

bool CacheCore::may_use_store(const std::string& text) const {
    if (!store_ || !gate_->open(environment_.clock->now())) return false;
    const bool publishing = publishing_all_ > 0 || publishing_.contains(text);
    return !publishing || !kept(Rule::unpublished_bypasses_store);
}

void CacheCore::offer(std::string text, std::shared_ptr<const void> value, Duration timeout,
                      Completion<Filled> done) {
    const std::string operation = "offer " + spec_.name;
    if (!store_) return done(fail(Errc::invalid_option, operation, "the cache has no store"));
    if (!serves()) return done(fail(refusal("offer")));
    if (auto good = admitted(value.get()); !good) {
        good.error().operation = operation;
        return done(fail(std::move(good).error()));
    }
    const bool allowed = [&] {
        const std::lock_guard lock(mutex_);
        return may_use_store(text);
    }();
    if (!allowed) {
        return done(fail(Errc::unavailable, operation,
                         "an invalidation of this node is not published yet"));
    }
    // The store has one deadline for all; a shorter one of the caller's ends the wait only.
    const detail::RawLoaded loaded{
        .value = std::move(value), .answer = Answer::found, .detail = {}};
    Error stopped{Errc::stopped, operation, "the node was stopped"};
    auto once =
        std::make_shared<Completion<Filled>>(pending_->track(std::move(done), std::move(stopped)));
    const auto timer = environment_.executor->run_at(
        saturating_add(environment_.clock->now(), timeout), [once, operation, timeout] {
            (*once)(fail(Errc::timeout, operation,
                         "the store has not answered within the deadline of " +
                             in_milliseconds(timeout) + "; it may still take the value"));
        });
    store_->offer(text, random_token(environment_.random), loaded, spec_.store->ttl->lifetime(),
                  [self = shared_from_this(), text, once, timer](Result<Filled> filled) {
                      self->environment_.executor->cancel(timer);
                      // The next read takes it from the store.
                      if (filled && *filled == Filled::stored) self->forget(text);
                      (*once)(std::move(filled));
                  });
}

void CacheCore::forget(const std::string& text) {
    Leavings leavings;
    const std::lock_guard lock(mutex_);
    forget(text, leavings);
}

void CacheCore::forget(const std::string& text, Leavings& leavings) {
    retry_at_.erase(text);
    if (memory_ && kept(Rule::removal_takes_last_known_good)) {
        memory_->erase(text, leavings.entries);
    } else if (auto found = memory_
                                ? memory_->find(text, environment_.clock->now(), leavings.entries)
                                : std::nullopt) {
        found->value.fresh_until = TimePoint{};
        memory_->put(text, std::move(found->value), Ttl::never(), leavings.entries);
    }
    const auto found = slots_.find(text);
    if (found == slots_.end() || !kept(Rule::poison_running_flights)) return;
    for (const auto& flight : found->second.active) flight->poisoned |= flight->reading;
}

}  // namespace tutti
