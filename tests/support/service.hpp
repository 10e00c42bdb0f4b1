// A program that listens on a port, and is ended and started again there: one service of a fleet in
// all its lives.
//
// Throws std::runtime_error when a process does not do as it is told in time.
//
// Thread-safety: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/program.hpp"

namespace tests {

class Service {
public:
    // `log_folder`: where the output of all its lives is kept, also behind the object; empty:
    // nowhere.
    Service(std::string path, std::vector<std::string> arguments, Variables environment,
            std::uint16_t port, std::filesystem::path log_folder = {});

    void start();
    void kill();              // SIGKILL
    [[nodiscard]] int end();  // SIGTERM; its exit code, or minus the signal that ended it
    void signal(int number) const { program_->signal(number); }
    // False before its start, and when it has ended by itself.
    [[nodiscard]] bool runs() const { return program_ && program_->runs(); }
    [[nodiscard]] std::size_t resident_kib() const { return program_->resident_kib(); }
    [[nodiscard]] pid_t pid() const { return program_ ? program_->pid() : -1; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    // All of its output, of all its lives.
    [[nodiscard]] std::string written() const;

private:
    void forget();

    std::string path_;
    std::vector<std::string> arguments_;
    Variables environment_;
    std::uint16_t port_;
    std::filesystem::path log_folder_;
    std::string before_;
    std::unique_ptr<Program> program_;
};

}  // namespace tests
