#include "redis/link.hpp"

#include <utility>

#include "base/text.hpp"

namespace tutti::redis {
namespace {

constexpr const char* link_operation = "redis connect";
constexpr std::size_t kept_bytes_max = 1024UL * 1024;  // of an empty write buffer

// A TLS server answers what it does not understand with an alert record.
bool is_tls_alert(std::string_view bytes) { return bytes.starts_with("\x15\x03"); }

}  // namespace

Link::Link(Options options, const Clock& clock, Owner& owner)
    : options_(std::move(options)),
      clock_(clock),
      owner_(&owner),
      reader_(options_.limits),
      last_progress_(clock.now()) {}

void Link::reached() {
    if (!options_.tls) return start();
    stage_ = Stage::securing;
    secure();
}

void Link::start() {
    stage_ = Stage::silent;
    last_progress_ = clock_.now();
    owner_->on_connected();
}

void Link::received(std::string_view bytes) {
    last_progress_ = clock_.now();
    if (std::exchange(stage_, Stage::talking) == Stage::silent && is_tls_alert(bytes)) {
        return end(Errc::protocol,
                   options_.url.endpoint() + " expects TLS: the URL must begin with rediss://");
    }
    reader_.feed(bytes);
    while (!is_closed()) {
        auto reply = reader_.next();
        if (!reply) {
            return end(Errc::protocol, options_.url.endpoint() +
                                           " does not speak the Redis protocol (" +
                                           reply.error().cause + ")");
        }
        if (!*reply) return;
        owner_->on_reply(std::move(**reply));
    }
}

void Link::write(std::string_view bytes) {
    pending_.append(bytes);
    if (writing_.empty()) flush();
}

void Link::flush() {
    if (is_closed() || pending_.empty()) return;
    writing_.swap(pending_);
    send_rest();
}

void Link::send_rest() { send_some(std::string_view(writing_).substr(written_)); }

void Link::sent(std::size_t bytes) {
    if (written_ > 0) last_progress_ = clock_.now();
    written_ += bytes;
    if (written_ < writing_.size()) return send_rest();
    written_ = 0;
    writing_.clear();
    if (writing_.capacity() > kept_bytes_max) writing_.shrink_to_fit();
    flush();
}

Error Link::timed_out(Duration within) const {
    const std::string time = " within " + in_milliseconds(within);
    std::string cause = options_.url.endpoint();
    switch (stage_) {
    case Stage::reaching: cause += " could not be reached" + time; break;
    case Stage::securing:
        cause += " accepted the connection and did not answer the TLS handshake" + time +
                 ": if it is a plain server, the URL must begin with redis://";
        break;
    case Stage::silent:
    case Stage::talking:
        cause += " accepted the connection and did not answer" + time +
                 ": is it a Redis, and does it run?";
    }
    return {.code = Errc::timeout, .operation = link_operation, .cause = std::move(cause)};
}

void Link::close() {
    owner_ = nullptr;
    hang_up();
}

void Link::failed(Failure failure) {
    std::string& cause = failure.cause;
    if (failure.hung_up && stage_ == Stage::silent && !options_.tls) {
        cause += " before it answered: if it expects TLS, the URL must begin with rediss://";
    }
    if (failure.hung_up && stage_ == Stage::securing) {
        cause += " during the TLS handshake: does it speak TLS on this port?";
    }
    end(failure.code, std::move(cause));
}

void Link::end(Errc code, std::string cause) {
    Owner* const owner = owner_;
    close();
    owner->on_closed({.code = code, .operation = link_operation, .cause = std::move(cause)});
}

}  // namespace tutti::redis
