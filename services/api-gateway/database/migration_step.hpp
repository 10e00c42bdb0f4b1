// What a migration is made of. The steps are constants; migrations.cpp applies them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tutti::services::gateway::database {

enum class Databases : std::uint8_t { both, postgresql, sqlite };

struct Statement {
    constexpr Statement(const char* statement,
                        Databases where = Databases::both)  // NOLINT(google-explicit-constructor)
        : text(statement), databases(where) {}

    std::string_view text;
    Databases databases;
};

using Step = std::span<const Statement>;

}  // namespace tutti::services::gateway::database
