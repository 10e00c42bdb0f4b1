// expects: a cache's value type V .* is a plain object type
#include <string>

#include "tutti/node.hpp"

// NOLINTNEXTLINE(misc-use-internal-linkage)
void declare(tutti::Node& node) { (void)node.coherent<std::string, const int>({.name = "n"}); }
