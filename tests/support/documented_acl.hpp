// The permissions that docs/operations.md tells an operator to paste, so that tests run under
// exactly those. Throws std::runtime_error when the document has no such rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct DocumentedAcl {
    std::vector<std::string> node;      // of any node, without the prefix of its own keys
    std::vector<std::string> services;  // what the services need besides
};

[[nodiscard]] DocumentedAcl documented_acl(std::string_view queue_name);

}  // namespace tests
