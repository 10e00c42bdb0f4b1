// The threads of `tutti probe` that ask: one for each process, so that one that does not answer
// holds up no other.
//
// Thread-safety: `ask` and `take` by one thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "cli/cli.hpp"
#include "cli/probe_tally.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::cli {

class Askers {
public:
    struct Answered {
        std::uint64_t question = 0;
        std::vector<Told> answers;  // one of each process
    };

    // patience: so long after a question is due its answer counts. processes: written in full,
    // without those that are named twice.
    Askers(std::vector<std::string> processes, std::string channel, Duration patience,
           const World& world);
    // Blocking: until the questions that are under way are answered or have had their time.
    ~Askers();
    Askers(const Askers&) = delete;
    Askers& operator=(const Askers&) = delete;

    [[nodiscard]] std::size_t processes() const noexcept { return processes_.size(); }
    // due: a question that a process cannot be sent within the patience is not sent, and failed.
    void ask(std::uint64_t question, const std::string& key, TimePoint due);
    // Those that every process has answered, or failed to.
    [[nodiscard]] std::vector<Answered> take();

private:
    struct Question {
        std::uint64_t number = 0;
        std::string key;
        TimePoint due;
    };
    using Waiting = std::deque<Question>;

    void work(std::size_t number);
    void end();
    [[nodiscard]] Told answer(const std::string& process, const Question& question) const;

    const std::vector<std::string> processes_;
    const std::string channel_;
    const Duration patience_;
    const World& world_;
    detail::Mutex mutex_;
    std::condition_variable asked_;
    bool ending_ TUTTI_GUARDED_BY(mutex_) = false;
    std::vector<Waiting> waiting_ TUTTI_GUARDED_BY(mutex_);  // for each process
    std::map<std::uint64_t, std::vector<Told>> answers_ TUTTI_GUARDED_BY(mutex_);
    std::vector<std::thread> threads_;
};

}  // namespace tutti::cli
