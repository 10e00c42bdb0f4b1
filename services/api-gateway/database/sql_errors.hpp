// What SOCI throws, as an error of ours. Includes SOCI.
#pragma once

#include <soci/error.h>

#include <string>

#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

[[nodiscard]] Error to_error(const soci::soci_error& error, std::string operation);
// Whether another transaction was in the way of this one, which will see what it did when it is run
// again: the row that it refers to is gone, the row that it makes is there, or one of two had to
// give way.
[[nodiscard]] bool met_another(const soci::soci_error& error);

}  // namespace tutti::services::gateway::database
