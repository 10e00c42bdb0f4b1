// Expected failures are values. A function that can fail in a way that its caller must handle
// returns `Result<T>`; absence ("not in the cache", "the source has no such row") is a value and
// never an error.
//
// Thread-safety: plain values. `cause` is not for matching: it is for people, and it never holds a
// secret.
#pragma once

#include <cstdint>
#include <exception>
#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tutti/detail/last_words.hpp"

namespace tutti {

// Stable: numbers are not reused, and a caller may switch on them.
enum class Errc : std::uint8_t {
    invalid_option = 1,  // the caller's configuration; `cause` names every option that is wrong
    timeout,             // the deadline passed; the work may still happen
    unavailable,         // the other side cannot be reached now; retry later
    refused,       // the other side answered: not allowed (password, ACL, read-only, wrong role)
    unsupported,   // the other side is too old or is something else
    protocol,      // the other side sent what it must not send
    too_large,     // over a documented size limit
    overloaded,    // a bounded queue is full; retry later
    load_failed,   // the user's loader returned an error or threw
    suspect,       // cannot be proven fresh now, and the cache is declared `fail` for that case
    not_started,   // used before `Node::start`
    stopped,       // used during or after `Node::stop`, or in a child that was forked
    cancelled,     // the caller waits no longer; the work goes on
    wrong_thread,  // a blocking call in a loader or a completion: use the form with a completion
};

[[nodiscard]] constexpr std::string_view to_string(Errc code) noexcept {
    switch (code) {
    case Errc::invalid_option: return "invalid option";
    case Errc::timeout: return "timeout";
    case Errc::unavailable: return "unavailable";
    case Errc::refused: return "refused";
    case Errc::unsupported: return "unsupported";
    case Errc::protocol: return "protocol error";
    case Errc::too_large: return "too large";
    case Errc::overloaded: return "overloaded";
    case Errc::load_failed: return "load failed";
    case Errc::suspect: return "suspect";
    case Errc::not_started: return "not started";
    case Errc::stopped: return "stopped";
    case Errc::cancelled: return "cancelled";
    case Errc::wrong_thread: return "wrong thread";
    }
    return "unknown";
}

struct Error {
    Errc code{};
    std::string operation;  // what was attempted: "redis connect", "load channel-activation"
    std::string cause;      // what went wrong and what to do about it
    // The other side was not asked, and never will be: the call has no effect. False: that is not
    // known, or it was asked for a part.
    bool unsent = false;

    // True when the same call may succeed later without a change by the caller.
    [[nodiscard]] constexpr bool retryable() const noexcept {
        return code == Errc::timeout || code == Errc::unavailable || code == Errc::overloaded ||
               code == Errc::load_failed || code == Errc::suspect;
    }

    // "redis connect: unavailable: 127.0.0.1:6379 refused the connection"
    [[nodiscard]] std::string message() const {
        std::string text = operation;
        text += text.empty() ? "" : ": ";
        text += to_string(code);
        if (!cause.empty()) text.append(": ").append(cause);
        return text;
    }

    friend bool operator==(const Error&, const Error&) = default;
};

// What `value()` of a failed Result throws; its text is the error's message.
class BadResult : public std::bad_expected_access<Error> {
public:
    explicit BadResult(Error error)
        : std::bad_expected_access<Error>(std::move(error)), text_(this->error().message()) {}
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string text_;
};

namespace detail {

// What std::expected leaves undefined ends the program and says why, in release builds too.
template <class T>
class CheckedResult : public std::expected<T, Error> {
    using Base = std::expected<T, Error>;
    using Reference = std::add_lvalue_reference_t<T>;
    using ConstReference = std::add_lvalue_reference_t<std::add_const_t<T>>;
    using Moved = std::add_rvalue_reference_t<T>;

public:
    using Base::Base;

    // Require: has_value().
    constexpr Reference operator*() & noexcept { return require_value(), Base::operator*(); }
    constexpr ConstReference operator*() const& noexcept {
        return require_value(), Base::operator*();
    }
    constexpr Moved operator*() && noexcept {
        return require_value(), std::move(*this).Base::operator*();
    }
    constexpr auto* operator->() noexcept { return require_value(), Base::operator->(); }
    constexpr auto* operator->() const noexcept { return require_value(), Base::operator->(); }

    // Throw BadResult when there is none.
    constexpr Reference value() & { return throw_without_value(), Base::operator*(); }
    constexpr ConstReference value() const& { return throw_without_value(), Base::operator*(); }
    constexpr Moved value() && { return throw_without_value(), std::move(*this).Base::operator*(); }

    // Require: !has_value().
    constexpr Error& error() & noexcept { return require_error(), Base::error(); }
    constexpr const Error& error() const& noexcept { return require_error(), Base::error(); }
    constexpr Error&& error() && noexcept {
        return require_error(), std::move(*this).Base::error();
    }

private:
    constexpr void require_value() const noexcept {
        if (this->has_value()) [[likely]]
            return;
        last_words(
            "a Result that holds an error was dereferenced (ask it first, or call value(), "
            "which throws): " +
            Base::error().message());
    }
    constexpr void require_error() const noexcept {
        if (this->has_value()) last_words("error() of a Result that holds a value; ask it first");
    }
    constexpr void throw_without_value() const {
        if (!this->has_value()) throw BadResult(Base::error());
    }
};

}  // namespace detail

// std::expected that the compiler does not let a caller ignore, and that explains its misuse.
template <class T>
class [[nodiscard]] Result : public detail::CheckedResult<T> {
public:
    using detail::CheckedResult<T>::CheckedResult;
};

// `return fail(Errc::timeout, "redis GET", "no reply within 1000 ms");`
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string operation,
                                                 std::string cause = {}) {
    return std::unexpected(Error{code, std::move(operation), std::move(cause)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
    return std::unexpected(std::move(error));
}

}  // namespace tutti
