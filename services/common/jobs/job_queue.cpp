#include "common/jobs/job_queue.hpp"

#include <string_view>

#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::jobs {

std::string queue_metrics_text(const QueueMetrics& metrics) {
    MetricText text;
    const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        text.metric(name, MetricText::Type::gauge, help).sample({}, value);
    };
    gauge("tutti_jobs_waiting", "Jobs that wait for a worker.", metrics.waiting);
    gauge("tutti_jobs_active", "Jobs that a worker has and has not acknowledged.", metrics.active);
    gauge("tutti_jobs_completed", "Of the jobs that ended lately, those that completed.",
          metrics.completed);
    gauge("tutti_jobs_failed", "Of the jobs that ended lately, those that failed.", metrics.failed);
    return text.text();
}

}  // namespace tutti::services::jobs
