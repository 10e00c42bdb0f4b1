// The application's endpoint for interactions over HTTP, as Discord treats it: what goes there is
// signed, and now and then it is not, to see whether that is noticed.
//
// Thread-safety: all functions may be called from any thread. Blocking: `send` and `verify`, three
// seconds for each request at most.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/describe/enum.hpp>

#include "common/http/client.hpp"
#include "common/http/message.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::discord::control {

// A pair of keys of Ed25519.
class SigningKey {
public:
    // Errors: unavailable.
    [[nodiscard]] static Result<SigningKey> make();

    [[nodiscard]] std::string public_key() const;  // 64 hexadecimal digits
    // Of the timestamp and the body; 128 hexadecimal digits.
    [[nodiscard]] std::string sign(std::string_view timestamp, std::string_view body) const;

private:
    std::array<unsigned char, 32> public_{};
    std::array<unsigned char, 64> secret_{};
};

enum class Signature : std::uint8_t { right, wrong, missing };
BOOST_DESCRIBE_ENUM(Signature, right, wrong, missing)

class Endpoint {
public:
    explicit Endpoint(SigningKey key) : key_(key) {}

    [[nodiscard]] const SigningKey& key() const noexcept { return key_; }
    [[nodiscard]] std::optional<std::string> url() const;
    // Nothing: interactions come over the gateway.
    void set(std::optional<std::string> url);

    // Errors: those of the client; invalid_option without a URL.
    [[nodiscard]] Result<http::Response> send(const std::string& body, Signature signature,
                                              process::UnixTime now);
    [[nodiscard]] Result<http::Response> ping(Signature signature, process::UnixTime now);
    // Whether it answers a PING with a right signature, and 401 to a wrong one and to none. Errors:
    // refused, with what it did instead.
    [[nodiscard]] Result<void> verify(process::UnixTime now);
    // Ends what is under way.
    void stop() { client_.stop(); }

private:
    const SigningKey key_;
    http::Client client_{{.name = "interactions endpoint", .concurrent_max = 64}};
    mutable detail::Mutex mutex_;
    std::optional<std::string> url_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti::services::discord::control
