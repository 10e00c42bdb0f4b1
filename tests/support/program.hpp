// A program that a test runs: with an environment of its own, its output kept, and gone with the
// object.
// Throws std::runtime_error when the program does not end, or does not get well, in time.
//
// Thread-safety: none.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

using Variables = std::map<std::string, std::string>;
// RLIMIT_... and the value.
using Limits = std::vector<std::pair<int, std::size_t>>;

class Program {
public:
    // Only PATH and TMPDIR are inherited. `limits`: of setrlimit, the hard one too. `kept_in`: a
    // folder that exists, in which its output is added to the files `out` and `err`, and stays.
    Program(const std::string& path, const std::vector<std::string>& arguments,
            const Variables& environment, const Limits& limits = {},
            const std::filesystem::path& kept_in = {});
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    void signal(int number) const;
    // What it has in memory now (VmRSS), and the most that it has had at a time (VmHWM).
    [[nodiscard]] std::size_t resident_kib() const { return status_kib("VmRSS:"); }
    [[nodiscard]] std::size_t peak_mib() const { return status_kib("VmHWM:") >> 10U; }
    // False when it has ended; `wait` then says how.
    [[nodiscard]] bool runs() const;
    // The exit code, or minus the signal that ended it. How long it took: `took`.
    int wait(std::chrono::milliseconds patience = std::chrono::seconds{60});
    [[nodiscard]] std::chrono::milliseconds took() const { return took_; }

    // What it has written so far.
    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;
    // Until `err` contains `text`.
    void await_err(const std::string& text, std::chrono::milliseconds patience) const;
    void await_out(const std::string& text, std::chrono::milliseconds patience) const;

private:
    [[nodiscard]] std::size_t status_kib(std::string_view name) const;

    std::filesystem::path folder_;
    bool is_kept_ = false;
    pid_t pid_ = -1;
    std::chrono::milliseconds took_{};
};

}  // namespace tests
