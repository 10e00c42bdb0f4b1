// What a connection's end means is decided in one place, `lose`; everything else ends there.
#include "bot-client/shard/shard_session.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/net/retry.hpp"

namespace tutti::services::bot::shard {
namespace {

using namespace std::chrono_literals;

// How long a state may last. Together with the pauses below: an attempt that began just before the
// network came back, and the one after it, take less than 30 s.
constexpr Duration answer_max = 10s;  // of GET /gateway/bot
constexpr Duration connect_max = 8s;  // name, TCP, TLS, WebSocket
constexpr Duration hello_max = 5s;
constexpr Duration ready_max = 15s;
constexpr Duration progress_max = 10s;  // between two payloads while a session is resumed

constexpr Duration silence_before_ping = 10s;
constexpr Duration silence_max = 20s;

constexpr net::RetryPauses pauses{.first = 500ms, .last = 4s};
// Of a connection after which the next failure is again the first.
constexpr Duration settled_after = 10s;
constexpr Duration invalid_session_pause_min = 1s;
constexpr Duration invalid_session_pause_max = 5s;

constexpr int unreachable_max = 3;
constexpr int fruitless_max = 5;
constexpr std::size_t unsent_max = 32;

constexpr std::string_view ready = "READY";
constexpr std::string_view resumed = "RESUMED";

// From nothing to all of it. `random`: uniform over all of its values.
Duration part_of(Duration whole, std::uint64_t random) {
    const double part = static_cast<double>(random >> 11U) * 0x1p-53;
    return std::chrono::duration_cast<Duration>(whole * part);
}

}  // namespace

std::string_view to_string(ShardSession::State state) noexcept {
    switch (state) {
        using enum ShardSession::State;
    case idle: return "idle";
    case asking: return "asking";
    case waiting: return "waiting";
    case connecting: return "connecting";
    case greeting: return "greeting";
    case identifying: return "identifying";
    case resuming: return "resuming";
    case live: return "live";
    case ended: return "ended";
    }
    return "unknown";
}

ShardSession::ShardSession(Options options, IdentifyBudget& budget, Effects& effects)
    : options_(std::move(options)), budget_(budget), effects_(effects) {
    if (!options_.resumed) return;
    place_ = options_.resumed->place;
    last_ = options_.resumed->last;
}

bool ShardSession::is_up() const noexcept {
    return state_ == State::greeting || state_ == State::identifying || state_ == State::resuming ||
           state_ == State::live;
}

bool ShardSession::is_current(Connection connection) const noexcept {
    return connection == connection_ && (is_up() || state_ == State::connecting);
}

void ShardSession::enter(State state, Duration within, TimePoint now) {
    state_ = state;
    deadline_ = saturating_add(now, within);
    effects_.entered(state);
}

void ShardSession::plan_wake() {
    TimePoint when = deadline_;
    if (is_up()) {
        when = std::min({when, heartbeat_.next, send_next_,
                         heard_ + (pinged_ ? silence_max : silence_before_ping)});
    }
    effects_.wake_at(when);
}

void ShardSession::start(TimePoint now) {
    attempt(now);
    plan_wake();
}

void ShardSession::stop(TimePoint now) { finish(end_session, now); }
void ShardSession::leave(TimePoint now) { finish(keep_session, now); }

std::optional<Resumption> ShardSession::resumption() const {
    if (!place_ || !last_) return std::nullopt;
    return Resumption{.place = *place_, .last = *last_};
}

void ShardSession::finish(std::uint16_t code, TimePoint now) {
    if (state_ == State::ended) return;
    if (is_up() || state_ == State::connecting) effects_.close(code);
    release_grant();
    unsent_.clear();
    enter(State::ended, Duration::max(), now);
    effects_.wake_at(deadline_);
}

// A session that cannot be reached where it should be resumed is kept as long as Discord cannot be
// reached elsewhere either.
void ShardSession::attempt(TimePoint now) {
    if (place_ && unreachable_ < unreachable_max) {
        connect_to(place_->resume_gateway_url, now);
    } else {
        ask(now);
    }
}

void ShardSession::ask(TimePoint now) {
    enter(State::asking, answer_max, now);
    effects_.ask_entrance();
}

void ShardSession::entrance_answered(const Result<Entrance>& answer, TimePoint now) {
    if (state_ != State::asking) return;
    if (!answer) {
        unreachable_ = 0;
        entrance_seen_ = false;
        if (answer.error().code == Errc::refused) return end(answer.error());
        lose(AfterClose::resume, answer.error().cause, now);
        return plan_wake();
    }
    if (place_ && !std::exchange(entrance_seen_, true)) {
        // The network may have come back just now: once more.
        unreachable_ = unreachable_max - 1;
        connect_to(place_->resume_gateway_url, now);
        return plan_wake();
    }
    if (place_) {
        ++figures_.given_up;
        forget_session();
    }
    const Duration wait = budget_.take(answer->starts, options_.who.shard_id, now);
    if (wait > Duration::zero()) {
        enter(State::waiting, wait, now);
        effects_.lost("too many sessions were begun: waiting for Discord's limit");
    } else {
        granted_ = true;
        connect_to(answer->url, now);
    }
    plan_wake();
}

void ShardSession::connect_to(const std::string& base, TimePoint now) {
    const auto url = stream_url(base, options_.compression);
    if (!url) {
        forget_session();
        return lose(AfterClose::identify, url.error().cause, now);
    }
    decompressor_ = Decompressor::make(options_.compression, options_.payload_bytes_max);
    heartbeat_ = {};
    send_next_ = TimePoint::max();
    ++figures_.connects;
    ++connection_;
    enter(State::connecting, connect_max, now);
    effects_.connect(connection_, *url);
}

void ShardSession::connected(Connection connection, TimePoint now) {
    if (!is_current(connection) || state_ != State::connecting) return;
    unreachable_ = 0;
    entrance_seen_ = false;
    heard(connection, now);
    enter(State::greeting, hello_max, now);
    plan_wake();
}

void ShardSession::heard(Connection connection, TimePoint now) {
    if (!is_current(connection)) return;
    heard_ = now;
    pinged_ = false;
    plan_wake();
}

void ShardSession::received(Connection connection, std::string_view message, TimePoint now) {
    if (!is_current(connection) || !is_up()) return;
    heard(connection, now);
    const auto text = decompressor_->feed(message);
    if (!text) {
        undecodable(text.error().cause, now);
    } else if (*text) {
        take(**text, now);
    }
    if (state_ != State::ended) plan_wake();
}

void ShardSession::overflowed(Connection connection, TimePoint now) {
    if (!is_current(connection)) return;
    undecodable("a message is over the limit", now);
    plan_wake();
}

// What cannot be decoded comes again when the session is resumed. The second time it costs the
// session, so that it does not come for ever.
void ShardSession::undecodable(std::string_view why, TimePoint now) {
    ++figures_.unreadable;
    if (place_ && undecodable_behind_ == last_) {
        ++figures_.given_up;
        forget_session();
    } else {
        undecodable_behind_ = last_;
    }
    give_up_connection(why, now);
}

void ShardSession::take(std::string_view text, TimePoint now) {
    const auto head = read_head(text);
    if (!head) {
        ++figures_.unreadable;
        return;
    }
    switch (static_cast<Opcode>(std::clamp<std::int64_t>(head->op, 0, 255))) {
    case Opcode::dispatch: return take_dispatch(*head, text, now);
    case Opcode::heartbeat: return beat(SendWindow::Kind::asked_heartbeat, now);
    case Opcode::heartbeat_ack: heartbeat_.acked = true; return;
    case Opcode::reconnect: return give_up_connection("Discord asks to connect again", now);
    case Opcode::invalid_session: return take_invalid_session(text, now);
    case Opcode::hello: return take_hello(text, now);
    default: ++figures_.unreadable;
    }
}

void ShardSession::take_hello(std::string_view text, TimePoint now) {
    const auto interval = read_hello(text);
    if (!interval || state_ != State::greeting) {
        ++figures_.unreadable;
        return;
    }
    heartbeat_ = {.interval = *interval, .next = now + part_of(*interval, options_.random())};
    window_.begin(*interval);
    introduce(now);
}

void ShardSession::introduce(TimePoint now) {
    (void)window_.take(SendWindow::Kind::essential, now);
    if (place_) {
        ++figures_.resumes;
        enter(State::resuming, progress_max, now);
        return effects_.send(
            resume_payload(options_.who.token, place_->session_id, last_.value_or(0)));
    }
    granted_ = false;
    if (!budget_.spend(options_.who.shard_id, now)) {
        return give_up_connection("its turn to begin a session has passed", now);
    }
    ++figures_.identifies;
    enter(State::identifying, ready_max, now);
    effects_.send(identify_payload(options_.who));
}

void ShardSession::take_dispatch(const PayloadHead& head, std::string_view text, TimePoint now) {
    const bool begins = state_ == State::identifying;
    if (!head.s || !head.t || state_ == State::greeting || begins != (*head.t == ready)) {
        ++figures_.unreadable;
        return;
    }
    if (begins) {
        take_ready(text, now);
        if (state_ != State::live) return;
    }
    if (last_ && *head.s <= *last_) {
        ++figures_.repeated;
    } else {
        if (last_) figures_.missing += static_cast<std::uint64_t>(*head.s - *last_ - 1);
        effects_.dispatch({.name = *head.t, .frame = text, .number = *head.s});
        ++figures_.dispatched;
        last_ = head.s;
        fruitless_ = 0;
    }
    if (state_ != State::resuming) return;
    deadline_ = now + progress_max;
    if (*head.t == resumed) go_live(now);
}

void ShardSession::take_ready(std::string_view text, TimePoint now) {
    auto place = read_ready(text);
    if (!place) {
        ++figures_.unreadable;
        return;
    }
    place_ = *std::move(place);
    go_live(now);
}

void ShardSession::go_live(TimePoint now) {
    fruitless_ = 0;
    live_since_ = now;
    enter(State::live, Duration::max(), now);
    flush(now);
}

void ShardSession::take_invalid_session(std::string_view text, TimePoint now) {
    const bool may_resume = place_ && read_invalid_session(text);
    effects_.close(may_resume ? keep_session : end_session);
    lose(may_resume ? AfterClose::resume : AfterClose::identify, "the session is not valid", now);
    deadline_ = now + invalid_session_pause_min +
                part_of(invalid_session_pause_max - invalid_session_pause_min, options_.random());
}

void ShardSession::beat(SendWindow::Kind kind, TimePoint now) {
    if (state_ == State::greeting) return;
    if (!window_.take(kind, now)) {
        ++figures_.refused_sends;
        return;
    }
    effects_.send(heartbeat_payload(last_));
}

void ShardSession::regular_beat(TimePoint now) {
    if (!heartbeat_.acked) {
        ++figures_.zombies;
        return give_up_connection("no heartbeat was acknowledged", now);
    }
    heartbeat_.acked = false;
    heartbeat_.next = now + heartbeat_.interval;
    beat(SendWindow::Kind::essential, now);
}

void ShardSession::watch_silence(TimePoint now) {
    if (now >= heard_ + silence_max) {
        ++figures_.zombies;
        return give_up_connection("nothing was heard for 20 s", now);
    }
    if (pinged_ || now < heard_ + silence_before_ping) return;
    pinged_ = true;
    effects_.ping();
}

void ShardSession::tick(TimePoint now) {
    if (state_ == State::ended || state_ == State::idle) return;
    if (now >= deadline_) {
        if (state_ == State::waiting) {
            attempt(now);
        } else if (state_ == State::asking) {
            unreachable_ = 0;
            entrance_seen_ = false;
            lose(AfterClose::resume, "GET /gateway/bot was not answered in time", now);
        } else {
            give_up_connection(
                std::string("no answer in time while ").append(shard::to_string(state_)), now);
        }
    }
    if (is_up() && now >= heartbeat_.next) regular_beat(now);
    if (is_up()) watch_silence(now);
    if (is_up()) flush(now);
    plan_wake();
}

Result<void> ShardSession::submit(std::string payload, TimePoint now) {
    if (state_ == State::ended) return fail(Errc::stopped, "send payload", "the shard has ended");
    if (payload.size() > sent_bytes_max) {
        return fail(Errc::too_large, "send payload", "Discord takes 4096 bytes");
    }
    if (unsent_.size() >= unsent_max) {
        return fail(Errc::overloaded, "send payload", "too many wait for Discord's limit");
    }
    unsent_.push_back(std::move(payload));
    flush(now);
    plan_wake();
    return {};
}

void ShardSession::flush(TimePoint now) {
    send_next_ = TimePoint::max();
    while (state_ == State::live && !unsent_.empty()) {
        if (!window_.take(SendWindow::Kind::ordinary, now)) {
            send_next_ = window_.free_at(SendWindow::Kind::ordinary);
            return;
        }
        effects_.send(unsent_.front());
        unsent_.pop_front();
    }
}

void ShardSession::give_up_connection(std::string_view why, TimePoint now) {
    effects_.close(keep_session);
    lose(AfterClose::resume, why, now);
}

void ShardSession::closed(Connection connection, std::optional<std::uint16_t> code, TimePoint now) {
    if (!is_current(connection)) return;
    const CloseMeaning meaning = meaning_of(code);
    if (meaning.our_fault) ++figures_.our_faults;
    std::string why(meaning.text);
    if (code) why += " (" + std::to_string(*code) + ')';
    if (meaning.then == AfterClose::give_up) {
        release_grant();
        return end({Errc::refused, "discord gateway", std::move(why)});
    }
    lose(meaning.then, why, now);
    plan_wake();
}

void ShardSession::lose(AfterClose then, std::string_view why, TimePoint now) {
    if (state_ == State::live && now - live_since_ >= settled_after) failed_ = 0;
    if (state_ == State::connecting) ++unreachable_;
    if (state_ == State::resuming && ++fruitless_ >= fruitless_max) {
        ++figures_.given_up;
        then = AfterClose::identify;
    }
    release_grant();
    decompressor_.reset();
    if (then == AfterClose::identify) forget_session();
    enter(State::waiting, net::retry_after(pauses, failed_++, options_.random()), now);
    effects_.lost(why);
}

void ShardSession::forget_session() {
    place_.reset();
    last_.reset();
    undecodable_behind_.reset();
    unreachable_ = 0;
    entrance_seen_ = false;
    fruitless_ = 0;
}

void ShardSession::release_grant() {
    if (std::exchange(granted_, false)) budget_.give_back(options_.who.shard_id);
}

void ShardSession::end(const Error& error) {
    state_ = State::ended;
    deadline_ = TimePoint::max();
    effects_.entered(state_);
    effects_.wake_at(deadline_);
    effects_.ended(error);
}

}  // namespace tutti::services::bot::shard
