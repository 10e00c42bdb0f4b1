// expects: a cache's value type V .* is a plain object type
#include <string>

#include "tutti/node.hpp"

// NOLINTNEXTLINE(misc-use-internal-linkage)
void declare(tutti::Node& node) { (void)node.local<std::string, int&>({.name = "n"}); }
