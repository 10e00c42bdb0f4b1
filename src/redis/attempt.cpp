#include "redis/attempt.hpp"

#include <utility>

namespace tutti::redis {

Attempt::Attempt(const Network& network, Link::Options options, const Handshake& handshake,
                 Owner& owner)
    : clock_(*network.clock),
      handshake_(handshake),
      endpoint_(options.url.endpoint()),
      owner_(&owner),
      link_(network.make_link(std::move(options), static_cast<Link::Owner&>(*this))),
      began_(clock_.now()) {}

void Attempt::close() {
    if (std::exchange(owner_, nullptr) != nullptr) link_->close();
}

void Attempt::on_connected() {
    greeted_ = clock_.now();
    link_->write(handshake_.request());
}

void Attempt::on_reply(Reply reply) {
    const auto self = shared_from_this();
    if (up_) return owner_->on_reply(*this, std::move(reply));
    replies_.push_back(std::move(reply));
    if (replies_.size() < handshake_.replies()) return;
    const auto facts = handshake_.judge(replies_);
    if (!facts) {
        Error error = facts.error();
        error.cause.insert(0, endpoint_ + ": ");
        link_->close();
        return std::exchange(owner_, nullptr)->on_ended(*this, error);
    }
    up_ = true;
    replies_ = {};
    round_trip_ = clock_.now() - greeted_;
    owner_->on_up(*this, *facts);
}

void Attempt::on_closed(const Error& error) {
    const auto self = shared_from_this();
    std::exchange(owner_, nullptr)->on_ended(*this, error);
}

}  // namespace tutti::redis
