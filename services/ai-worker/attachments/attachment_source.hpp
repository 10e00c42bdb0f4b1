// Files of attachments, for what the worker makes of them. An interface, so that it is tested
// without a network.
#pragma once

#include <string>

#include "ai-worker/providers/failure.hpp"
#include "common/domain/media.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::worker::attachments {

class AttachmentSource {
public:
    virtual ~AttachmentSource() = default;

    // Its bytes. The category of a failure is media_missing, network or timeout; nothing when it
    // may not be fetched from there. Blocking: until `deadline` at most. Thread-safety: any thread.
    [[nodiscard]] virtual providers::Answered<std::string> fetch(const domain::MediaPlace& place,
                                                                 TimePoint deadline) = 0;
};

}  // namespace tutti::services::worker::attachments
