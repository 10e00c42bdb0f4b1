// Takes what the shards receive and hands it on, so that no shard waits: what events say about
// channels is noted at once; messages and interactions go to threads of their own, each kind with a
// queue of its own, because a user waits three seconds for an interaction and a message may wait
// for a gateway.
//
// When a queue is full the event is dropped, counted, and named in the log and in /health for a
// while: the user has to say it again.
//
// Thread-safety: all functions may be called from any thread. Shutdown: `stop` after the shards;
// what waits is still handled. The handlers outlive it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bot-client/events/known_channels.hpp"
#include "bot-client/own_ids.hpp"
#include "bot-client/shard/shard_session.hpp"
#include "common/http/handler_pool.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::bot::events {

class EventIntake {
public:
    struct Options {
        http::HandlerPool::Options messages{.threads = 8, .queued_max = 500};
        http::HandlerPool::Options interactions{.threads = 8, .queued_max = 200};
    };
    // Each is called by several threads at once, with the event's frame.
    struct Handlers {
        std::function<void(const std::string& frame)> message;
        std::function<void(const std::string& frame)> interaction;
        // A session has begun; on one of the threads of messages.
        std::function<void()> ready;
    };
    enum class Kind : std::uint8_t { message, interaction, channel, other };
    static constexpr std::size_t kinds = 4;
    struct Figures {
        std::array<std::uint64_t, kinds> taken{};  // by kind
        std::array<std::uint64_t, kinds> dropped{};
        std::array<std::uint64_t, kinds> handled{};  // of these two: whose handler has returned
        std::uint64_t unreadable = 0;
        std::uint64_t waiting = 0;  // messages and interactions that have no thread yet
    };

    EventIntake(KnownChannels& channels, Identity& identity, Handlers handlers, Options options);
    EventIntake(KnownChannels& channels, Identity& identity, Handlers handlers)
        : EventIntake(channels, identity, std::move(handlers), Options{}) {}

    // Never waits.
    void take(const shard::ShardSession::Dispatch& event);
    // Runs what waits. Blocking: as long as that takes. Idempotent.
    void stop();

    [[nodiscard]] Figures figures() const;
    // Why events were dropped within the last minute, or nothing.
    [[nodiscard]] std::optional<std::string> overload() const;

private:
    void take_ready(std::string_view frame);
    void hand_on(Kind kind, http::HandlerPool& pool,
                 const std::function<void(const std::string&)>& handler,
                 const shard::ShardSession::Dispatch& event);
    void drop(Kind kind, std::string_view why);
    void unreadable(std::string_view event, const Error& error);

    KnownChannels& channels_;
    Identity& identity_;
    const Handlers handlers_;
    // Figures only: nothing is decided by them, so they pair with nothing.
    std::array<std::atomic<std::uint64_t>, kinds> taken_{};
    std::array<std::atomic<std::uint64_t>, kinds> dropped_{};
    std::array<std::atomic<std::uint64_t>, kinds> handled_{};
    std::atomic<std::uint64_t> unreadable_{0};
    std::atomic<std::uint64_t> waiting_{0};
    std::atomic<std::int64_t> dropped_at_{0};  // nanoseconds of Boottime; 0: never
    http::HandlerPool messages_;
    http::HandlerPool interactions_;
};

[[nodiscard]] std::string_view to_string(EventIntake::Kind kind) noexcept;

}  // namespace tutti::services::bot::events
