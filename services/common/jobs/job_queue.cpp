#include "common/jobs/job_queue.hpp"

#include <string_view>

#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::jobs {

std::string queue_metrics_text(const QueueMetrics& metrics, const std::string& prefix) {
    MetricText text;
    const auto gauge = [&](const std::string& name, std::string_view help, std::uint64_t value) {
        text.metric(prefix + name, MetricText::Type::gauge, help).sample({}, value);
    };
    gauge("_waiting", "Jobs that wait for a worker.", metrics.waiting);
    gauge("_active", "Jobs that a worker has, or had when it went away.", metrics.active);
    gauge("_completed", "Of the jobs that ended lately, those that completed.", metrics.completed);
    gauge("_failed", "Of the jobs that ended lately, those that failed.", metrics.failed);
    text.metric(prefix + "_oldest_seconds", MetricText::Type::gauge,
                "Age of the oldest job that is ready and has not ended.")
        .sample({}, std::chrono::duration<double>(metrics.oldest_age).count());
    const auto counter = [&](const std::string& name, std::string_view help, std::uint64_t value) {
        text.metric(prefix + name, MetricText::Type::counter, help).sample({}, value);
    };
    counter("_dead_letters_total", "Jobs that no attempt could end.", metrics.dead);
    counter("_paid_unknown_total", "Paid calls that began and of whose answer nothing is known.",
            metrics.unknown_paid);
    return text.text();
}

}  // namespace tutti::services::jobs
