// The node's log, as the parts of it see it: silent unless the user asked. Copies share one limiter.
// Thread-safe if the user's function is.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/log.hpp"

namespace tutti {

class Log {
public:
    Log() = default;
    explicit Log(std::function<void(LogLevel, std::string_view)> write,
                 const Clock& clock = system_clock())
        : write_(std::move(write)),
          limiter_(write_ ? std::make_shared<LogLimiter>(clock) : nullptr) {}

    // For what is said a few times in the life of a node.
    void operator()(LogLevel level, std::string_view text) const {
        if (write_) write_(level, text);
    }

    // For what a read, an event or an attempt may say each time: one line of a kind a minute.
    void limited(LogLevel level, std::string_view kind, std::string_view text) const {
        if (!write_) return;
        if (const auto line = limiter_->admit(kind, text)) write_(level, *line);
    }

private:
    std::function<void(LogLevel, std::string_view)> write_;
    std::shared_ptr<LogLimiter> limiter_;  // null only without `write_`
};

}  // namespace tutti
