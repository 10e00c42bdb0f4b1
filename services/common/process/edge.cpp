#include "common/process/edge.hpp"

#include <unistd.h>

#include <cstdlib>
#include <new>
#include <system_error>

#include "common/process/logging.hpp"

namespace tutti::services::process {
namespace {

constexpr std::string_view out_of_memory = "out of memory";

// Without memory there is no logger: straight to stderr.
void write_line(std::string_view text) noexcept {
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    (void)!::write(STDERR_FILENO, "\n", 1);
}

std::string describe(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::bad_alloc&) {
        return std::string(out_of_memory);
    } catch (const std::system_error& thrown) {
        // Threads say only "Resource temporarily unavailable".
        if (thrown.code() == std::errc::resource_unavailable_try_again) {
            return "no thread can be started: too little memory, or a limit of the system";
        }
        return thrown.what();
    } catch (const std::exception& thrown) {
        return thrown.what();
    } catch (...) {
        return "something that is no std::exception was thrown";
    }
}

[[noreturn]] void end_program() noexcept {
    if (const auto error = std::current_exception()) {
        const std::string text = text_of(error);
        write_line("fatal: " + text);
    } else {
        write_line("fatal: std::terminate was called");
    }
    std::_Exit(1);
}

}  // namespace

std::string text_of(const std::exception_ptr& error) noexcept {
    try {
        return describe(error);
    } catch (...) {
        return {};  // not even memory for the text
    }
}

void log_thrown(std::string_view what, const std::exception_ptr& error) noexcept {
    try {
        log::error(what, text_of(error));
    } catch (...) {
        write_line(what);
        write_line(out_of_memory);
    }
}

int run_program(const std::function<int()>& body) noexcept {
    std::set_terminate(end_program);
    try {
        return body();
    } catch (...) {
        log_thrown("cannot go on", std::current_exception());
        return 1;
    }
}

}  // namespace tutti::services::process
