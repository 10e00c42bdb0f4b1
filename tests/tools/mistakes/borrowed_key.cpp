// expects: a cache's key must own its text
#include <string_view>

#include "tutti/node.hpp"

// NOLINTNEXTLINE(misc-use-internal-linkage)
void declare(tutti::Node& node) { (void)node.coherent<std::string_view, int>({.name = "numbers"}); }
