// Spans as OpenTelemetry's protocol writes them in JSON (OTLP/HTTP, version 1): names in lower
// camel case, ids in hexadecimal, integers of 64 bits as text, enumerations as numbers.
//
// Thread-safety: a pure function.
#pragma once

#include <span>
#include <string>

#include "common/process/span.hpp"

namespace tutti::services::tracing {

// Who made the spans.
struct Resource {
    std::string service;   // "ai-worker"
    std::string instance;  // "ai-worker-4711"
};

// The body of a POST to /v1/traces. What is not UTF-8 is replaced.
[[nodiscard]] std::string otlp_json(const Resource& resource,
                                    std::span<const process::SpanRecord> spans);

}  // namespace tutti::services::tracing
