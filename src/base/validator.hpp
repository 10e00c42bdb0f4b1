// What a validated read asks before memory counts (R10): the way to the server and back.
#pragma once

#include "tutti/store.hpp"

namespace tutti {

class Validator {
public:
    virtual ~Validator() = default;

    // Succeeds when the server has said, in an answer to what was sent after this call, where the
    // log is, and everything up to there is applied here. An error: that is not known, and may be
    // found out too late to be worth waiting for. Calls that wait at one time share a round trip.
    // `done` runs once, on the executor, never inside the call. Thread-safe; no clock is read.
    virtual void validate(Completion<void> done) = 0;
};

}  // namespace tutti
