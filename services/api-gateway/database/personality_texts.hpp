// The texts of a personality as models read them.
//
// Thread-safety: a pure function.
#pragma once

#include "common/domain/domain.hpp"

namespace tutti::services::gateway::database {

// Fills the placeholders in: those for the personality become its name, the one for the user stays,
// in its short form. In one pass, so that what a name brings in is not looked at again. False: all
// texts together are over the limit, and then they are not complete.
[[nodiscard]] bool fill_placeholders(domain::Personality& personality);

}  // namespace tutti::services::gateway::database
