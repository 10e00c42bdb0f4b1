// Log lines of the services: one line each on stderr, with time, level and service. LOG_LEVEL
// (trace, debug, info, warn, error, off) sets the level; `info` when unset. LOG_FORMAT=json makes
// each line a JSON object with the members time, level, message, service and instance, and trace_id
// and span_id where the thread works for a trace.
//
// Callers compose the text; a `Secret` cannot be part of it by accident. Control characters in the
// text are replaced, so a peer's bytes cannot forge a line; a text ends after 16 KiB, and as JSON
// what is not UTF-8 in it is replaced.
//
// Thread-safety: any thread, after `setup_logging`. Before it, lines go to stderr unnamed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::services::process {

enum class LogFormat : std::uint8_t { text, json };

struct LogOptions {
    std::string service;     // "ai-worker"
    std::string instance{};  // "ai-worker-4711"; empty: as the service
    LogFormat format = LogFormat::text;
};

// Once, early in `main`. An unknown level in LOG_LEVEL counts as `info` and is said so.
void setup_logging(const LogOptions& options);

namespace log {
void debug(std::string_view text);
void info(std::string_view text);
void warn(std::string_view text);
void error(std::string_view text);

// For what each request, event or attempt may say: "<kind>: <text>", one line of a kind a minute,
// and the next one says how many were left out (tutti::LogLimiter). A kind is a fixed text.
void warn(std::string_view kind, std::string_view text);
void error(std::string_view kind, std::string_view text);

// Something that fails and works again. The line about the end follows one about the failure, which
// is limited as that of `warn`: what fails and works in turns says no more than what is away.
//
// Thread-safety: none.
class Outage {
public:
    // Fixed texts: the kind of the failure, and the line when it has ended.
    Outage(const char* kind, const char* end) : kind_(kind), end_(end) {}

    // At every failed attempt, and at every other one.
    void failed(std::string_view why);
    void worked();

private:
    const char* kind_;
    const char* end_;
    bool reported_ = false;
};
}  // namespace log

}  // namespace tutti::services::process

namespace tutti::services {
namespace log = process::log;  // every folder says it
}
