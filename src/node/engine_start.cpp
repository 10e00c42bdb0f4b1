// How an engine starts: the permissions, then the channels, then the leases; what waits for the
// start is told when all of them stand, or when its own time is over.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "node/engine.hpp"

namespace tutti {

namespace {

constexpr Duration check_again_after = std::chrono::milliseconds{100};
constexpr Duration check_degraded_after = std::chrono::seconds{1};

}  // namespace

void Engine::start(Duration deadline, StartDone done) {
    parts_.executor->post([self = shared_from_this(), deadline, done = std::move(done)]() mutable {
        self->start_on_executor(deadline, std::move(done));
    });
}

struct Engine::Caller {
    StartDone done;
    Duration deadline;
    Executor::TimerId timer = Executor::TimerId::none;
};

void Engine::start_on_executor(Duration deadline, StartDone done) {
    if (auto problems = all_problems(); !problems.empty()) {
        return done(fail(Errc::invalid_option, "start", std::move(problems)));
    }
    switch (phase_.load()) {
    case Phase::stopped:
        return done(fail(Errc::stopped, "start", "a stopped node does not start again"));
    case Phase::started: return done({});
    case Phase::declaring:
    case Phase::starting: break;
    }
    if (enter(Phase::starting) == Phase::declaring) warn_of_critical();
    auto caller = std::make_shared<Caller>(Caller{.done = std::move(done), .deadline = deadline});
    caller->timer = parts_.executor->run_at(saturating_add(parts_.clock->now(), deadline),
                                            [weak = weak_from_this(), caller] {
                                                if (const auto self = weak.lock())
                                                    self->start_is_late(caller);
                                            });
    starting_.push_back(std::move(caller));
    if (opened_) return check_started();
    if (!parts_.check || usage().empty()) return open_channels();
    if (!std::exchange(checking_, true)) check_permissions();
}

void Engine::start_is_late(const CallerPointer& caller) {
    if (std::ranges::find(starting_, caller) == starting_.end()) return;
    if (options_.start_degraded) {
        if (!opened_) open_channels();
        return conclude_start({});
    }
    std::erase(starting_, caller);
    caller->done(fail(late_start(caller->deadline)));
}

// Names the step that was not done, where it was asked for, and what is known about why.
Error Engine::late_start(Duration deadline) const {
    if (auto error = this->unchecked()) return *std::move(error);
    std::string step = opened_ ? not_ready() : "nothing has answered yet what its user may do";
    const auto deaf = parts_.deaf ? parts_.deaf() : std::nullopt;
    if (opened_ && deaf) step += " (" + deaf->message() + ")";
    return {Errc::timeout, "start",
            parts_.where + ": after " + in_milliseconds(deadline) + ", " + step +
                ". Does it run (tutti doctor)? Start again with a longer deadline, or set "
                "NodeOptions::start_degraded to serve without it meanwhile"};
}

Usage Engine::usage() const {
    Usage usage;
    for (const auto& [name, channel] : channels_) {
        usage.channels.push_back({.channel = name, .plain = channel->has_plain_events()});
    }
    for (const auto& [name, writer] : writers_) usage.logs.push_back(name);
    for (const Entry& entry : entries_) {
        const Declaration& declaration = entry.declaration;
        if (!declaration.store_ttl) continue;
        usage.prefixes.push_back(prefix(declaration.raw_prefix, declaration.name));
    }
    return usage;
}

// Again and again, until it is known: a server that is away now may be back before the start is
// late.
void Engine::check_permissions() {
    const Duration deadline = saturating_multiply(options_.command_deadline, 3);
    parts_.check(usage(), saturating_add(parts_.clock->now(), deadline),
                 [weak = weak_from_this()](const Result<void>& allowed) {
                     if (const auto self = weak.lock()) self->permissions_checked(allowed);
                 });
}

void Engine::permissions_checked(const Result<void>& allowed) {
    const bool degraded = phase_.load() == Phase::started;
    checking_ = false;
    if (starting_.empty() && !degraded) return;  // the next start tries again
    set_unchecked(allowed ? std::nullopt : std::optional(allowed.error()));
    if (allowed) return opened_ ? void() : open_channels();
    if (!allowed.error().retryable()) {
        if (!degraded) return conclude_start(fail(allowed.error()));
        return log_(LogLevel::error,
                    "Redis is there again and refuses: " + allowed.error().message());
    }
    if (!degraded && options_.start_degraded) {
        log_(LogLevel::warning, "started without Redis: " + allowed.error().message());
        open_channels();
        conclude_start({});
    }
    checking_ = true;
    parts_.executor->run_at(
        parts_.clock->now() + (degraded ? check_degraded_after : check_again_after),
        [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self && self->phase_.load() != Phase::stopped) self->check_permissions();
        });
}

std::optional<Error> Engine::unchecked() const {
    const detail::Lock lock(mutex_);
    return unchecked_;
}

void Engine::set_unchecked(std::optional<Error> error) {
    const detail::Lock lock(mutex_);
    unchecked_ = std::move(error);
}

// Such a cache works and is wrong on other instances: it starts, and `tutti audit --check` fails.
void Engine::warn_of_critical() const {
    for (const Entry& entry : entries_) {
        const Grade grade = tutti::grade(entry.declaration);
        if (grade.risk != Risk::critical) continue;
        log_(LogLevel::warning, "CRITICAL: cache '" + entry.declaration.name + "': " +
                                    std::string(grade.reason) + "; " + std::string(grade.remedy));
    }
}

void Engine::open_channels() {
    opened_ = true;
    std::vector<Subscription> subscriptions;
    for (const auto& [name, channel] : channels_) {
        channel->connect();
        if (channel->hears()) subscriptions.push_back(channel->subscription());
    }
    for (const auto& [name, writer] : writers_) writer->connect();
    // Loads of a store without a bus wait for wakings.
    needs_bus_.store(!subscriptions.empty() || !writers_.empty());
    if (needs_bus_.load()) {
        parts_.bus->subscribe(std::move(subscriptions), *this);
    }
    check_started();
}

void Engine::check_started() {
    if (!starting_.empty() && not_ready().empty()) conclude_start({});
}

void Engine::conclude_start(const Result<void>& outcome) {
    // A start that goes on without its server may find at the same moment that it needs none.
    if (outcome && phase_.exchange(Phase::started) != Phase::started) {
        for_each_declared(&Declared::open);
    }
    for (const CallerPointer& caller : std::exchange(starting_, {})) {
        parts_.executor->cancel(caller->timer);
        caller->done(outcome);
    }
}

}  // namespace tutti
