// At most once per key and window in the whole fleet: a request that arrives twice is handled once.
//
//     auto dedup = node->reservation<std::string>({
//         .name = "request-dedup", .caches = "request hashes",
//         .window = 5s, .when_store_fails = tutti::WhenStoreFails::refuse});
//     auto attempt = dedup.reserve(key, job_id);        // before the action
//     if (!attempt) return unavailable();               // the store cannot say
//     if (!attempt->granted()) return attempt->held();  // the job id of the request that came
//     first if (!enqueue(job_id)) dedup.release(*attempt);    // not done after all: free again
//
// Reserve *before* the action: a process that dies in between blocks the key for one window, and
// never does the action twice. `release` and `confirm` compare what is stored with what this
// attempt has stored, so a late one never touches a reservation that another attempt holds by now.
//
// An attempt that ends in an error holds nothing. When the store did not answer, it may have taken
// the reservation all the same, or take it when it wakes; so the node deletes it again, by
// comparison, right behind the attempt and for as long as the store does not confirm it. In
// between, a second attempt may be refused by the first one's note: what a note names need not
// exist yet, or ever, because its holder may also have died before the action. Look whether it does
// before you answer with it.
//
// Not promised: once for ever. After the window, after a restart of the store that lost it, or when
// WhenStoreFails::allow let it through, the same key is granted again.
//
// Thread-safety: every function from any thread. Blocking: one round trip, two when the key is
// held; at most the deadline. Requires: not on a node's own thread; checked. With a token as its
// last argument a function does not block, and may be called anywhere.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/codec.hpp"
#include "tutti/detail/loader_shape.hpp"
#include "tutti/detail/reservation_core.hpp"
#include "tutti/detail/reserving.hpp"
#include "tutti/error.hpp"
#include "tutti/key.hpp"
#include "tutti/policy.hpp"

namespace tutti {

// What `reserve` answers while the store cannot be asked. There is no right default.
enum class WhenStoreFails : unsigned char {
    refuse,  // an error: the action does not happen (fail closed)
    allow,   // granted, and marked as not guarded: it may happen twice (fail open)
};

[[nodiscard]] constexpr std::string_view to_string(WhenStoreFails what) noexcept {
    switch (what) {
    case WhenStoreFails::refuse: return "refuse";
    case WhenStoreFails::allow: return "allow";
    }
    return "unknown";
}

// T: the note that a holder leaves for those who come second, such as the id of the job.
template <class T>
struct ReservationOptions {
    static_assert(detail::is_plain_value<T>());

    std::string name;    // mandatory
    std::string caches;  // mandatory

    std::optional<OptionDuration> window = std::nullopt;            // mandatory; at least 1 ms
    std::optional<WhenStoreFails> when_store_fails = std::nullopt;  // mandatory

    Codec<T> codec = {};  // mandatory unless T is std::string
    std::size_t note_bytes_max = 4096;
    // Empty: under a name of ours, with a token of ours in front of the note. Otherwise the key is
    // `raw_prefix` + the key's text and the value exactly the note, for programs that know nothing
    // of Tutti; then each attempt's note must be unique, because it is what tells its owner. It may
    // not overlap with that of another declaration (StoreTier::raw_prefix).
    std::string raw_prefix = {};

    std::string note = {};  // printed by the audit
};

namespace detail {

struct ReservationSpec {
    std::string name;
    std::string caches;
    std::optional<OptionDuration> window;
    std::optional<WhenStoreFails> when_store_fails;
    std::size_t note_bytes_max = 0;
    std::string raw_prefix;
    bool has_codec = false;
    std::string note;
};

template <class T>
ReservationSpec untyped(ReservationOptions<T> options) {
    return {.name = std::move(options.name),
            .caches = std::move(options.caches),
            .window = options.window,
            .when_store_fails = options.when_store_fails,
            .note_bytes_max = options.note_bytes_max,
            .raw_prefix = std::move(options.raw_prefix),
            .has_codec = static_cast<bool>(options.codec),
            .note = std::move(options.note)};
}

}  // namespace detail

// The outcome of one `reserve`.
template <class T>
class Attempt {
public:
    Attempt() noexcept = default;  // not granted; what coroutines need to begin with
    Attempt(std::string key, detail::RawAttempt raw, std::optional<T> held) noexcept
        : key_(std::move(key)), raw_(std::move(raw)), held_(std::move(held)) {}

