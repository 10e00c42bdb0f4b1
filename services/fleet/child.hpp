// A process that this one started. It dies with its parent, however that ends.
//
// Thread-safety: none. Requires: started from a thread that lives as long as the process should.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "tutti/error.hpp"

namespace tutti::services::fleet {

class Child {
public:
    // `environment` is added to that of this process and wins over it. The standard streams are
    // shared. Errors: unavailable, the program cannot be run.
    [[nodiscard]] static Result<Child> start(const std::filesystem::path& program,
                                             const std::map<std::string, std::string>& environment);

    Child(Child&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)), how_(std::move(other.how_)) {}
    Child& operator=(Child&& other) noexcept {
        kill();
        pid_ = std::exchange(other.pid_, -1);
        how_ = std::move(other.how_);
        return *this;
    }
    // Kills what has not been stopped.
    ~Child() { kill(); }

    // How it ended ("exit code 1", "signal 9"), or nothing while it runs.
    [[nodiscard]] std::optional<std::string> ended();

    // SIGKILL, unless it has ended; returns when it is gone.
    void kill() noexcept;
    // SIGTERM. `await` then waits until it has ended, and kills it after `timeout`.
    void terminate() const;
    void await(std::chrono::milliseconds timeout);

private:
    explicit Child(pid_t pid) noexcept : pid_(pid) {}

    pid_t pid_ = -1;  // -1: ended and reaped
    std::string how_;
};

}  // namespace tutti::services::fleet
