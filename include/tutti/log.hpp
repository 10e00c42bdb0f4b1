// How loud a log line is. The library logs through one function of the user's (NodeOptions::log).
#pragma once

namespace tutti {

enum class LogLevel : unsigned char { debug, info, warning, error };

}  // namespace tutti
