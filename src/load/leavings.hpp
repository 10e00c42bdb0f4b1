// What leaves under a cache's mutex. Declared before it is locked, and so destroyed after: no
// destructor of the user's runs under it.
#pragma once

#include <memory>
#include <vector>

#include "tutti/detail/reclaim.hpp"

namespace tutti {

struct Leavings {
    detail::RetiredList entries;
    std::vector<std::shared_ptr<const void>> values;
};

}  // namespace tutti
