// Where a worker gets jobs, and how it ends them: the consumer side of the queue (job_queue.hpp is
// the other one). Every job is handed out at least once; it ends once.
//
// A job is leased: to the worker that claimed it, until its lease lapses unless it is renewed. A
// lease is a random token in the job's record, and each of these functions compares it in the same
// step in which it changes anything. So a worker that was stopped, cut off or slow, and whose job
// another one has by now, is told `lost`: nothing was changed, and nothing announced. The job goes
// on elsewhere; what remains for the loser is to stop working on it.
//
// Every claim spends one of `attempts_max` attempts, counted here and not by the server; a job
// given back has it back. With all of them spent the job has failed: that is its end as any other,
// with an entry in the stream of dead letters besides.
//
// A call whose answer was lost may be repeated: `renew`, `store_paid` and `cancel_paid` do the same
// again, and `claim` and `end_and_claim` get the job that the lost answer spoke of. `give_back` and
// the end may then say `lost`, and `begin_paid` `unknown`, although it was the first call that did
// it.
//
// Errors of all functions: those of redis::RedisClient; none from a queue in this process. After
// `unavailable` and `refused` nothing was done, after any other error it may have been.
//
// Two implementations: RedisJobSource for processes of their own, InProcessJobQueue for a fleet in
// one.
//
// Thread-safety: all functions may be called from any thread, save `claim`: one call at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/uuid.hpp"
#include "common/jobs/job.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::jobs {

// The same for all workers of a queue.
struct LeaseOptions {
    // Longer than a worker is ever silent; a job whose worker is gone waits as long. At most a day.
    std::chrono::milliseconds lease{30'000};
    int attempts_max = 3;
    // Before the second attempt, and twice as long before each further one; never longer than the
    // lease.
    std::chrono::milliseconds retry_after{2'000};
    // Of what is made at random: letters, digits and dashes, never the same twice.
    std::function<std::string()> make_token = domain::random_uuid;
};

struct Lease {
    std::string job_id;
    std::string token;
    std::string ticket{};  // the entry of the stream, on Redis
};

struct LeasedJob {
    Job job;
    Lease lease;
    int attempt = 1;       // of attempts_max
    TimePoint asked_at{};  // from before the lease began
};

// Whether the lease was still this worker's.
enum class Hold : std::uint8_t { held, lost };

// The claim that the end of a job makes besides; none without a worker.
struct NextClaim {
    std::string worker{};
    std::string token{};   // of its lease, and of no other call but those that repeat this one
    TimePoint asked_at{};  // from before the first of them
    bool repeats = false;  // the call before had no answer
};

struct Ended {
    Hold hold = Hold::lost;
    std::optional<LeasedJob> next{};
};

// What is known of a call that costs money, by the id that the worker gives it within the job.
struct PaidCall {
    enum class State : std::uint8_t {
        begun,    // by this call of `begin_paid`: nothing is known of it from before, so it may be
                  // made
        stored,   // `answer` is what it was answered
        unknown,  // an attempt began it and stored nothing: it may have been made and billed
        lost,     // the lease is
    };

    State state = State::lost;
    std::string answer{};
};

class JobSource {
public:
    virtual ~JobSource() = default;

    // The next job for that worker, whose name no other one has; nothing when none came until
    // `deadline`, or when `wake` was called. Jobs are handed out in the order in which they became
    // ready; one that was given back, or whose lease has lapsed, goes first. Blocking: until
    // `deadline`, or a second more when the server does not answer.
    [[nodiscard]] virtual Result<std::optional<LeasedJob>> claim(const std::string& worker,
                                                                 TimePoint deadline) = 0;
    // Ends a `claim` that waits, soon; the next one as well when none does.
    virtual void wake() = 0;

    // The lease counts anew from when this is carried out, so at least from before the call.
    [[nodiscard]] virtual Result<Hold> renew(const Lease& lease, TimePoint deadline) = 0;
    // Another worker may claim it at once, and the attempt was none.
    [[nodiscard]] virtual Result<Hold> give_back(const Lease& lease, TimePoint deadline) = 0;
    // One step: the result in the record, word of the end (JobQueue::on_finished), the result for
    // the bots when the job has a reply channel, a parent whose last child this was becomes ready,
    // and nothing of it waits any more. A failure that may be retried does none of that while
    // attempts are left. Of the data, answers of paid calls and the lease nothing remains. A result
    // that is too large is a failure without retry.
    //
    // In the same step the next job for that worker is claimed, when one is there: so a worker that
    // has work asks once for each job, not twice. What ends no job claims none.
    [[nodiscard]] virtual Result<Ended> end_and_claim(const Lease& lease, const JobOutcome& outcome,
                                                      const NextClaim& next,
                                                      TimePoint deadline) = 0;
    [[nodiscard]] Result<Hold> end(const Lease& lease, const JobOutcome& outcome,
                                   TimePoint deadline) {
        auto ended = end_and_claim(lease, outcome, {}, deadline);
        if (!ended) return fail(std::move(ended).error());
        return ended->hold;
    }

    // How the children of a leased job ended, in their order. One whose record is lost has failed.
    [[nodiscard]] virtual Result<std::vector<ChildEnd>> children(const Job& job,
                                                                 TimePoint deadline) = 0;

    // Never billed twice: a paid call is made after it was begun here, and its answer used after it
    // was stored here. What a crash leaves between is `unknown`, which is counted once
    // (QueueMetrics) and never guessed. A later attempt may find the answer stored: it is taken
    // from the worker that began the call, even when its lease is lost by then, as long as the job
    // has not ended.
    [[nodiscard]] virtual Result<PaidCall> begin_paid(const Lease& lease, const std::string& call,
                                                      TimePoint deadline) = 0;
    [[nodiscard]] virtual Result<Hold> store_paid(const Lease& lease, const std::string& call,
                                                  const std::string& answer,
                                                  TimePoint deadline) = 0;
    // The call was certainly not billed: it may begin again.
    [[nodiscard]] virtual Result<Hold> cancel_paid(const Lease& lease, const std::string& call,
                                                   TimePoint deadline) = 0;

    // Forgets what the queue keeps of workers that are gone, and of this one with `leaving`; never
    // of one that has a job. Returns how many.
    [[nodiscard]] virtual Result<std::size_t> reap(const std::string& leaving,
                                                   TimePoint deadline) = 0;
};

}  // namespace tutti::services::jobs
