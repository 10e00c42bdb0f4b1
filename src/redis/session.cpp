#include "redis/session.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tutti::redis {
namespace {

constexpr const char* session_operation = "redis connect";
constexpr int away_per_wait = 200;
constexpr int round_trips_of_brief = 4;
// A handshake that took long, on a server that had just woken up, says little.
constexpr Duration patience_max = std::chrono::milliseconds(500);
constexpr unsigned doublings_max = 3;

}  // namespace

Session::Session(Network network, SessionOptions options, Owner& owner)
    : network_(std::move(network)),
      options_(std::move(options)),
      owner_(&owner),
      url_(options_.url),
      located_(options_.sentinels == nullptr),
      handshake_(options_.url, options_.client_name),
      next_(network_),
      late_(network_) {}

void Session::start() {
    if (options_.sentinels) options_.sentinels->attach(*this);
    dial();
}

// One step of the way to a connection; the next is on the alarm.
void Session::dial() {
    if (owner_ == nullptr) return;
    if (link_ && (!suspected_ || link_->last_progress() > *suspected_)) return trust();
    if (!located_) return find_primary();
    ask_sentinels();
    if (!has_reached()) begin_attempt();
    dial_within(wait_while_away());
}

void Session::dial_within(Duration wait) {
    next_.set(now() + wait, weak_from_this(), &Session::dial);
}

Duration Session::wait_while_away() {
    const Duration away = away_since_ ? now() - *away_since_ : Duration{};
    const Duration wait = std::clamp(away / away_per_wait, retry_within_min, retry_within_max);
    return Backoff::part_of(wait, options_.random());
}

// `on_primary` goes on.
void Session::find_primary() {
    options_.sentinels->find([weak = weak_from_this()](const Result<Url>& found) {
        const auto self = weak.lock();
        if (!self || self->owner_ == nullptr || found) return;
        self->dial_within(self->refusals_.next(self->options_.random()));
        self->report(found.error());
    });
}

void Session::ask_sentinels() {
    if (!options_.sentinels || !away_since_ || now() < next_question_) return;
    next_question_ = now() + questions_.next(options_.random());
    options_.sentinels->doubt();
}

void Session::on_primary(const Url& url) {
    const bool first = !std::exchange(located_, true);
    if (!first && url.endpoint() == url_.endpoint()) return;
    const std::string before = std::exchange(url_, url).endpoint();
    if (first) return dial();
    drop_attempts();
    if (!link_) return dial_within(wait_while_away());
    lose({.code = Errc::unavailable,
          .operation = session_operation,
          .cause = "the Sentinels name another primary than " + before + ": " + url.endpoint()});
}

void Session::begin_attempt() {
    if (!lasting_) {
        lasting_ = make_attempt();
        late_.set(saturating_add(now(), options_.connect_timeout), weak_from_this(),
                  &Session::lasting_is_late);
        return lasting_->start();
    }
    if (!round_trip_) return;
    const Attempt& youngest = brief_ ? *brief_ : *lasting_;
    if (now() - youngest.began() < *round_trip_ * round_trips_of_brief) return;
    brief_ = make_attempt();
    brief_->start();
}

std::shared_ptr<Attempt> Session::make_attempt() {
    return std::make_shared<Attempt>(
        network_, Link::Options{.url = url_, .tls = options_.tls, .limits = options_.limits},
        handshake_, static_cast<Attempt::Owner&>(*this));
}

// Something took the connection, and shall answer: another one would wait in the same line.
bool Session::has_reached() const {
    const bool brief_has =
        brief_ && brief_->has_reached() && now() - brief_->began() < options_.connect_timeout;
    return brief_has || (lasting_ && lasting_->has_reached());
}

void Session::lasting_is_late() {
    const auto late = std::exchange(lasting_, nullptr);
    late->close();
    if (!link_) report(late->timed_out(options_.connect_timeout));
}

void Session::drop_attempts() {
    late_.cancel();
    for (auto* const slot : {&lasting_, &brief_}) {
        if (const auto attempt = std::exchange(*slot, nullptr)) attempt->close();
    }
}

Duration Session::patience() const noexcept {
    const Duration longest = std::max(options_.suspect_after, patience_max);
    const Duration usual = round_trip_.value_or(Duration{}) * round_trips_of_brief;
    return std::clamp(usual, options_.suspect_after, longest) * (1U << replaced_);
}

void Session::suspect() {
    if (suspected_) return;
    suspected_ = now();
    dial_within(wait_while_away());
}

void Session::suspect_at_once() {
    suspected_ = now();
    dial();
}

void Session::trust() {
    suspected_.reset();
    next_.cancel();
    drop_attempts();
}

void Session::settled() noexcept {
    away_since_.reset();
    refusals_.reset();
    questions_.reset();
    next_question_ = {};
}

void Session::on_up(Attempt& attempt, const ServerFacts& facts) {
    const auto up = attempt.shared_from_this();
    if (link_ && suspected_ && link_->last_progress() > *suspected_) return trust();
    round_trip_ = attempt.round_trip();
    (lasting_ == up ? lasting_ : brief_).reset();
    trust();
    if (const auto replaced = std::exchange(link_, nullptr)) {
        replaced_ = std::min(replaced_ + 1, doublings_max);
        replaced->close();
        report({.code = Errc::timeout,
                .operation = session_operation,
                .cause = url_.endpoint() + " does not answer on this connection any more, and does "
                                           "on another, which takes its place"});
        if (owner_ == nullptr) return up->close();
    }
    link_ = up;
    owner_->on_up(facts);
}

void Session::on_reply(Attempt&, Reply reply) {
    replaced_ = 0;
    if (suspected_) trust();
    owner_->on_reply(std::move(reply));
}

void Session::on_ended(Attempt& attempt, const Error& error) {
    const auto ended = attempt.shared_from_this();
    if (ended == link_) return lose(error);
    if (ended == lasting_) late_.cancel();
    (lasting_ == ended ? lasting_ : brief_).reset();
    if (attempt.was_answered()) dial_within(refusals_.next(options_.random()));
    if (!link_) report(error);
}

// Without a connection. Attempts that began beside it go on.
void Session::lose(const Error& error) {
    const bool was_of_use = !away_since_;
    std::exchange(link_, nullptr)->close();
    suspected_.reset();
    dial_within(was_of_use ? wait_while_away() : refusals_.next(options_.random()));
    report(error);
}

void Session::report(const Error& error) {
    if (!away_since_) away_since_ = now();
    owner_->on_down(error);
}

void Session::close() {
    if (options_.sentinels && owner_ != nullptr) options_.sentinels->detach(*this);
    owner_ = nullptr;
    trust();
    if (const auto link = std::exchange(link_, nullptr)) link->close();
}

}  // namespace tutti::redis
