// A signalfd and an eventfd make "a signal came" and "stop was requested" things to poll. While
// steps run, a watchdog thread polls the signalfd again, for a second signal, and a second eventfd
// that says that the steps are done; it is the only one that may end the process the hard way.
#include "common/process/lifecycle.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <thread>

#include "common/process/edge.hpp"
#include "common/process/logging.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::process {
namespace {

void raise_event(int fd) noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

// The descriptor that became readable, or -1 after `timeout` (-1 = never).
int wait_readable(std::array<int, 2> fds, std::chrono::milliseconds timeout) {
    std::array<pollfd, 2> polled{{{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}}};
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (true) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        const int wait =
            timeout.count() < 0 ? -1 : static_cast<int>(std::max<long>(0, left.count()));
        const int ready = ::poll(polled.data(), polled.size(), wait);
        if (ready == 0) return -1;
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) throw std::system_error(errno, std::generic_category(), "poll");
        return polled[0].revents != 0 ? fds[0] : fds[1];
    }
}

void consume_signal(int fd) {
    signalfd_siginfo info{};
    if (::read(fd, &info, sizeof info) != sizeof info) return;
    log::info(info.ssi_signo == SIGINT ? "stopping: SIGINT" : "stopping: SIGTERM");
}

}  // namespace

Lifecycle::Lifecycle(Options options) : options_(options) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // A peer that closes a pipe or socket is an error of that write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    request_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signals_ < 0 || request_ < 0) {
        throw std::system_error(errno, std::generic_category(), "lifecycle");
    }
}

Lifecycle::~Lifecycle() {
    ::close(signals_);
    ::close(request_);
}

void Lifecycle::on_stop(std::string name, std::function<void()> step) {
    steps_.emplace_back(std::move(name), std::move(step));
}

void Lifecycle::request_stop() noexcept { raise_event(request_); }

int Lifecycle::wait() {
    if (wait_readable({signals_, request_}, std::chrono::milliseconds(-1)) == signals_) {
        consume_signal(signals_);
    }
    run_steps();
    return 0;
}

void Lifecycle::run_steps() {
    if (steps_.empty()) return;
    const int done = ::eventfd(0, EFD_CLOEXEC);
    detail::Mutex mutex;
    std::string current;  // guarded by mutex: the watchdog names the step that hangs
    const auto set_current = [&](std::string name) {
        const detail::Lock lock(mutex);
        current = std::move(name);
    };
    const auto watch = [&] {
        const int ready = wait_readable({done, signals_}, options_.stop_bound);
        if (ready == done) return;
        const detail::Lock lock(mutex);
        log::error(std::string(ready == -1 ? "not stopped in time" : "second signal") +
                   "; giving up in: " + current);
        std::_Exit(ready == -1 ? 1 : 130);
    };
    // Without a descriptor or a thread for it the steps run unwatched.
    std::jthread watchdog;
    if (done >= 0) {
        contain("nothing bounds the stop", [&] {
            watchdog = std::jthread([&] { contain("the watchdog of the stop", watch); });
        });
    }
    while (!steps_.empty()) {
        auto [name, step] = std::move(steps_.back());
        steps_.pop_back();
        set_current(name);
        try {
            step();
        } catch (...) {
            log::error("stopping " + name + ": " + text_of(std::current_exception()));
        }
    }
    raise_event(done);
    if (watchdog.joinable()) watchdog.join();
    ::close(done);
}

}  // namespace tutti::services::process
