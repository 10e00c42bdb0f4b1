// The names that dashboards know.
#include <gmock/gmock.h>

#include <chrono>

#include "common/jobs/job_runner.hpp"

namespace tutti::services::jobs {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(RunnerFigures, HaveTheirNames) {
    const std::string text = runner_metrics_text({.attempts = 9,
                                                  .completed = 4,
                                                  .failed = 1,
                                                  .retried = 2,
                                                  .given_back = 3,
                                                  .lost_leases = 5,
                                                  .running = 6,
                                                  .last_read_age = 1500ms});

    EXPECT_THAT(text, HasSubstr("# TYPE tutti_jobs_attempts_total counter\n"
                                "tutti_jobs_attempts_total 9\n"));
    EXPECT_THAT(text, HasSubstr("tutti_jobs_outcomes_total{outcome=\"completed\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("tutti_jobs_outcomes_total{outcome=\"failed\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("tutti_jobs_outcomes_total{outcome=\"retried\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("tutti_jobs_outcomes_total{outcome=\"given_back\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_lost_leases_total 5\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_running 6\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_last_read_seconds 1.5\n"));
}

}  // namespace
}  // namespace tutti::services::jobs
