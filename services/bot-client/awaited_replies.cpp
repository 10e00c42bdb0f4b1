#include "bot-client/awaited_replies.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "bot-client/apologies.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::bot {

void AwaitedReplies::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void AwaitedReplies::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void AwaitedReplies::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        TimePoint next = Boottime::now() + options_.look_every;
        process::contain("the replies that are awaited",
                         [&] { next = step(Boottime::now(), stop); });
        detail::Lock lock(mutex_);
        stopped_.wait_for(lock, stop, time_left(next, Boottime::now()), [] { return false; });
    }
}

void AwaitedReplies::add(const std::string& job_id, jobs::ReplyTo where, TimePoint now) {
    const detail::Lock lock(mutex_);
    if (awaited_.size() >= options_.waiting_max) {
        awaited_.erase(std::ranges::min_element(
            awaited_, {}, [](const auto& entry) { return entry.second.since; }));
        ++figures_.unknown;
    }
    awaited_.try_emplace(
        job_id,
        Awaited{.where = std::move(where), .since = now, .look_at = now + options_.look_every});
}

void AwaitedReplies::answered(const std::string& job_id) {
    const detail::Lock lock(mutex_);
    awaited_.erase(job_id);
}

TimePoint AwaitedReplies::step(TimePoint now, const std::stop_token& stop) {
    for (const auto& [job_id, awaited] : take_due(now)) {
        // A gateway that hangs would hold up a stop for each of them.
        if (stop.stop_requested()) break;
        look_after(job_id, awaited, now);
    }
    const detail::Lock lock(mutex_);
    TimePoint next = now + options_.look_every;
    for (const auto& [job_id, awaited] : awaited_) next = std::min(next, awaited.look_at);
    return next;
}

std::vector<std::pair<std::string, AwaitedReplies::Awaited>> AwaitedReplies::take_due(
    TimePoint now) {
    const detail::Lock lock(mutex_);
    std::vector<std::pair<std::string, Awaited>> due;
    for (auto& [job_id, awaited] : awaited_) {
        if (awaited.look_at > now) continue;
        awaited.look_at = now + options_.look_every;
        due.emplace_back(job_id, awaited);
    }
    return due;
}

void AwaitedReplies::look_after(const std::string& job_id, const Awaited& awaited, TimePoint now) {
    const auto job = gateway_.read_job(job_id, Boottime::now() + options_.call_deadline);
    const bool is_old = now - awaited.since > options_.give_up_after;
    if (job && !*job) {
        if (apologise(job_id, awaited.where) || is_old) remove(job_id, &Figures::lost);
    } else if (job && (*job)->is_delivered()) {
        answered(job_id);
    } else if (is_old && remove(job_id, &Figures::unknown)) {
        log::warn("a reply is given up", job_id + ": nothing is known of it for an hour");
    }
}

bool AwaitedReplies::apologise(const std::string& job_id, const jobs::ReplyTo& where) {
    {
        const detail::Lock lock(mutex_);
        if (!awaited_.contains(job_id)) return true;
    }
    log::warn("a reply is lost", job_id + ": the queue knows it no more");
    const auto said = sender_.say({.channel_id = where.channel,
                                   .message_id = where.reference,
                                   .content = apologies::may_be_lost,
                                   .nonce = job_id},
                                  Boottime::now() + options_.call_deadline);
    const bool may_be_later =
        !said && (said.error().code == Errc::unavailable || said.error().code == Errc::overloaded);
    return !may_be_later;
}

bool AwaitedReplies::remove(const std::string& job_id, std::uint64_t Figures::* counts) {
    const detail::Lock lock(mutex_);
    if (awaited_.erase(job_id) == 0) return false;
    ++(figures_.*counts);
    return true;
}

AwaitedReplies::Figures AwaitedReplies::figures() const {
    const detail::Lock lock(mutex_);
    Figures figures = figures_;
    figures.waiting = awaited_.size();
    return figures;
}

std::string AwaitedReplies::metrics_text() const {
    const Figures now = figures();
    MetricText text;
    text.metric("tutti_replies_awaited", MetricText::Type::gauge,
                "Replies that this bot asked for and that no bot is known to have said.")
        .sample({}, now.waiting);
    text.metric("tutti_replies_lost_total", MetricText::Type::counter,
                "Of these, those that the queue knew no more; each was answered with an apology.")
        .sample({}, now.lost);
    text.metric("tutti_replies_unknown_total", MetricText::Type::counter,
                "Of these, those that were given up.")
        .sample({}, now.unknown);
    return text.text();
}

}  // namespace tutti::services::bot
