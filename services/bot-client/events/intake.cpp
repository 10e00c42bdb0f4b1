#include "bot-client/events/intake.hpp"

#include <chrono>
#include <utility>

#include <boost/describe/class.hpp>

#include "bot-client/discord_wire.hpp"
#include "bot-client/shard/payloads.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot::events {
namespace {

using namespace std::chrono_literals;

constexpr Duration complain_for = 1min;
constexpr std::size_t event_bytes_max = 256U << 10U;  // of a message or an interaction

struct ReadyId {
    std::string id;
};
struct Ready {
    ReadyId user;
    ReadyId application;
};
BOOST_DESCRIBE_STRUCT(ReadyId, (), (id))
BOOST_DESCRIBE_STRUCT(Ready, (), (user, application))

std::size_t place(EventIntake::Kind kind) { return static_cast<std::size_t>(kind); }

std::int64_t now_ns() { return Boottime::now().time_since_epoch().count(); }

}  // namespace

std::string_view to_string(EventIntake::Kind kind) noexcept {
    switch (kind) {
    case EventIntake::Kind::message: return "message";
    case EventIntake::Kind::interaction: return "interaction";
    case EventIntake::Kind::channel: return "channel";
    case EventIntake::Kind::other: return "other";
    }
    return "unknown";
}

EventIntake::EventIntake(KnownChannels& channels, Identity& identity, Handlers handlers,
                         Options options)
    : channels_(channels),
      identity_(identity),
      handlers_(std::move(handlers)),
      messages_(options.messages),
      interactions_(options.interactions) {}

void EventIntake::take(const shard::ShardSession::Dispatch& event) {
    if (event.name == "MESSAGE_CREATE") {
        return hand_on(Kind::message, messages_, handlers_.message, event);
    }
    if (event.name == "INTERACTION_CREATE") {
        return hand_on(Kind::interaction, interactions_, handlers_.interaction, event);
    }
    const bool concerned = KnownChannels::concerned_by(event.name);
    ++taken_[place(concerned ? Kind::channel : Kind::other)];
    if (event.name == "READY") return take_ready(event.frame);
    if (!concerned) return;
    if (const auto done = channels_.apply(event.name, event.frame); !done) {
        unreadable(event.name, done.error());
    }
}

void EventIntake::take_ready(std::string_view frame) {
    auto ready = wire::read_event<Ready>(frame, shard::payload_limits);
    if (!ready) return unreadable("READY", ready.error());
    identity_.set(
        {.user_id = std::move(ready->user.id), .application_id = std::move(ready->application.id)});
    if (!messages_.submit([this] { handlers_.ready(); })) {
        log::warn("a session has begun, and what follows from it is left out: too much waits");
    }
}

void EventIntake::hand_on(Kind kind, http::HandlerPool& pool,
                          const std::function<void(const std::string&)>& handler,
                          const shard::ShardSession::Dispatch& event) {
    ++taken_[place(kind)];
    if (event.frame.size() > event_bytes_max) return drop(kind, "it is too large");
    ++waiting_;
    const bool taken = pool.submit(
        [this, kind, &handler, text = std::string(event.frame), unhandled = event.unhandled] {
            --waiting_;
            process::contain("an event of Discord", [&] { handler(text); });
            ++handled_[place(kind)];
        });
    if (taken) return;
    --waiting_;
    drop(kind, "too many wait");
}

void EventIntake::drop(Kind kind, std::string_view why) {
    const std::uint64_t before = dropped_[place(kind)]++;
    const std::int64_t now = now_ns();
    const std::int64_t last = dropped_at_.exchange(now);
    if (before != 0 && last != 0 && now - last < Duration(10s).count()) return;
    log::error("a user is not answered",
               std::string(to_string(kind)) + " events are dropped: " + std::string(why));
}

void EventIntake::unreadable(std::string_view event, const Error& error) {
    ++unreadable_;
    log::warn("an event cannot be read", std::string(event) + ": " + error.message());
}

void EventIntake::stop() {
    interactions_.stop();
    messages_.stop();
}

EventIntake::Figures EventIntake::figures() const {
    Figures figures;
    for (std::size_t i = 0; i < kinds; ++i) {
        figures.taken[i] = taken_[i];
        figures.dropped[i] = dropped_[i];
        figures.handled[i] = handled_[i];
    }
    figures.unreadable = unreadable_;
    figures.waiting = waiting_;
    return figures;
}

std::optional<std::string> EventIntake::overload() const {
    const std::int64_t last = dropped_at_;
    if (last == 0 || now_ns() - last > Duration(complain_for).count()) return std::nullopt;
    return "events of Discord were dropped, because too many wait";
}

}  // namespace tutti::services::bot::events
