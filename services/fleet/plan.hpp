// What a fleet is started with: the settings of the environment, completed by what a newcomer has
// not set (a secret, a database, ports that are free).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/process/settings.hpp"
#include "fleet/options.hpp"
#include "tutti/error.hpp"

namespace tutti::services::fleet {

inline constexpr std::size_t bot_count = 3;
inline constexpr std::size_t worker_count = 2;

// Gone with everything in it when the object is.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] std::filesystem::path file(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

struct Plan {
    process::Settings settings;
    std::shared_ptr<TemporaryFolder> folder;
    std::string database_url;       // as a child's DATABASE_URL
    bool provider_stand_in = true;  // no provider is configured
    std::uint16_t gateway_port = 0;
    std::vector<std::uint16_t> bot_ports;
    std::vector<std::uint16_t> worker_ports;
    std::vector<std::uint16_t> demonstration_ports;

    [[nodiscard]] const char* database_name() const {
        return settings.postgres_url ? "PostgreSQL" : "SQLite";
    }

    // Errors: invalid_option (a variable, the URL), unavailable (a port that was asked for is in
    // use).
    [[nodiscard]] static Result<Plan> make(const FleetOptions& options,
                                           const process::Environment& environment);
};

}  // namespace tutti::services::fleet
