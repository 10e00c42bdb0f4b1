// The node's log, as the parts of it see it: silent unless the user asked. Copies share one
// limiter. Thread-safe if the user's function is. What that throws is dropped, and so is a line
// that it causes itself by calling the node.
//
// Never called with a lock held, because the user's function may call the node.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/guarded.hpp"
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
        thread_local bool writing = false;
        if (!write_ || writing) return;
        writing = true;
        (void)detail::guarded({.name = "log"}, [&] { write_(level, text); });
        writing = false;
    }

    // For what a read, an event or an attempt may say each time: one line of a kind a minute.
    void limited(LogLevel level, std::string_view kind, std::string_view text) const {
        if (!write_) return;
        if (const auto line = limiter_->admit(kind, text)) (*this)(level, *line);
    }

private:
    std::function<void(LogLevel, std::string_view)> write_;
    std::shared_ptr<LogLimiter> limiter_;  // null only without `write_`
};

}  // namespace tutti
