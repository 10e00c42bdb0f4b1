// What the servers and programs that tests start keep their files in.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tests {

// A new one, tutti-<what>-XXXXXX, below the system's folder for temporary files.
[[nodiscard]] std::filesystem::path make_folder(std::string_view what);
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace tests
