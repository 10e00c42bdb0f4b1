// expects: it must be move-constructible
#include <mutex>
#include <string>

#include "tutti/node.hpp"

// NOLINTNEXTLINE(misc-use-internal-linkage)
void declare(tutti::Node& node) { (void)node.local<std::string, std::mutex>({.name = "n"}); }
