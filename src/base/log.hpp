// The node's log, as the parts of it see it: silent unless the user asked. Thread-safe if the user's
// function is.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "tutti/log.hpp"

namespace tutti {

class Log {
public:
    Log() = default;
    explicit Log(std::function<void(LogLevel, std::string_view)> write)
        : write_(std::move(write)) {}

    void operator()(LogLevel level, std::string_view text) const {
        if (write_) write_(level, text);
    }

private:
    std::function<void(LogLevel, std::string_view)> write_;
};

}  // namespace tutti
