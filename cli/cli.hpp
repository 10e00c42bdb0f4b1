// The command line `tutti` without the process around it: arguments in, text and an exit code out.
// What a command takes from the world beyond is given to it.
#pragma once

#include <functional>
#include <iosfwd>
#include <span>
#include <string>

#include "tutti/clock.hpp"
#include "tutti/doctor.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"

namespace tutti::cli {

struct World {
    // The inventory of the shipped services.
    std::function<Inventory()> catalogue;
    // The document that is kept with the sources: services::audit_document.
    std::function<std::string(std::span<const InventoryRow>)> document;
    // The body of a 200 answer to GET; any other status is an error. Called from several threads.
    std::function<Result<std::string>(const std::string& url, Duration timeout)> fetch;
    // What REDIS_URL is set to; empty: not set.
    std::string redis_url = {};
    // What the nodes of the shipped services say as their app.
    std::string app = {};
    // Of the rates of `top`, and the time between two of its looks.
    const Clock* clock = &system_clock();
    std::function<void(Duration)> wait = {};
    // Whether the user has asked for the end (Ctrl-C), which from the first call on does not end
    // the process at once. Empty: never.
    std::function<bool()> interrupted = {};
    // tutti::diagnose.
    std::function<Result<Diagnosis>(const std::string& url, const DoctorOptions& options)> diagnose;
};

// The same for every command.
inline constexpr int exit_success = 0;
inline constexpr int exit_refused =
    1;  // the answer is no: `audit --check` found something CRITICAL, `doctor` a problem, `replay`
        // a broken log; `invalidate` was not confirmed
inline constexpr int exit_failed =
    2;  // the question was wrong, or could not be answered completely

// Runs the command that `arguments` name, without the program's own name. Never throws for bad
// input.
[[nodiscard]] int run(std::span<const std::string> arguments, std::ostream& out, std::ostream& err,
                      const World& world);

}  // namespace tutti::cli
