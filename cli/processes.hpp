// Asks running processes what their caches are and do, and what they hold of a key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"
#include "tutti/node/holdings.hpp"

namespace tutti::cli {

struct AskedProcess {
    std::string url;
    Result<Inventory> inventory;
};

// All at once: a process that does not answer delays none of the others. Each URL once;
// "127.0.0.1:3001" and "http://127.0.0.1:3001/" mean http://127.0.0.1:3001/audit.
[[nodiscard]] std::vector<AskedProcess> ask_all(const std::vector<std::string>& texts,
                                                Duration timeout, const World& world);

// Each of them once, written in full: "http://127.0.0.1:3001".
[[nodiscard]] std::vector<std::string> process_urls(const std::vector<std::string>& texts);
// False: servers take no request with so long a line.
[[nodiscard]] bool can_ask_holdings(std::string_view channel, std::string_view key);
// `GET /holdings` of a process that is written in full.
[[nodiscard]] Result<Holdings> ask_holdings(const std::string& process, std::string_view channel,
                                            std::string_view key, Duration timeout,
                                            const World& world);

struct AskedHoldings {
    std::string process;  // written in full
    Result<Holdings> holdings;
};

// All at once, each once.
[[nodiscard]] std::vector<AskedHoldings> ask_all_holdings(const std::vector<std::string>& texts,
                                                          std::string_view channel,
                                                          std::string_view key, Duration timeout,
                                                          const World& world);

}  // namespace tutti::cli
