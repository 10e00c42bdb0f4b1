#include "redis/session.hpp"

#include <utility>

namespace tutti::redis {

Session::Session(boost::asio::io_context& loop, SessionOptions options, Owner& owner)
    : loop_(loop),
      options_(std::move(options)),
      owner_(&owner),
      handshake_(options_.url, options_.client_name),
      alarm_(loop) {}

void Session::start() { attempt(); }

void Session::attempt() {
    handshake_replies_.clear();
    link_ = std::make_shared<Link>(loop_, options_.url, options_.tls, options_.limits,
                                   static_cast<Link::Owner&>(*this));
    alarm_.expires_after(options_.connect_timeout);
    alarm_.async_wait(
        [weak = weak_from_this(), link = std::weak_ptr(link_)](const auto& cancelled) {
            const auto self = weak.lock();
            // A timer that has expired can no longer be cancelled: the attempt may be over all the same.
            if (!self || cancelled || self->up_ || self->link_ != link.lock()) return;
            self->on_connect_timeout();
        });
    link_->connect();
}

void Session::on_connected() { link_->write(handshake_.request()); }

void Session::on_reply(Reply reply) {
    if (up_) return owner_->on_reply(std::move(reply));
    handshake_replies_.push_back(std::move(reply));
    if (handshake_replies_.size() < handshake_.replies()) return;
    const auto facts = handshake_.judge(handshake_replies_);
    if (!facts) {
        Error error = facts.error();
        error.cause.insert(0, options_.url.endpoint() + ": ");
        return fail_with(error);
    }
    alarm_.cancel();
    up_ = true;
    owner_->on_up(*facts);
}

void Session::on_connect_timeout() { fail_with(link_->timed_out(options_.connect_timeout)); }

void Session::on_closed(const Error& error) { fail_with(error); }

void Session::fail_with(const Error& error) {
    drop_link();
    retry_later();
    owner_->on_down(error);
}

void Session::retry_later() {
    alarm_.expires_after(backoff_.next(options_.random()));
    alarm_.async_wait([weak = weak_from_this()](const auto& cancelled) {
        const auto self = weak.lock();
        if (!self || cancelled || self->owner_ == nullptr) return;
        self->attempt();
    });
}

void Session::drop_link() {
    up_ = false;
    if (link_) link_->close();
}

void Session::close() {
    owner_ = nullptr;
    drop_link();
    alarm_.cancel();
}

}  // namespace tutti::redis
