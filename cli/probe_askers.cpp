#include "cli/probe_askers.hpp"

#include <utility>

#include "cli/processes.hpp"

namespace tutti::cli {

Askers::Askers(std::vector<std::string> processes, std::string channel, Duration patience,
               const World& world)
    : processes_(std::move(processes)),
      channel_(std::move(channel)),
      patience_(patience),
      world_(world),
      waiting_(processes_.size()) {
    try {
        for (std::size_t number = 0; number < processes_.size(); ++number) {
            threads_.emplace_back([this, number] { work(number); });
        }
    } catch (...) {
        end();
        throw;
    }
}

Askers::~Askers() { end(); }

void Askers::end() {
    {
        const detail::Lock lock(mutex_);
        ending_ = true;
    }
    asked_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Askers::ask(std::uint64_t question, const std::string& key, TimePoint due) {
    {
        const detail::Lock lock(mutex_);
        for (Waiting& waiting : waiting_) waiting.push_back({question, key, due});
    }
    asked_.notify_all();
}

std::vector<Askers::Answered> Askers::take() {
    std::vector<Answered> complete;
    const detail::Lock lock(mutex_);
    for (auto at = answers_.begin(); at != answers_.end();) {
        if (at->second.size() < processes_.size()) {
            ++at;
            continue;
        }
        complete.push_back({at->first, std::move(at->second)});
        at = answers_.erase(at);
    }
    return complete;
}

void Askers::work(std::size_t number) {
    detail::Lock lock(mutex_);
    for (;;) {
        asked_.wait(lock.waiting(), [this, number]() TUTTI_REQUIRES(mutex_) {
            return ending_ || !waiting_[number].empty();
        });
        if (ending_) return;
        const Question question = std::move(waiting_[number].front());
        waiting_[number].pop_front();
        lock.unlock();
        Told told = answer(processes_[number], question);
        lock.lock();
        answers_[question.number].push_back(std::move(told));
    }
}

Told Askers::answer(const std::string& process, const Question& question) const {
    const TimePoint sent = world_.clock->now();
    const Duration left = patience_ - (sent - question.due);
    const auto late = [&](const char* why) -> Result<Holdings> {
        return fail(Errc::timeout, "GET /holdings", why);
    };
    Result<Holdings> holdings = left > Duration::zero()
                                    ? ask_holdings(process, channel_, question.key, left, world_)
                                    : late("not asked: its turn came too late");
    const TimePoint answered = world_.clock->now();
    if (holdings && answered - question.due > patience_) holdings = late("answered too late");
    return {
        .process = process, .sent = sent, .answered = answered, .holdings = std::move(holdings)};
}

}  // namespace tutti::cli
