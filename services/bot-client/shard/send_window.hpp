// Discord takes 120 payloads in 60 s from a connection and closes it over that. Heartbeats must
// always find room, so what is not one leaves as much as they can take, and what Discord asks for
// by itself cannot use that up either.
//
// Thread-safety: none.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "tutti/clock.hpp"

namespace tutti::services::bot::shard {

class SendWindow {
public:
    enum class Kind : std::uint8_t {
        ordinary,
        asked_heartbeat,  // Discord's own request
        essential,        // heartbeats, identify, resume
    };
    static constexpr std::size_t sends_max = 120;
    // A little more than Discord's: what leaves evenly does not arrive so.
    static constexpr Duration length = std::chrono::seconds(62);

    // A new connection, whose heartbeats come so often.
    void begin(Duration heartbeat_interval) {
        sent_.clear();
        const auto beats = static_cast<std::size_t>(length / heartbeat_interval);
        essential_ = std::min(beats + 3, sends_max - asked_max - 1);
    }
    // True: it may be sent, and counts.
    [[nodiscard]] bool take(Kind kind, TimePoint now) {
        while (!sent_.empty() && sent_.front() + length <= now) sent_.pop_front();
        if (sent_.size() >= most(kind)) return false;
        sent_.push_back(now);
        return true;
    }
    // When something of that kind may be sent again. Requires: `take` has just said no.
    [[nodiscard]] TimePoint free_at(Kind kind) const {
        return sent_[sent_.size() - most(kind)] + length;
    }

private:
    static constexpr std::size_t asked_max = 6;

    [[nodiscard]] std::size_t most(Kind kind) const {
        switch (kind) {
        case Kind::ordinary: return sends_max - essential_ - asked_max;
        case Kind::asked_heartbeat: return sends_max - essential_;
        case Kind::essential: break;
        }
        return sends_max;
    }

    std::deque<TimePoint> sent_;  // the oldest first, `sends_max` at most
    std::size_t essential_ = 3;
};

}  // namespace tutti::services::bot::shard
