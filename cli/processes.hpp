// Asks running processes what their caches are and do.
#pragma once

#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"

namespace tutti::cli {

struct AskedProcess {
    std::string url;
    Result<Inventory> inventory;
};

// All at once: a process that does not answer delays none of the others. Each URL once;
// "127.0.0.1:3001" and "http://127.0.0.1:3001/" mean http://127.0.0.1:3001/audit.
[[nodiscard]] std::vector<AskedProcess> ask_all(const std::vector<std::string>& texts,
                                                Duration timeout, const World& world);

}  // namespace tutti::cli
