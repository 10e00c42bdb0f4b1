// The webhook through which the personalities of a channel speak.
//
// Thread-safety: plain values.
#pragma once

#include <string>

#include "common/process/secret.hpp"

namespace tutti::services::domain {

struct Webhook {
    std::string id;
    process::Secret token;  // who has it can speak in the channel
};

}  // namespace tutti::services::domain
