// How a reservation's handle asks its core: blocking and with a token, by the same calls.
//
// Thread-safety: every function from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/codec.hpp"
#include "tutti/detail/async_start.hpp"
#include "tutti/detail/calls.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/own_threads.hpp"
#include "tutti/detail/reservation_core.hpp"
#include "tutti/detail/wait_for.hpp"
#include "tutti/error.hpp"
#include "tutti/key.hpp"

namespace tutti {

template <class T>
class Attempt;

namespace detail {

template <Key K, class T>
class Reserving {
public:
    Reserving(std::shared_ptr<ReservationCore> core, Codec<T> codec) noexcept
        : core_(std::move(core)), codec_(std::move(codec)) {}

    // What calls its argument with the answer, as AsyncStart wants it. They own what they need.
    [[nodiscard]] auto to_reserve(const K& key, const T& note, Duration deadline) const {
        auto bytes =
            guarded(function("codec.encode", Errc::protocol), [&] { return codec_.encode(note); });
        auto text = text_of(key, "reserve", core_->name());
        return [self = *this, bytes = std::move(bytes), text = std::move(text),
                deadline](auto done) mutable {
            if (!bytes) return done(fail(std::move(bytes).error()));
            if (!text) return done(fail(std::move(text).error()));
            self.core_->reserve(
                *text, *std::move(bytes), deadline,
                [self, key = *text, done = std::move(done)](Result<RawAttempt> raw) mutable {
                    if (!raw) return done(fail(std::move(raw).error()));
                    done(self.attempt(std::move(key), *std::move(raw)));
                });
        };
    }
    [[nodiscard]] auto to_confirm(const Attempt<T>& attempt, Duration deadline) const {
        return [core = core_, attempt, deadline](auto done) {
            if (!attempt.granted() || !attempt.guarded()) return done(attempt.granted());
            core->confirm(attempt.key_, attempt.raw_.stored, deadline, std::move(done));
        };
    }
    [[nodiscard]] auto to_release(const Attempt<T>& attempt, Duration deadline) const {
        return [core = core_, attempt, deadline](auto done) {
            if (!attempt.granted()) return done(false);
            core->release(attempt.key_, attempt.raw_.stored, deadline, std::move(done));
        };
    }
    [[nodiscard]] auto to_count(Duration deadline) const {
        return [core = core_, deadline](auto done) { core->count(deadline, std::move(done)); };
    }

    // What releases an attempt that no caller was given.
    [[nodiscard]] auto giving_back() const {
        return [core = core_](const Result<Attempt<T>>& attempt) {
            if (!attempt || !attempt->granted()) return;
            constexpr Duration deadline = std::chrono::seconds{2};
            core->release(attempt->key_, attempt->raw_.stored, deadline,
                          [](const Result<bool>&) {});
        };
    }

    template <class Answer, class Start>
    [[nodiscard]] Result<Answer> waited(std::string_view operation, Start&& start) const {
        if (auto error = cannot_wait(operation, core_->name())) {
            return fail(*std::move(error));
        }
        return wait_for<Result<Answer>>(std::forward<Start>(start));
    }
    template <class Answer, class Start, class Token, class Take = NotTaken>
    auto run(Start start, Token&& token, Take not_taken = {}) const {
        return AsyncStart<std::decay_t<Token>, Result<Answer>>::run(
            std::move(start), std::forward<Token>(token), ReportTo(core_), std::move(not_taken));
    }

private:
    [[nodiscard]] Attempt<T> attempt(std::string key, RawAttempt raw) const {
        std::optional<T> held;
        if (const auto found = raw.granted ? std::nullopt : core_->note_of(raw.stored)) {
            auto decoded = guarded(function("codec.decode", Errc::protocol),
                                   [&] { return codec_.decode(*found); });
            if (decoded) held.emplace(*std::move(decoded));
        }
        return Attempt<T>(std::move(key), std::move(raw), std::move(held));
    }
    [[nodiscard]] UserFunction function(std::string_view name, Errc code) const {
        return {.name = name, .operation = "reserve", .cache = core_->name(), .code = code};
    }

    std::shared_ptr<ReservationCore> core_;  // never null
    Codec<T> codec_;
};

}  // namespace detail

}  // namespace tutti
