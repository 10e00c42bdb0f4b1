// What each command is given when its options are parsed.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "tutti/clock.hpp"
#include "tutti/doctor.hpp"
#include "tutti/pattern.hpp"

namespace tutti::cli {

enum class Format : std::uint8_t { text, markdown, json, document };

struct AuditOptions {
    std::vector<std::string> urls;  // empty: the catalogue
    Format format = Format::text;
    bool check = false;
    Duration timeout{};
};

[[nodiscard]] int audit(const AuditOptions& options, std::ostream& out, std::ostream& err,
                        const World& world);

struct AdviseOptions {
    std::optional<Stale> stale;
    Need need;  // without `stale`
};

[[nodiscard]] int advise(const AdviseOptions& options, std::ostream& out, std::ostream& err);

struct DoctorCommand {
    std::vector<std::string> urls;  // one; a second is an error that must not repeat it
    DoctorOptions options;
    Format format = Format::text;  // or json
};

[[nodiscard]] int doctor(const DoctorCommand& command, std::ostream& out, std::ostream& err,
                         const World& world);

// An argument, or a text that quotes one, without the user names and passwords of its URLs.
[[nodiscard]] std::string without_credentials(std::string text);

}  // namespace tutti::cli
