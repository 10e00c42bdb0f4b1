// The thread of a Sweeper, which waits for its next look, a wake-up or the end.
#include <condition_variable>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/option_problems.hpp"
#include "base/system_random.hpp"
#include "outbox/sweeper.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/outbox.hpp"

namespace tutti::outbox {
namespace {

std::vector<std::string> problems_with(const PublisherOptions& options) {
    OptionProblems problems;
    bool named = !options.channels.empty();
    for (const Channel& channel : options.channels) {
        named = named && !channel.name.empty() && channel.invalidate;
    }
    problems.unless(named, "channels", "needs at least one, each with a name and `invalidate`");
    problems.unless(options.poll_every > Duration::zero(), "poll_every", "must be positive");
    problems.unless(options.deadline > Duration::zero(), "deadline", "must be positive");
    problems.unless(options.keys_max > 0, "keys_max", "must be positive");
    problems.unless(options.rows_kept >= Duration::zero(), "rows_kept", "must not be negative");
    return problems.take();
}

}  // namespace

class Publisher::Impl {
public:
    Impl(PublisherOptions options, std::shared_ptr<Rows> rows)
        : sweeper_(std::move(options), std::move(rows),
                   {.clock = &system_clock(), .random = system_random}),
          thread_([this](const std::stop_token& stop) { run(stop); }) {}

    [[nodiscard]] Sweeper& sweeper() noexcept { return sweeper_; }

    void wake() noexcept {
        {
            const detail::Lock lock(mutex_);
            is_woken_ = true;
        }
        changed_.notify_all();
    }

private:
    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const Duration pause = sweeper_.look(stop);
            detail::Lock lock(mutex_);
            changed_.wait_for(lock, stop, pause,
                              [this]() TUTTI_REQUIRES(mutex_) { return is_woken_; });
            is_woken_ = false;
        }
        sweeper_.settle();
    }

    Sweeper sweeper_;
    detail::Mutex mutex_;
    std::condition_variable_any changed_;
    bool is_woken_ TUTTI_GUARDED_BY(mutex_) = false;
    std::jthread thread_;  // last: uses all of the above
};

Result<std::unique_ptr<Publisher>> Publisher::start(PublisherOptions options,
                                                    std::shared_ptr<Rows> rows) {
    if (const auto problems = problems_with(options); !problems.empty()) {
        return fail(Errc::invalid_option, "start the outbox's publisher", in_lines(problems));
    }
    return std::unique_ptr<Publisher>(
        new Publisher(std::make_unique<Impl>(std::move(options), std::move(rows))));
}

Publisher::Publisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Publisher::~Publisher() = default;

bool Publisher::publish(const std::vector<Row>& rows) { return impl_->sweeper().publish(rows); }
void Publisher::wake() noexcept { impl_->wake(); }
Publisher::Figures Publisher::figures() const { return impl_->sweeper().figures(); }

}  // namespace tutti::outbox
