#include "common/process/logging.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/process/text.hpp"
#include "common/process/timestamps.hpp"
#include "common/process/trace_context.hpp"
#include "tutti/json.hpp"
#include "tutti/log.hpp"

namespace tutti::services::process {

// A line as JSON, in this order.
struct JsonLine {
    std::string time;
    std::string level;
    std::string message;
    std::string service;
    std::string instance;
    std::optional<std::string> trace_id;
    std::optional<std::string> span_id;
};
BOOST_DESCRIBE_STRUCT(JsonLine, (), (time, level, message, service, instance, trace_id, span_id))

}  // namespace tutti::services::process

namespace tutti::json {
// As collectors of logs expect it, and not as the services' own JSON.
template <>
inline constexpr auto naming<services::process::JsonLine> = Naming::as_is;
}  // namespace tutti::json

namespace tutti::services::process {
namespace {

constexpr std::size_t text_bytes_max = 16U << 10U;

struct Logger {
    LogOptions options;
    std::shared_ptr<spdlog::logger> lines;
};

const char* pattern_of(const LogOptions& options) {
    if (options.format == LogFormat::json) return "%v";
    return options.service.empty() ? "%Y-%m-%dT%H:%M:%S.%e %l %v"
                                   : "%Y-%m-%dT%H:%M:%S.%e %l [%n] %v";
}

Logger make_logger(LogOptions options) {
    if (options.instance.empty()) options.instance = options.service;
    auto lines = std::make_shared<spdlog::logger>(
        options.instance, std::make_shared<spdlog::sinks::stderr_sink_mt>());
    lines->set_pattern(pattern_of(options));
    lines->flush_on(spdlog::level::warn);
    return {.options = std::move(options), .lines = std::move(lines)};
}

// Replaced once, by `setup_logging`.
Logger& logger() {
    static Logger instance = make_logger({});
    return instance;
}

std::string json_line(const LogOptions& options, spdlog::level::level_enum level,
                      std::string text) {
    const auto name = spdlog::level::to_string_view(level);
    JsonLine line{.time = iso_timestamp(),
                  .level = std::string(name.data(), name.size()),
                  .message = std::move(text),
                  .service = options.service,
                  .instance = options.instance,
                  .trace_id = {},
                  .span_id = {}};
    if (const auto& trace = present_trace()) {
        line.trace_id = trace->trace_id();
        line.span_id = trace->span_id();
    }
    return json::write(line);
}

void write(spdlog::level::level_enum level, std::string_view text) {
    const auto& [options, lines] = logger();
    if (!lines->should_log(level)) return;
    std::string line(cut_utf8(text, text_bytes_max));
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; };
    std::ranges::replace_if(line, control, ' ');
    if (options.format == LogFormat::json) line = json_line(options, level, std::move(line));
    lines->log(level, spdlog::string_view_t(line));
}

// False: it is left out.
bool write_limited(spdlog::level::level_enum level, std::string_view kind, std::string_view text) {
    static LogLimiter limiter;
    const auto line = limiter.admit(kind, text);
    if (line) write(level, *line);
    return line.has_value();
}

}  // namespace

void setup_logging(const LogOptions& options) {
    logger() = make_logger(options);
    const char* wanted = std::getenv("LOG_LEVEL");
    if (wanted == nullptr || *wanted == '\0') return;
    const auto level = spdlog::level::from_str(wanted);
    const bool unknown = level == spdlog::level::off && std::string_view(wanted) != "off";
    logger().lines->set_level(unknown ? spdlog::level::info : level);
    if (unknown) log::warn("LOG_LEVEL must be trace, debug, info, warn, error or off; using info");
}

namespace log {
void debug(std::string_view text) { write(spdlog::level::debug, text); }
void info(std::string_view text) { write(spdlog::level::info, text); }
void warn(std::string_view text) { write(spdlog::level::warn, text); }
void error(std::string_view text) { write(spdlog::level::err, text); }
void warn(std::string_view kind, std::string_view text) {
    write_limited(spdlog::level::warn, kind, text);
}
void error(std::string_view kind, std::string_view text) {
    write_limited(spdlog::level::err, kind, text);
}

void Outage::failed(std::string_view why) {
    if (write_limited(spdlog::level::warn, kind_, why)) reported_ = true;
}

void Outage::worked() {
    if (std::exchange(reported_, false)) info(end_);
}
}  // namespace log

}  // namespace tutti::services::process
