#include "common/process/logging.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "tutti/log.hpp"

namespace tutti::services::process {
namespace {

std::shared_ptr<spdlog::logger> make_logger(const std::string& service) {
    auto logger = std::make_shared<spdlog::logger>(
        service, std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern(service.empty() ? "%Y-%m-%dT%H:%M:%S.%e %l %v"
                                        : "%Y-%m-%dT%H:%M:%S.%e %l [%n] %v");
    logger->flush_on(spdlog::level::warn);
    return logger;
}

// Replaced once, by `setup_logging`.
std::shared_ptr<spdlog::logger>& logger() {
    static auto instance = make_logger({});
    return instance;
}

void write(spdlog::level::level_enum level, std::string_view text) {
    if (!logger()->should_log(level)) return;
    std::string line(text);
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; };
    std::ranges::replace_if(line, control, ' ');
    logger()->log(level, spdlog::string_view_t(line));
}

// False: it is left out.
bool write_limited(spdlog::level::level_enum level, std::string_view kind, std::string_view text) {
    static LogLimiter limiter;
    const auto line = limiter.admit(kind, text);
    if (line) write(level, *line);
    return line.has_value();
}

}  // namespace

void setup_logging(const std::string& service) {
    logger() = make_logger(service);
    const char* wanted = std::getenv("LOG_LEVEL");
    if (wanted == nullptr || *wanted == '\0') return;
    const auto level = spdlog::level::from_str(wanted);
    const bool unknown = level == spdlog::level::off && std::string_view(wanted) != "off";
    logger()->set_level(unknown ? spdlog::level::info : level);
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
    if (write_limited(spdlog::level::warn, kind_, why)) told_ = true;
}

void Outage::worked() {
    if (std::exchange(told_, false)) info(end_);
}
}  // namespace log

}  // namespace tutti::services::process
