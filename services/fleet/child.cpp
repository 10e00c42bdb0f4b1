// fork and exec, not posix_spawn: only between the two can a child ask to die with its parent. What
// runs there is async-signal-safe; everything that allocates is done before.
#include "fleet/child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

namespace tutti::services::fleet {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
    std::vector<std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!added.contains(text.substr(0, text.find('=')))) merged.push_back(text);
    }
    for (const auto& [name, value] : added) {
        merged.push_back(name);
        merged.back().append("=").append(value);
    }
    return merged;
}

// Runs in the child. A failed exec reports its errno through `report`, which a successful one
// closes.
[[noreturn]] void become(const char* program, char* const* environment, pid_t parent, int report) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    // A group of its own: Ctrl-C reaches the fleet alone, which then stops its children in order.
    ::setpgid(0, 0);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    const std::array<char*, 2> arguments{const_cast<char*>(program), nullptr};
    ::execve(program, arguments.data(), environment);
    const int error = errno;
    [[maybe_unused]] const auto written = ::write(report, &error, sizeof error);
    ::_exit(127);
}

}  // namespace

Result<Child> Child::start(const std::filesystem::path& program,
                           const std::map<std::string, std::string>& environment) {
    const std::string path = program.string();
    auto variables = merged_environment(environment);
    std::vector<char*> pointers;
    pointers.reserve(variables.size() + 1);
    for (std::string& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) {
        return fail(Errc::unavailable, "start " + path, std::strerror(errno));
    }

    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) become(path.c_str(), pointers.data(), parent, report[1]);
    ::close(report[1]);
    int error = pid < 0 ? errno : 0;
    if (pid > 0 && ::read(report[0], &error, sizeof error) == sizeof error)
        ::waitpid(pid, nullptr, 0);
    ::close(report[0]);
    if (error != 0) return fail(Errc::unavailable, "start " + path, std::strerror(error));
    return Child(pid);
}

void Child::kill() noexcept {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

std::optional<std::string> Child::ended() {
    if (pid_ < 0) return how_;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return std::nullopt;
    pid_ = -1;
    how_ = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                             : "signal " + std::to_string(WTERMSIG(status));
    return how_;
}

void Child::terminate() const {
    if (pid_ > 0) ::kill(pid_, SIGTERM);
}

void Child::await(std::chrono::milliseconds timeout) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (!ended()) {
        if (std::chrono::steady_clock::now() > end) ::kill(pid_, SIGKILL);
        std::this_thread::sleep_for(2ms);
    }
}

}  // namespace tutti::services::fleet
