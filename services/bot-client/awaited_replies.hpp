// The replies that this bot has asked for and that no bot is known to have said. A queue that loses
// its jobs, as Redis does when it is emptied, loses them without a word to anybody; so each is
// asked after now and then, and a message whose job is lost is answered with an apology, once.
//
// A bot that dies forgets what it waits for: what is then lost with the queue is lost in silence.
//
// Time comes in as arguments, so tests need not wait; `start` gives it a thread with the machine's
// clock.
//
// Thread-safety: all functions may be called from any thread; `start` once. Shutdown: `stop` ends
// the thread, and waits for a call that runs. Gateway and sender outlive it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "bot-client/discord.hpp"
#include "bot-client/gateway_api.hpp"
#include "common/jobs/job.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::bot {

class AwaitedReplies {
public:
    struct Options {
        std::size_t waiting_max = 10'000;  // the oldest are given up
        Duration look_every = std::chrono::seconds{10};
        Duration call_deadline = std::chrono::seconds{5};
        // A reply that has not come by then is given up. Of a job that has ended it is unknown
        // whether it was said.
        Duration give_up_after = std::chrono::hours{1};
    };
    struct Figures {
        std::uint64_t waiting = 0;  // now
        std::uint64_t lost = 0;     // the queue knows them no more
        std::uint64_t unknown = 0;  // given up
    };

    AwaitedReplies(ReplyApi& gateway, Sender& sender, Options options)
        : gateway_(gateway), sender_(sender), options_(options) {}
    ~AwaitedReplies() { stop(); }
    AwaitedReplies(const AwaitedReplies&) = delete;
    AwaitedReplies& operator=(const AwaitedReplies&) = delete;

    void start();
    // Idempotent.
    void stop();

    void add(const std::string& job_id, jobs::ReplyTo where, TimePoint now = Boottime::now());
    // It was said.
    void answered(const std::string& job_id);

    // Asks after those that are due, as long as no stop is requested; returns when to come again.
    // Blocking: as the gateway and the sender, for each.
    TimePoint step(TimePoint now, const std::stop_token& stop = {});

    [[nodiscard]] Figures figures() const;
    [[nodiscard]] std::string metrics_text() const;

private:
    struct Awaited {
        jobs::ReplyTo where;
        TimePoint since;
        TimePoint look_at;
    };

    void run(const std::stop_token& stop);
    [[nodiscard]] std::vector<std::pair<std::string, Awaited>> take_due(TimePoint now);
    void look_after(const std::string& job_id, const Awaited& awaited, TimePoint now);
    [[nodiscard]] bool apologise(const std::string& job_id, const jobs::ReplyTo& where);
    // False when it was answered meanwhile.
    bool remove(const std::string& job_id, std::uint64_t Figures::* counts);

    ReplyApi& gateway_;
    Sender& sender_;
    const Options options_;
    mutable detail::Mutex mutex_;
    std::condition_variable_any stopped_;
    std::map<std::string, Awaited> awaited_ TUTTI_GUARDED_BY(mutex_);
    Figures figures_ TUTTI_GUARDED_BY(mutex_);  // without `waiting`
    std::jthread thread_;
};

}  // namespace tutti::services::bot
