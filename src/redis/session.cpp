#include "redis/session.hpp"

#include <utility>

namespace tutti::redis {

Session::Session(Network network, SessionOptions options, Owner& owner)
    : network_(std::move(network)),
      options_(std::move(options)),
      owner_(&owner),
      handshake_(options_.url, options_.client_name),
      alarm_(network_) {}

void Session::start() { attempt(); }

void Session::attempt() {
    handshake_replies_.clear();
    link_ =
        network_.make_link({.url = options_.url, .tls = options_.tls, .limits = options_.limits},
                           static_cast<Link::Owner&>(*this));
    alarm_.set(saturating_add(network_.clock->now(), options_.connect_timeout), weak_from_this(),
               &Session::attempt_is_late);
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

void Session::attempt_is_late() { fail_with(link_->timed_out(options_.connect_timeout)); }

void Session::on_closed(const Error& error) { fail_with(error); }

void Session::fail_with(const Error& error) {
    drop_link();
    alarm_.set(network_.clock->now() + backoff_.next(options_.random()), weak_from_this(),
               &Session::attempt);
    owner_->on_down(error);
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
