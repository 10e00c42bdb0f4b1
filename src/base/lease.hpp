// The lease under its name in the library's sources. A handle's hit reads it, too.
#pragma once

#include "tutti/detail/lease.hpp"  // IWYU pragma: export

namespace tutti {

using detail::Lease;

}  // namespace tutti
