#include "bot-client/interactions/signatures.hpp"

#include <sodium.h>  // IWYU pragma: keep

#include <charconv>
#include <optional>
#include <span>

namespace tutti::services::bot::interactions {
namespace {

constexpr std::size_t timestamp_digits_max = 12;

// All of it, and nothing else.
bool read_hex(std::string_view text, std::span<unsigned char> to) {
    std::size_t bytes = 0;
    return text.size() == 2 * to.size() &&
           ::sodium_hex2bin(to.data(), to.size(), text.data(), text.size(), nullptr, &bytes,
                            nullptr) == 0 &&
           bytes == to.size();
}

std::optional<process::UnixTime> read_seconds(std::string_view text) {
    std::int64_t seconds = 0;
    if (text.empty() || text.size() > timestamp_digits_max || text.front() == '-') {
        return std::nullopt;
    }
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return process::read_unix_time(std::chrono::seconds(seconds));
}

const unsigned char* bytes_of(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string_view to_string(SignatureVerdict verdict) noexcept {
    switch (verdict) {
        using enum SignatureVerdict;
    case valid: return "valid";
    case malformed: return "malformed";
    case too_large: return "too_large";
    case too_old: return "too_old";
    case forged: return "forged";
    case repeated: return "repeated";
    case overloaded: return "overloaded";
    }
    return "unknown";
}

Result<Signatures> Signatures::create(Options options) {
    if (::sodium_init() < 0) {
        return fail(Errc::unavailable, "check signatures", "libsodium does not start");
    }
    Key key{};
    if (!read_hex(options.public_key, key) ||
        ::crypto_core_ed25519_is_valid_point(key.data()) != 1) {
        return fail(Errc::invalid_option, "check signatures",
                    "the public key must be the 64 hexadecimal digits that the developer portal "
                    "shows (General Information, Public Key)");
    }
    return Signatures(std::move(options), key);
}

Signatures::Signatures(Options options, const Key& key) : options_(std::move(options)), key_(key) {}

// Before it is shared with other threads.
Signatures::Signatures(Signatures&& other) noexcept
    : options_(std::move(other.options_)), key_(other.key_) {}

SignatureVerdict Signatures::judge(std::string_view signature, std::string_view timestamp,
                                   std::string_view body, process::UnixTime now) {
    if (body.size() > options_.body_bytes_max) return SignatureVerdict::too_large;
    std::array<unsigned char, crypto_sign_BYTES> bytes{};
    const auto signed_at = read_seconds(timestamp);
    if (!signed_at || !read_hex(signature, bytes)) return SignatureVerdict::malformed;
    if (*signed_at < now - options_.tolerance || *signed_at > now + options_.tolerance) {
        return SignatureVerdict::too_old;
    }
    std::string message(timestamp);
    message += body;
    if (::crypto_sign_verify_detached(bytes.data(), bytes_of(message), message.size(),
                                      key_.data()) != 0) {
        return SignatureVerdict::forged;
    }
    return remember(message, *signed_at + options_.tolerance, now);
}

// By what was signed and not by the signature: another one for the same message is no other
// message.
SignatureVerdict Signatures::remember(const std::string& message, process::UnixTime until,
                                      process::UnixTime now) {
    Digest digest{};
    ::crypto_generichash(digest.data(), digest.size(), bytes_of(message), message.size(), nullptr,
                         0);
    const detail::Lock lock(mutex_);
    while (!taken_.empty() && taken_.begin()->first < now) taken_.erase(taken_.begin());
    if (taken_.contains({until, digest})) return SignatureVerdict::repeated;
    if (taken_.size() >= options_.remembered_max) return SignatureVerdict::overloaded;
    taken_.emplace(until, digest);
    return SignatureVerdict::valid;
}

}  // namespace tutti::services::bot::interactions
