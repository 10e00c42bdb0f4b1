// The traces of a process, as its settings want them.
//
//     const auto traces = tracing::export_traces(settings, {"ai-worker", name});
//
// Thread-safety: once, early in `main`; what it returns goes after everything that makes spans.
#pragma once

#include "common/process/ending.hpp"
#include "common/process/settings.hpp"
#include "common/tracing/otlp.hpp"

namespace tutti::services::tracing {

// Until what it returns ends, spans go to `<otlp_endpoint>/v1/traces`, and the log has their ids
// when it is JSON; with neither of the two settings there are none. A collector that does not
// answer within 2 s has lost a batch.
[[nodiscard]] process::Ending export_traces(const process::Settings& settings, Resource resource);

}  // namespace tutti::services::tracing
