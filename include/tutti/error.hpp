// Expected failures are values. A function that can fail in a way that its caller must handle returns
// `Result<T>`; absence ("not in the cache", "the source has no such row") is a value and never an error.
//
// Thread-safety: plain values. Nobody matches `cause`: it is for people, and it never holds a secret.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tutti {

// Stable: numbers are not reused, and a caller may switch on them.
enum class Errc : std::uint8_t {
    invalid_option = 1,  // the caller's configuration; `cause` names every option that is wrong
    timeout,             // the deadline passed; the work may still happen
    unavailable,         // the other side cannot be reached now; retry later
    refused,      // the other side answered: not allowed (password, ACL, read-only, wrong role)
    unsupported,  // the other side is too old or is something else
    protocol,     // the other side sent what it must not send
    too_large,    // over a documented size limit
    overloaded,   // a bounded queue is full; retry later
    load_failed,  // the user's loader returned an error or threw
    suspect,      // cannot be proven fresh now, and the cache is declared `fail` for that case
    not_started,  // used before `Node::start`
    stopped,      // used during or after `Node::stop`
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
    }
    return "unknown";
}

struct Error {
    Errc code{};
    std::string operation;  // what was attempted: "redis connect", "load channel-activation"
    std::string cause;      // what went wrong and what to do about it

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

// std::expected that the compiler does not let anybody ignore.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
public:
    using std::expected<T, Error>::expected;
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