    [[nodiscard]] bool granted() const noexcept { return raw_.granted; }
    // Not granted: the holder's note; empty when it cannot be read, which is held all the same.
    [[nodiscard]] const std::optional<T>& held() const noexcept { return held_; }
    // False: granted because the store failed and the declaration allows it.
    [[nodiscard]] bool guarded() const noexcept { return raw_.guarded; }
    [[nodiscard]] const std::string& degraded() const noexcept { return raw_.degraded; }

private:
    template <Key K, class U>
    friend class detail::Reserving;

    std::string key_;
    detail::RawAttempt raw_;
    std::optional<T> held_;
};

// Made by `Node::reservation`. Example: examples/reservation.cpp
template <Key K, class T = std::string>
class Reservation {
public:
    Reservation(std::shared_ptr<detail::ReservationCore> core, Codec<T> codec) noexcept
        : reserving_(std::move(core), std::move(codec)) {}

    // Errors: unavailable, timeout and their likes of the store, with WhenStoreFails::refuse;
    // too_large and what the codec says; not_started, stopped; wrong_thread, for all four
    // functions, in a loader and in a completion. After an error of the store the key is freed in
    // the background; only after `stopped`, or a crash, it may stay reserved for one window.
    [[nodiscard]] Result<Attempt<T>> reserve(const K& key, const T& note,
                                             Duration deadline = usual_deadline) const {
        return reserving_.template waited<Attempt<T>>("reserve",
                                                      reserving_.to_reserve(key, note, deadline));
    }
    // The same without blocking, in a loader and in a completion, too; `token` as for
    // `ReadableCache::get`, it takes what the blocking form returns. The note is decoded on an
    // unspecified thread. Cancelled by its token, it holds nothing: what is granted afterwards is
    // released in the background. A coroutine that drops an answer that it was given, as the loser
    // of a race does, has the reservation until its window ends.
    template <class Token>
        requires(!std::convertible_to<Token, Duration>)
    auto reserve(const K& key, const T& note, Token&& token) const {
        return reserve(key, note, usual_deadline, std::forward<Token>(token));
    }
    template <class Token>
    auto reserve(const K& key, const T& note, Duration deadline, Token&& token) const {
        return reserving_.template run<Attempt<T>>(reserving_.to_reserve(key, note, deadline),
                                                   std::forward<Token>(token),
                                                   reserving_.giving_back());
    }

    // The window begins anew: the action is under way. False: it is not ours any more.
    // Errors: of the store; the reservation then ends with its window.
    [[nodiscard]] Result<bool> confirm(const Attempt<T>& attempt,
                                       Duration deadline = usual_deadline) const {
        return reserving_.template waited<bool>("confirm",
                                                reserving_.to_confirm(attempt, deadline));
    }
    template <class Token>
        requires(!std::convertible_to<Token, Duration>)
    auto confirm(const Attempt<T>& attempt, Token&& token) const {
        return confirm(attempt, usual_deadline, std::forward<Token>(token));
    }
    template <class Token>
    auto confirm(const Attempt<T>& attempt, Duration deadline, Token&& token) const {
        return reserving_.template run<bool>(reserving_.to_confirm(attempt, deadline),
                                             std::forward<Token>(token));
    }

    // The action has not happened: free for the next attempt. False: it was not ours any more, and
    // was left alone. Errors: of the store; it goes on trying in the background. One that is not
    // guarded is released, too: the store may have taken it without an answer.
    Result<bool> release(const Attempt<T>& attempt, Duration deadline = usual_deadline) const {
        return reserving_.template waited<bool>("release",
                                                reserving_.to_release(attempt, deadline));
    }
    template <class Token>
        requires(!std::convertible_to<Token, Duration>)
    auto release(const Attempt<T>& attempt, Token&& token) const {
        return release(attempt, usual_deadline, std::forward<Token>(token));
    }
    template <class Token>
    auto release(const Attempt<T>& attempt, Duration deadline, Token&& token) const {
        return reserving_.template run<bool>(reserving_.to_release(attempt, deadline),
                                             std::forward<Token>(token));
    }

    // How many are held now, in the whole fleet. Reads all names of the store: for a gauge.
    [[nodiscard]] Result<std::size_t> count(Duration deadline = usual_deadline) const {
        return reserving_.template waited<std::size_t>("count", reserving_.to_count(deadline));
    }
    template <class Token>
        requires(!std::convertible_to<Token, Duration>)
    auto count(Token&& token) const {
        return count(usual_deadline, std::forward<Token>(token));
    }
    template <class Token>
    auto count(Duration deadline, Token&& token) const {
        return reserving_.template run<std::size_t>(reserving_.to_count(deadline),
                                                    std::forward<Token>(token));
    }

private:
    static constexpr Duration usual_deadline = std::chrono::seconds{2};

    detail::Reserving<K, T> reserving_;
};

}  // namespace tutti
