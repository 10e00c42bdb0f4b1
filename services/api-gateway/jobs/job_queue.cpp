#include "api-gateway/jobs/job_queue.hpp"

#include <string_view>

namespace tutti::services::gateway::jobs {

std::string queue_metrics_text(const QueueMetrics& metrics) {
    std::string text;
    const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        text.append("# HELP ").append(name).append(" ").append(help);
        text.append("\n# TYPE ").append(name).append(" gauge\n").append(name).append(" ");
        text.append(std::to_string(value)).append("\n");
    };
    gauge("tutti_jobs_waiting", "Jobs that wait for a worker.", metrics.waiting);
    gauge("tutti_jobs_active", "Jobs that a worker has and has not acknowledged.", metrics.active);
    gauge("tutti_jobs_completed", "Of the jobs that ended lately, those that completed.",
          metrics.completed);
    gauge("tutti_jobs_failed", "Of the jobs that ended lately, those that failed.", metrics.failed);
    return text;
}

}  // namespace tutti::services::gateway::jobs
