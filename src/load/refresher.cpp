#include "load/refresher.hpp"

#include <utility>

namespace tutti {

namespace {

constexpr double jitter = 0.1;
constexpr int first_retry_divisor = 16;

}  // namespace

Refresher::Refresher(Options options, Load load, const Clock& clock, Executor& executor, Log log)
    : options_(std::move(options)),
      load_(std::move(load)),
      clock_(clock),
      executor_(executor),
      log_(std::move(log)) {
    for (const Entry& entry : options_.spec.keys) {
        jobs_.push_back(
            {.entry = entry,
             .pauses = Backoff(options_.spec.every / first_retry_divisor, options_.spec.every)});
    }
}

void Refresher::start() {
    for (Job& job : jobs_) schedule(job, options_.spec.first);
}

void Refresher::stop() {
    stopped_ = true;
    for (Job& job : jobs_) executor_.cancel(std::exchange(job.timer, Executor::TimerId::none));
}

void Refresher::schedule(Job& job, Duration delay) {
    if (stopped_) return;
    job.timer =
        executor_.run_at(saturating_add(clock_.now(), delay), [weak = weak_from_this(), &job] {
            if (const auto self = weak.lock()) self->run(job);
        });
}

void Refresher::run(Job& job) {
    job.timer = Executor::TimerId::none;
    const Duration age_max = options_.spec.every / 10 * 9;
    load_(job.entry, Intent::scheduled(age_max),
          [weak = weak_from_this(), &job](const Result<detail::RawLookup>& answer) {
              if (const auto self = weak.lock()) self->answered(job, answer);
          });
}

void Refresher::answered(Job& job, const Result<detail::RawLookup>& answer) {
    if (stopped_) return;
    const bool failed = !answer || answer->answer == Answer::unknown;
    if (failed) {
        ++job.failures;
        signal(job, answer ? Error{Errc::unavailable, "refresh " + options_.cache, answer->degraded}
                           : answer.error());
        return schedule(job, job.pauses.next());
    }
    job.pauses.reset();
    if (std::exchange(job.failures, 0) >= options_.spec.signal_after) {
        log_.limited(LogLevel::info, "cache " + options_.cache + ": a refresh works again",
                     "key '" + job.entry.text + "'");
        tell(job, Error{});
    }
    const Duration spread =
        std::chrono::duration_cast<Duration>(options_.spec.every * (jitter * options_.random()));
    schedule(job, options_.spec.every - spread);
}

void Refresher::signal(const Job& job, const Error& error) const {
    if (job.failures != options_.spec.signal_after) return;
    log_.limited(LogLevel::warning, "cache " + options_.cache + ": a refresh fails",
                 "key '" + job.entry.text + "', " + std::to_string(job.failures) +
                     " times in a row: " + error.message());
    tell(job, error);
}

void Refresher::tell(const Job& job, const Error& error) const {
    if (!options_.spec.failing) return;
    const auto told = detail::guarded({.name = "refresh.failing"}, [&] {
        options_.spec.failing(job.entry.text, job.failures, error);
    });
    if (told) return;
    log_.limited(LogLevel::error, "cache " + options_.cache + ": refresh.failing",
                 told.error().cause);
}

}  // namespace tutti
