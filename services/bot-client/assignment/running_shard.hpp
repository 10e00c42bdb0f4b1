// A shard while it runs, as those see it who decide where it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "bot-client/shard/payloads.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::assignment {

class RunningShard {
public:
    enum class State : std::uint8_t {
        running,
        over,    // it has left, or its lease has lapsed: it sends and dispatches nothing more
        failed,  // for good: an operator has to do something
    };

    // Stops, and ends the session if it has not left. Blocking: a second at most.
    virtual ~RunningShard() = default;

    // As ShardDriver's.
    virtual void hold_until(TimePoint when) = 0;
    virtual void leave() = 0;
    [[nodiscard]] virtual State state() const = 0;
    [[nodiscard]] virtual std::optional<shard::Resumption> resumption() const = 0;
};

struct ShardTask {
    std::uint32_t shard_id = 0;
    std::uint32_t shard_count = 1;
    TimePoint held_until = TimePoint::max();
    std::optional<shard::Resumption> resumed{};
    // `resumption` is of another session than before. On the shard's thread; must not block, nor
    // call anything of the shard.
    std::function<void()> session_begun{};
};
using StartShard = std::function<Result<std::unique_ptr<RunningShard>>(const ShardTask& task)>;

}  // namespace tutti::services::bot::assignment
