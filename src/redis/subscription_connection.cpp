#include "redis/subscription_connection.hpp"

#include <algorithm>
#include <utility>

#include "coherence/wire.hpp"
#include "redis/command.hpp"

namespace tutti::redis {
namespace {

constexpr const char* subscription_connection_operation = "redis subscribe";
constexpr const char* probe_operation = "redis probe";

}  // namespace

SubscriptionConnection::SubscriptionConnection(const Network& network, Options options,
                                               const std::vector<Subscription>& subscriptions,
                                               Owner& owner)
    : clock_(*network.clock),
      options_(std::move(options)),
      owner_(&owner),
      session_(std::make_shared<Session>(network, options_.session,
                                         static_cast<Session::Owner&>(*this))),
      alarm_(network) {
    using enum Target::Carries;
    const Names& names = options_.names;
    targets_.emplace(names.wake(), Target{.channel = {}, .carries = wakings});
    for (const Subscription& subscription : subscriptions) {
        targets_.emplace(names.channel(subscription.channel),
                         Target{.channel = subscription.channel, .carries = entries});
        targets_.emplace(names.acks(subscription.channel),
                         Target{.channel = subscription.channel, .carries = acks});
        if (!subscription.plain) continue;
        targets_.emplace(subscription.channel,
                         Target{.channel = subscription.channel, .carries = plain_events});
    }
}

void SubscriptionConnection::start() { session_->start(); }

void SubscriptionConnection::on_up(const ServerFacts&) {
    unconfirmed_ = targets_.size();
    echoes_ = 0;
    std::vector<std::string_view> words{"SUBSCRIBE"};
    for (auto& [wire_channel, target] : targets_) {
        target.confirmed = false;
        words.push_back(wire_channel);
    }
    session_->write(encode(words));
    ping(TimePoint::max(), nullptr);  // the confirmations must come, too
}

void SubscriptionConnection::on_reply(Reply reply) {
    const std::vector<Reply>& items = reply.items;
    const auto is = [&](std::string_view kind, std::size_t count) {
        return items.size() == count && items[0].text == kind;
    };
    if (is("message", 3)) return on_push(items[1].text, items[2]);
    echoes_ = 0;
    if (is("subscribe", 3)) return on_confirmation(items[1].text);
    if (is("pong", 2)) return on_pong();
    if (reply.is(Reply::Type::error))
        return session_->fail_with(to_error(subscription_connection_operation, reply));
    broken("the server pushed something of the wrong shape");
}

void SubscriptionConnection::on_confirmation(std::string_view wire_channel) {
    const auto place = targets_.find(wire_channel);
    if (place == targets_.end() || std::exchange(place->second.confirmed, true)) {
        return broken("the server confirmed a channel that was not asked for");
    }
    if (--unconfirmed_ == 0) subscribed();
}

void SubscriptionConnection::subscribed() {
    subscribed_ = true;
    session_->settled();
    owner_->on_subscribed();
}

void SubscriptionConnection::on_push(std::string_view wire_channel, const Reply& payload) {
    const auto place = targets_.find(wire_channel);
    if (place == targets_.end())
        return broken("the server pushed on a channel that was not asked for");
    const Target& target = place->second;
    switch (target.carries) {
    case Target::Carries::entries: return on_entry_push(target, payload);
    case Target::Carries::plain_events: return on_plain_push(target, payload);
    case Target::Carries::wakings: return on_waking(payload);
    case Target::Carries::acks: return on_ack_push(target, payload);
    }
}

void SubscriptionConnection::on_waking(const Reply& store_key) {
    echoes_ = 0;
    const bool is_key = store_key.is(Reply::Type::text);
    if (is_key && store_key.text.size() <= Store::key_bytes_max) owner_->on_woken(store_key.text);
}

// One that cannot be read is as good as lost.
void SubscriptionConnection::on_ack_push(const Target& target, const Reply& payload) {
    echoes_ = 0;
    const auto message = wire::decode_ack_message(payload.text);
    if (!message) return;
    if (message->kind == wire::AckMessage::Kind::wanted) {
        owner_->on_ack_wanted(target.channel, message->epoch, message->sequence);
    } else {
        owner_->on_all_acked(target.channel, message->epoch, message->sequence);
    }
}

// What is too large to have been read is empty here, which is no entry either.
void SubscriptionConnection::on_entry_push(const Target& target, const Reply& payload) {
    echoes_ = 0;
    auto envelope = wire::decode_envelope(payload.text);
    if (!envelope) return owner_->on_undecodable(target.channel);
    if (envelope->plain_events > 0) {
        echo_channel_ = target.channel;
        echoes_ = envelope->plain_events;
    }
    owner_->on_entry(target.channel, std::move(envelope->entry));
}

void SubscriptionConnection::on_plain_push(const Target& target, const Reply& payload) {
    if (echoes_ > 0 && target.channel == echo_channel_) {
        --echoes_;
        return;
    }
    echoes_ = 0;
    const bool skipped = payload.is(Reply::Type::oversized);
    const std::size_t bytes =
        skipped ? static_cast<std::size_t>(payload.integer) : payload.text.size();
    if (bytes > Bus::plain_event_bytes_max) {
        owner_->on_oversized_plain(target.channel, bytes);
    } else {
        owner_->on_plain(target.channel, payload.text);
    }
}

void SubscriptionConnection::on_pong() {
    if (pings_.empty()) return broken("the server answered a PING that was not sent");
    Ping answered = std::move(pings_.front());
    pings_.pop_front();
    if (answered.done) answered.done({});
}

void SubscriptionConnection::broken(std::string cause) {
    session_->fail_with({.code = Errc::protocol,
                         .operation = subscription_connection_operation,
                         .cause = std::move(cause)});
}

void SubscriptionConnection::on_down(const Error& error) {
    subscribed_ = false;
    fail_pings({.code = Errc::unavailable, .operation = probe_operation, .cause = error.cause});
    if (owner_ != nullptr) owner_->on_lost(error);
}

void SubscriptionConnection::probe(TimePoint deadline, Completion<void> done) {
    if (owner_ == nullptr)
        return done(fail(Errc::stopped, probe_operation, "the node is stopping"));
    if (!subscribed_)
        return done(fail(Errc::unavailable, probe_operation, "nothing is subscribed now"));
    ping(deadline, std::move(done));
}

void SubscriptionConnection::close() {
    owner_ = nullptr;
    subscribed_ = false;
    session_->close();
    alarm_.cancel();
    fail_pings(
        {.code = Errc::stopped, .operation = probe_operation, .cause = "the node is stopping"});
}

void SubscriptionConnection::ping(TimePoint deadline, Completion<void> done) {
    const TimePoint now = clock_.now();
    pings_.push_back({.sent_at = now, .deadline = deadline, .done = std::move(done)});
    session_->write(encode({"PING"}));
    check_by(std::min({deadline, now + session_->patience(), now + options_.silence_max}));
}

void SubscriptionConnection::check_by(TimePoint when) {
    alarm_.set_by(when, weak_from_this(), &SubscriptionConnection::check);
}

// Whether something is asked or not, one alarm keeps ringing while the link is up.
void SubscriptionConnection::check() {
    if (owner_ == nullptr || !session_->is_up()) return;
    const TimePoint now = clock_.now();
    if (!pings_.empty() && silent_since() + options_.silence_max <= now) {
        return session_->fail_with(
            {.code = Errc::timeout,
             .operation = subscription_connection_operation,
             .cause = session_->url().endpoint() + " does not answer a PING: does it run?"});
    }
    const TimePoint quiet_until = session_->last_progress() + options_.ping_every;
    if (pings_.empty() && quiet_until <= now) ping(TimePoint::max(), nullptr);
    if (!pings_.empty() && silent_since() + session_->patience() <= now) session_->suspect();
    expire_pings(now);
    if (owner_ == nullptr || !session_->is_up()) return;
    check_by(std::max(next_check(now), now + std::chrono::milliseconds(1)));
}

// Requires: something is asked.
TimePoint SubscriptionConnection::silent_since() const {
    return std::max(session_->last_progress(), pings_.front().sent_at);
}

TimePoint SubscriptionConnection::next_check(TimePoint now) const {
    if (pings_.empty()) return session_->last_progress() + options_.ping_every;
    const TimePoint late = silent_since() + session_->patience();
    TimePoint next = silent_since() + options_.silence_max;
    if (late > now) next = std::min(next, late);
    for (const Ping& sent : pings_) {
        if (sent.done) next = std::min(next, sent.deadline);
    }
    return next;
}

void SubscriptionConnection::expire_pings(TimePoint now) {
    std::vector<Completion<void>> expired;
    for (Ping& sent : pings_) {
        if (sent.done && sent.deadline <= now) expired.push_back(std::exchange(sent.done, nullptr));
    }
    for (Completion<void>& done : expired) {
        done(fail(Errc::timeout, probe_operation,
                  session_->url().endpoint() +
                      " has not answered a PING before the deadline: does it run?"));
    }
}

void SubscriptionConnection::fail_pings(const Error& error) {
    for (Ping& sent : std::exchange(pings_, {})) {
        if (sent.done) sent.done(fail(error));
    }
}

}  // namespace tutti::redis
