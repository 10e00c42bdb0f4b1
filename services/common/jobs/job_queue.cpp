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
    gauge("tutti_jobs_active", "Jobs that a worker has, or had when it went away.", metrics.active);
    gauge("tutti_jobs_completed", "Of the jobs that ended lately, those that completed.",
          metrics.completed);
    gauge("tutti_jobs_failed", "Of the jobs that ended lately, those that failed.", metrics.failed);
    text.metric("tutti_jobs_oldest_seconds", MetricText::Type::gauge,
                "Age of the oldest job that is ready and has not ended.")
        .sample({}, std::chrono::duration<double>(metrics.oldest_age).count());
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        text.metric(name, MetricText::Type::counter, help).sample({}, value);
    };
    counter("tutti_jobs_dead_letters_total", "Jobs that no attempt could end.", metrics.dead);
    counter("tutti_jobs_paid_unknown_total",
            "Paid calls that began and of whose answer nothing is known.", metrics.unknown_paid);
    return text.text();
}

}  // namespace tutti::services::jobs
