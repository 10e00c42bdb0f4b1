#include "load/reservation_core.hpp"

#include <utility>

#include "load/token.hpp"

namespace tutti {

struct ReservationCore::Try {
    std::string key;
    std::string stored;
    TimePoint deadline;
    Completion<detail::RawAttempt> done;
    bool again = false;
    bool answered = false;  // by the store, once
};

ReservationCore::ReservationCore(detail::ReservationSpec spec, LoadEnvironment environment,
                                 std::string prefix)
    : spec_(std::move(spec)),
      environment_(std::move(environment)),
      prefix_(std::move(prefix)),
      take_back_(
          std::make_shared<TakeBack>(*environment_.clock, environment_.executor, *spec_.window)) {}

void ReservationCore::close() {
    phase_.store(Phase::closed);
    take_back_->close();
    pending_->close();
}

std::optional<Error> ReservationCore::refused(const std::string& operation) const {
    if (home_.left()) return HomeProcess::error(operation + " " + spec_.name);
    switch (phase_.load()) {
    case Phase::open: return std::nullopt;
    case Phase::closed: return stopped(operation);
    case Phase::declared: break;
    }
    return Error{Errc::not_started, operation + " " + spec_.name, "call Node::start first"};
}

Error ReservationCore::stopped(const std::string& operation) const {
    return {Errc::stopped, operation + " " + spec_.name, "the node was stopped"};
}

void ReservationCore::report(std::string_view function, const Error& error) noexcept {
    environment_.log.limited(
        LogLevel::error, "reservation " + spec_.name + ": " + std::string(function), error.cause);
}

void ReservationCore::reserve(std::string key, std::string note, Duration timeout,
                              Completion<detail::RawAttempt> done) {
    if (auto error = refused("reserve")) return done(fail(*std::move(error)));
    if (note.size() > spec_.note_bytes_max) {
        return done(fail(Errc::too_large, "reserve " + spec_.name,
                         "the note has " + std::to_string(note.size()) + " bytes, allowed are " +
                             std::to_string(spec_.note_bytes_max) +
                             ": raise ReservationOptions::note_bytes_max"));
    }
    std::string stored = is_raw() ? std::move(note) : random_token(environment_.random) + note;
    put(std::make_shared<Try>(Try{.key = prefix_ + key,
                                  .stored = std::move(stored),
                                  .deadline = saturating_add(environment_.clock->now(), timeout),
                                  .done = pending_->track(std::move(done), stopped("reserve"))}));
}

void ReservationCore::put(const std::shared_ptr<Try>& attempt) {
    const Store::PutOptions how{.ttl = *spec_.window, .condition = Store::Condition::if_absent};
    environment_.store->put(
        attempt->key, attempt->stored, how, attempt->deadline,
        [self = shared_from_this(), attempt](const Result<bool>& written) {
            if (!written) return self->not_written(*attempt, written.error());
            attempt->answered = true;
            if (!*written) return self->look(attempt);
            self->counters_.misses.add();
            attempt->done(detail::RawAttempt{
                .granted = true, .stored = std::move(attempt->stored), .degraded = {}});
        });
}

void ReservationCore::look(const std::shared_ptr<Try>& attempt) {
    environment_.store->get(
        attempt->key, attempt->deadline,
        [self = shared_from_this(), attempt](Result<std::optional<std::string>> found) {
            // Something is there; that it cannot be read does not make it free.
            const bool unreadable = !found && found.error().code == Errc::too_large;
            if (!found && !unreadable) return self->cannot_say(*attempt, found.error());
            if (!unreadable && !*found) {
                if (!std::exchange(attempt->again, true)) return self->put(attempt);
                return self->cannot_say(*attempt, {Errc::unavailable, "reserve " + self->spec_.name,
                                                   "the holder vanished twice"});
            }
            self->counters_.hits.add();
            attempt->done(
                detail::RawAttempt{.granted = false,
                                   .stored = unreadable ? std::string() : **std::move(found),
                                   .degraded = {}});
        });
}

// Whether it is in the store is not known. When the action happens all the same, it is better
// there.
void ReservationCore::not_written(Try& attempt, const Error& error) {
    if (refuses(error) && TakeBack::may_be_written(error)) {
        take_back_->take(removal(attempt.key, attempt.stored));
    }
    cannot_say(attempt, error);
}

void ReservationCore::cannot_say(Try& attempt, Error error) {
    error.unsent = error.unsent && !attempt.answered;
    counters_.store_failures.add();
    if (refuses(error)) return attempt.done(fail(std::move(error)));
    attempt.done(detail::RawAttempt{.granted = true,
                                    .guarded = false,
                                    .stored = std::move(attempt.stored),
                                    .degraded = error.message()});
}

bool ReservationCore::refuses(const Error& error) const {
    return *spec_.when_store_fails == WhenStoreFails::refuse || error.code == Errc::stopped;
}

void ReservationCore::confirm(std::string key, std::string stored, Duration timeout,
                              Completion<bool> done) {
    if (auto error = refused("confirm")) return done(fail(*std::move(error)));
    done = pending_->track(std::move(done), stopped("confirm"));
    std::string same = stored;
    environment_.store->replace_if_equal(
        prefix_ + key, std::move(stored), std::move(same), *spec_.window,
        saturating_add(environment_.clock->now(), timeout), std::move(done));
}

void ReservationCore::release(std::string key, std::string stored, Duration timeout,
                              Completion<bool> done) {
    if (auto error = refused("release")) return done(fail(*std::move(error)));
    done = pending_->track(std::move(done), stopped("release"));
    key = prefix_ + key;
    environment_.store->erase_if_equal(
        key, stored, saturating_add(environment_.clock->now(), timeout),
        [take_back = take_back_, remove = removal(key, stored),
         done = std::move(done)](Result<bool> released) mutable {
            if (!released && TakeBack::may_be_left(released.error())) {
                take_back->take(std::move(remove));
            }
            done(std::move(released));
        });
}

TakeBack::Remove ReservationCore::removal(std::string key, std::string stored) const {
    return [store = environment_.store, key = std::move(key), stored = std::move(stored)](
               TimePoint deadline, Completion<bool> done) {
        store->erase_if_equal(key, stored, deadline, std::move(done));
    };
}

void ReservationCore::count(Duration timeout, Completion<std::size_t> done) {
    if (auto error = refused("count")) return done(fail(*std::move(error)));
    done = pending_->track(std::move(done), stopped("count"));
    environment_.store->count(prefix_, saturating_add(environment_.clock->now(), timeout),
                              std::move(done));
}

std::optional<std::string_view> ReservationCore::note_of(std::string_view stored) const {
    if (is_raw()) return stored;
    if (stored.size() < token_bytes) return std::nullopt;
    return stored.substr(token_bytes);
}

}  // namespace tutti
