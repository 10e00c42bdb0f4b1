#include "discord-stand-in/control/endpoint.hpp"

#include <sodium.h>  // IWYU pragma: keep

#include <chrono>
#include <span>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/json.hpp"

namespace tutti::services::discord::control {
namespace {

using namespace std::chrono_literals;

constexpr auto answered_within = 3s;

// Its id differs each time, because a message that comes twice is refused.
std::string ping_body(process::UnixTime now) {
    return R"({"type":1,"id":")" + std::to_string(now.time_since_epoch().count()) +
           R"(","application_id":"1","token":"ping","version":1})";
}

std::string hex(std::span<const unsigned char> bytes) {
    std::string text(2 * bytes.size() + 1, '\0');
    ::sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    text.pop_back();
    return text;
}

bool is_pong(const http::Response& response) {
    const auto body = json::parse(response.body, {.bytes_max = 4'096});
    const auto* const object = body ? body->if_object() : nullptr;
    const auto* const type = object == nullptr ? nullptr : object->if_contains("type");
    return response.status == 200 && type != nullptr && *type == 1;
}

}  // namespace

Result<SigningKey> SigningKey::make() {
    if (::sodium_init() < 0) {
        return fail(Errc::unavailable, "sign interactions", "libsodium does not start");
    }
    SigningKey key;
    ::crypto_sign_keypair(key.public_.data(), key.secret_.data());
    return key;
}

std::string SigningKey::public_key() const { return hex(public_); }

std::string SigningKey::sign(std::string_view timestamp, std::string_view body) const {
    std::string message(timestamp);
    message += body;
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    ::crypto_sign_detached(signature.data(), nullptr,
                           reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                           secret_.data());
    return hex(signature);
}

std::optional<std::string> Endpoint::url() const {
    const detail::Lock lock(mutex_);
    return url_;
}

void Endpoint::set(std::optional<std::string> url) {
    const detail::Lock lock(mutex_);
    url_ = std::move(url);
}

Result<http::Response> Endpoint::send(const std::string& body, Signature signature,
                                      process::UnixTime now) {
    const auto to = url();
    if (!to) return fail(Errc::invalid_option, "send an interaction", "there is no endpoint");
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::string timestamp = std::to_string(seconds);
    http::Request request{
        .method = "POST",
        .headers = {{"Content-Type", "application/json"}, {"X-Signature-Timestamp", timestamp}},
        .body = body};
    if (signature != Signature::missing) {
        const std::string signed_text = signature == Signature::right ? body : body + ' ';
        request.headers.set("X-Signature-Ed25519", key_.sign(timestamp, signed_text));
    }
    return client_.send(*to, request, Boottime::now() + answered_within);
}

Result<http::Response> Endpoint::ping(Signature signature, process::UnixTime now) {
    return send(ping_body(now), signature, now);
}

Result<void> Endpoint::verify(process::UnixTime now) {
    const auto refused = [](std::string why) {
        return fail(Errc::refused, "verify the endpoint", std::move(why));
    };
    const auto ponged = ping(Signature::right, now);
    if (!ponged) return refused(ponged.error().message());
    if (!is_pong(*ponged)) {
        return refused("a PING must be answered with 200 and {\"type\":1}, but the status was " +
                       std::to_string(ponged->status));
    }
    for (const Signature one : {Signature::wrong, Signature::missing}) {
        const auto answered = ping(one, now);
        if (!answered) return refused(answered.error().message());
        if (answered->status != 401) {
            return refused("what is not signed must be answered with 401, but the status was " +
                           std::to_string(answered->status));
        }
    }
    return {};
}

}  // namespace tutti::services::discord::control
