// expects: a cache's key type K is a plain type
#include <string>

#include "tutti/node.hpp"

// NOLINTNEXTLINE(misc-use-internal-linkage)
void declare(tutti::Node& node) { (void)node.reservation<const std::string>({.name = "n"}); }
