#include "support/folders.hpp"

#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tests {

std::filesystem::path make_folder(std::string_view what) {
    std::string name =
        (std::filesystem::temp_directory_path() / "tutti-").string().append(what).append("-XXXXXX");
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    return name;
}

std::string read_file(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

}  // namespace tests
