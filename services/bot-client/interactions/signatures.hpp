// Whether an interaction that came over HTTP is Discord's: Ed25519 over the timestamp and the body,
// with the key of the application (developer portal, General Information, Public Key).
//
// Discord sends wrong signatures on purpose and removes the URL of an endpoint that takes one. A
// right one proves who has signed, not that it comes for the first time: so a timestamp must be of
// now, and within that time a message is taken once.
//
// Thread-safety: all functions may be called from any thread. Blocking: never; about 100 us for a
// body of some kilobytes.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/process/timestamps.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::interactions {

enum class SignatureVerdict : std::uint8_t {
    valid,
    malformed,  // no 128 hexadecimal digits, or no number of seconds
    too_large,  // the body
    too_old,    // or from the future
    forged,
    repeated,    // it was taken before
    overloaded,  // more in a short time than can be remembered
};
inline constexpr std::size_t signature_verdicts = 7;
[[nodiscard]] std::string_view to_string(SignatureVerdict verdict) noexcept;

class Signatures {
public:
    struct Options {
        std::string public_key;              // 64 hexadecimal digits
        std::chrono::seconds tolerance{60};  // between Discord's clock and ours
        std::size_t body_bytes_max = 1UL << 20U;
        std::size_t remembered_max = 100'000;  // some 10 MB
    };

    // Errors: invalid_option.
    [[nodiscard]] static Result<Signatures> create(Options options);
    Signatures(Signatures&& other) noexcept;

    // The texts of X-Signature-Ed25519 and X-Signature-Timestamp, and the body byte by byte.
    [[nodiscard]] SignatureVerdict judge(std::string_view signature, std::string_view timestamp,
                                         std::string_view body, process::UnixTime now);

private:
    using Key = std::array<unsigned char, 32>;
    using Digest = std::array<unsigned char, 16>;

    Signatures(Options options, const Key& key);
    [[nodiscard]] SignatureVerdict remember(const std::string& message, process::UnixTime until,
                                            process::UnixTime now);

    Options options_;
    Key key_;
    detail::Mutex mutex_;
    // Of what was taken, and until when it would be taken again.
    std::set<std::pair<process::UnixTime, Digest>> taken_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti::services::bot::interactions
