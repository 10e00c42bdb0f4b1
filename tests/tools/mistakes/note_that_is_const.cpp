// expects: a reservation's T.* is a plain object type
#include <string>

#include "tutti/node.hpp"

// NOLINTNEXTLINE(misc-use-internal-linkage)
void declare(tutti::Node& node) { (void)node.reservation<std::string, const int>({.name = "n"}); }
