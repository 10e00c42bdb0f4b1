// The edge of a thread. What is thrown past the first function of a thread ends the process; here
// it becomes an error in the log, and the thread goes on.
//
//     while (!stop.stop_requested()) {
//         if (!contain("presence", [&] { tell(); })) pause(stop);    // never a loop that spins
//     }
//
// Every function that a thread of the services runs is inside one of these, and so are the calls
// that make sockets, which throw when the process has no descriptor left.
//
// Thread-safety: any thread.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/error.hpp"

namespace tutti::services::process {

// "St9bad_alloc" and the like as people would say it; never empty.
[[nodiscard]] std::string text_of(const std::exception_ptr& error) noexcept;

// Logs what was thrown, at most once a minute for each `what`, which is a constant of the program.
void log_thrown(std::string_view what, const std::exception_ptr& error) noexcept;

// True when `body` returned, false when it threw.
template <class Body>
bool contain(std::string_view what, Body&& body) noexcept {
    try {
        std::forward<Body>(body)();
        return true;
    } catch (...) {
        log_thrown(what, std::current_exception());
        return false;
    }
}

// What `body` returns, which is a Result; what it throws becomes an error of that code.
template <class Body>
auto as_result(Errc code, Body&& body) -> decltype(body()) {
    try {
        return std::forward<Body>(body)();
    } catch (...) {
        return fail(code, {}, text_of(std::current_exception()));
    }
}

// What `main` is made of: its exit code is that of `body`, and 1 after a line when the body throws,
// or when something ends the process in another way that C++ knows. A service that cannot have the
// threads, descriptors or memory that it needs says so and ends; it does not abort.
[[nodiscard]] int run_program(const std::function<int()>& body) noexcept;

}  // namespace tutti::services::process
