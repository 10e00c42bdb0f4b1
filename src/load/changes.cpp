// What changes a cache from outside: invalidations, by this node and by others, and offers.
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "load/cache_core.hpp"
#include "load/leavings.hpp"
#include "load/token.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti {
namespace {

constexpr std::size_t carriers_max = 10'000;  // that a tag removes one by one

}  // namespace

void CacheCore::remove(std::string_view key) {
    if (spec().reach != Reach::every_key) basis_->counters.invalidations.add();
    drop(key);
}

void CacheCore::remove_tagged(std::string_view tag) {
    if (spec().reach != Reach::every_key && spec().tagged) basis_->counters.invalidations.add();
    drop_tagged(tag);
}

void CacheCore::drop(std::string_view key) {
    if (spec().reach == Reach::every_key) return flush();
    const std::string text(key);
    Leavings leavings;
    const detail::Lock lock(state_->mutex);
    state_->forget(text, leavings);
    basis_->tell(CacheEvent::Kind::invalidated, text);
}

// It stands for the keys that carry it. So many that the thread which renews the lease would be
// late are dropped with all the others, in O(1).
void CacheCore::drop_tagged(std::string_view tag) {
    if (spec().reach == Reach::every_key) return flush();
    if (!spec().tagged) return;
    const std::string name(tag);
    Leavings leavings;
    {
        const detail::Lock lock(state_->mutex);
        if (state_->shelf.carriers_of(name) <= carriers_max)
            return state_->forget_tagged(name, leavings);
    }
    flush();
}

void CacheCore::flush() {
    Dropped dropped = [&] {
        const detail::Lock lock(state_->mutex);
        basis_->counters.flushes.add();
        basis_->tell(CacheEvent::Kind::invalidated, {});
        return state_->drop();
    }();
    state_->front.sweep(std::move(dropped));
}

void CacheCore::invalidate(KeySet changed, InvalidateOptions options,
                           std::move_only_function<void(Invalidation)> done) {
    if (basis_->home.left()) return Publisher::refuse_in_child(std::move(done));
    if (publisher_) publication_begins(changed);
    // What is published is counted when it is heard.
    if (changed.all) flush();
    for (const std::string& key : changed.keys) publisher_ ? drop(key) : remove(key);
    for (const std::string& tag : changed.tags) publisher_ ? drop_tagged(tag) : remove_tagged(tag);
    if (!publisher_) {
        return done({.outcome = Invalidation::Outcome::done, .position = {}, .reason = {}});
    }
    Publisher::publish_if_there(*publisher_, shared_from_this(), std::move(changed), options,
                                counting(shared_from_this(), basis_->counters, std::move(done)));
}

detail::Invalidated::Destination CacheCore::destination() const {
    return publisher_ ? Publisher::destination_of(*publisher_, spec().plain) : Destination{};
}

bool CacheCore::takes_at_once(const KeySet& changed) const {
    const auto publisher = publisher_ ? publisher_->lock() : nullptr;
    return !publisher || publisher->takes_at_once(changed);
}

void CacheCore::publication_begins(const KeySet& changed) {
    const detail::Lock lock(state_->mutex);
    state_->publications.begin(changed);
}

void CacheCore::publication_ended(const KeySet& changed) {
    const detail::Lock lock(state_->mutex);
    state_->publications.end(changed);
}

void CacheCore::offer(std::string text, std::shared_ptr<const void> value, Duration timeout,
                      Completion<Filled> done) {
    const std::string operation = "offer " + spec().name;
    if (!store_) return done(fail(Errc::invalid_option, operation, "the cache has no store"));
    if (spec().tagged) {
        return done(fail(Errc::invalid_option, operation,
                         "the cache is `tagged`, and an offered value has no loader that gives it "
                         "tags: use reload"));
    }
    if (!basis_->serves()) return done(fail(basis_->refusal("offer")));
    if (auto good = basis_->user.admitted(value.get()); !good) {
        good.error().operation = operation;
        return done(fail(std::move(good).error()));
    }
    const bool allowed = [&] {
        const detail::Lock lock(state_->mutex);
        return state_->publications.may_use_store(text, basis_->now());
    }();
    if (!allowed) {
        return done(fail(Errc::unavailable, operation,
                         "an invalidation of this node is not published yet"));
    }
    const detail::RawLoaded loaded{
        .value = std::move(value), .answer = Answer::found, .detail = {}};
    store_offered(text, loaded, timeout, std::move(done));
}

// The store has one deadline for all; a shorter one of the caller's ends the wait only.
void CacheCore::store_offered(const std::string& text, const detail::RawLoaded& loaded,
                              Duration timeout, Completion<Filled> done) {
    const std::string operation = "offer " + spec().name;
    const auto executor = basis_->environment.executor;
    Error stopped{Errc::stopped, operation, "the node was stopped"};
    // Set before the caller is told; a claim that is confirmed later is beyond the call (S13).
    const auto answered = std::make_shared<std::atomic<bool>>(false);
    auto once = std::make_shared<Completion<Filled>>(pending_->track<Filled>(
        [answered, done = std::move(done)](Result<Filled> filled) mutable {
            answered->store(true);
            done(std::move(filled));
        },
        std::move(stopped)));
    const auto timer =
        executor->run_at(saturating_add(basis_->now(), timeout), [once, operation, timeout] {
            (*once)(fail(Errc::timeout, operation,
                         "the store has not answered within the deadline of " +
                             in_milliseconds(timeout) + "; it may still take the value"));
        });
    store_->offer(
        text, random_token(basis_->environment.random), loaded, spec().store->ttl->lifetime(),
        [answered] { return !answered->load(); },
        [self = shared_from_this(), text, once, timer](Result<Filled> filled) {
            self->basis_->environment.executor->cancel(timer);
            // The next read takes it from the store.
            if (filled && *filled == Filled::stored) {
                Leavings leavings;
                const detail::Lock lock(self->state_->mutex);
                self->state_->forget(text, leavings);
            }
            (*once)(std::move(filled));
        });
}

}  // namespace tutti
