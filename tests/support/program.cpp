#include "support/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>

#include "support/folders.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> found;
    for (std::string& text : texts) found.push_back(text.data());
    found.push_back(nullptr);
    return found;
}

void await(const std::function<std::string()>& read, const std::string& text,
           std::chrono::milliseconds patience) {
    const auto end = Clock::now() + patience;
    while (read().find(text) == std::string::npos) {
        if (Clock::now() > end) throw std::runtime_error("no \"" + text + "\" in: " + read());
        std::this_thread::sleep_for(5ms);
    }
}

}  // namespace

Program::Program(const std::string& path, const std::vector<std::string>& arguments,
                 const Variables& environment, const Limits& limits,
                 const std::filesystem::path& kept_in)
    : folder_(kept_in.empty() ? make_folder("program") : kept_in), is_kept_(!kept_in.empty()) {
    const std::string out = (folder_ / "out").string();
    const std::string err = (folder_ / "err").string();
    std::vector<std::string> words{path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables;
    for (const char* name : {"PATH", "TMPDIR"}) {
        if (const char* value = std::getenv(name))
            variables.push_back(std::string(name) + '=' + value);
    }
    for (const auto& [name, value] : environment) variables.push_back(name + '=' + value);
    const auto argv = pointers(words);
    const auto envp = pointers(variables);

    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
        ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STDOUT_FILENO);
        ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STDERR_FILENO);
        for (const auto& [resource, value] : limits) {
            const rlimit both{.rlim_cur = value, .rlim_max = value};
            ::setrlimit(static_cast<__rlimit_resource_t>(resource), &both);
        }
        ::execve(path.c_str(), argv.data(), envp.data());
        ::_exit(127);
    }
}

Program::~Program() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (is_kept_) return;
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

bool Program::runs() const {
    siginfo_t ended{};
    const auto id = static_cast<id_t>(pid_);
    return pid_ > 0 && ::waitid(P_PID, id, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid == 0;
}

std::size_t Program::status_kib(std::string_view name) const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string word; status >> word;) {
        if (word != name) continue;
        std::size_t kib = 0;
        status >> kib;
        return kib;
    }
    throw std::runtime_error("does not run any more: " + err());
}

void Program::signal(int number) const { ::kill(pid_, number); }

int Program::wait(std::chrono::milliseconds patience) {
    const auto begin = Clock::now();
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
        if (Clock::now() - begin > patience)
            throw std::runtime_error("still runs: " + out() + err());
        std::this_thread::sleep_for(2ms);
    }
    pid_ = -1;
    took_ = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string Program::out() const { return read_file(folder_ / "out"); }
std::string Program::err() const { return read_file(folder_ / "err"); }

void Program::await_err(const std::string& text, std::chrono::milliseconds patience) const {
    await([this] { return err(); }, text, patience);
}
void Program::await_out(const std::string& text, std::chrono::milliseconds patience) const {
    await([this] { return out(); }, text, patience);
}

}  // namespace tests
