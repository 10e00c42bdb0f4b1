// The consumer side of the queue on Redis: see job_source.hpp, and job_queue_redis.hpp for its
// keys. Each function is one script. A claim that finds nothing waits in XREAD for the next ticket,
// and asks again; whatever ends the wait is only a reason to ask.
//
// Thread-safety: as JobSource. `wake` ends a wait within `block`.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/limits.hpp"
#include "common/jobs/job_queue.hpp"
#include "common/jobs/job_source.hpp"
#include "common/process/logging.hpp"
#include "common/process/settings.hpp"
#include "common/redis/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::jobs {

// Of the client that claims: the largest job, and what stands beside it.
inline constexpr std::size_t claim_reply_bytes_max =
    domain::plan_bytes_max + domain::frame_bytes_max;

class RedisJobSource final : public JobSource {
public:
    struct Options {
        std::string queue = process::Settings{}.queue_name;
        LeaseOptions leases{};
        std::chrono::seconds record_ttl = job_record_ttl;
        // Of one wait for a ticket; shorter than what the client that waits allows to a command.
        std::chrono::milliseconds block{250};
        // How long a worker without a job says nothing until it is forgotten. It may come back.
        std::chrono::milliseconds forget_after{60'000};
        // Name, data and children of one job; a larger one is a dead letter. What the client takes
        // of a reply is more.
        std::size_t job_bytes_max = domain::plan_bytes_max;
    };

    // Borrows the clients; nothing else uses `waiting`.
    RedisJobSource(redis::RedisClient& redis, redis::RedisClient& waiting, Options options);

    [[nodiscard]] Result<std::optional<LeasedJob>> claim(const std::string& worker,
                                                         TimePoint deadline) override;
    void wake() override;
    [[nodiscard]] Result<Hold> renew(const Lease& lease, TimePoint deadline) override;
    [[nodiscard]] Result<Hold> give_back(const Lease& lease, TimePoint deadline) override;
    [[nodiscard]] Result<Ended> end_and_claim(const Lease& lease, const JobOutcome& outcome,
                                              const NextClaim& next, TimePoint deadline) override;
    [[nodiscard]] Result<std::vector<ChildEnd>> children(const Job& job,
                                                         TimePoint deadline) override;
    [[nodiscard]] Result<PaidCall> begin_paid(const Lease& lease, const std::string& call,
                                              TimePoint deadline) override;
    [[nodiscard]] Result<Hold> store_paid(const Lease& lease, const std::string& call,
                                          const std::string& answer, TimePoint deadline) override;
    [[nodiscard]] Result<Hold> cancel_paid(const Lease& lease, const std::string& call,
                                           TimePoint deadline) override;
    [[nodiscard]] Result<std::size_t> reap(const std::string& leaving, TimePoint deadline) override;

private:
    // What one script said: a job, or how long to wait after which ticket.
    struct Claimed {
        std::optional<LeasedJob> job{};
        bool again = false;  // there may be more, at once
        std::string after{};
        std::chrono::milliseconds free_in{0};
    };

    // What claiming.lua reads.
    [[nodiscard]] std::vector<std::string> claim_words(const NextClaim& claim,
                                                       const std::string& cursor) const;
    void note_group(const redis::RedisReply& made);
    [[nodiscard]] Result<Claimed> claim_once(const std::string& worker, TimePoint deadline);
    [[nodiscard]] Result<Claimed> read_claimed(const redis::RedisReply& reply,
                                               const NextClaim& claim);
    [[nodiscard]] Result<void> wait(const Claimed& nothing, TimePoint deadline);
    [[nodiscard]] Result<redis::RedisReply> run(const redis::Script& script,
                                                std::vector<std::string> arguments,
                                                TimePoint deadline);
    [[nodiscard]] Result<Hold> hold(const redis::Script& script, std::vector<std::string> arguments,
                                    TimePoint deadline);

    redis::RedisClient& redis_;
    redis::RedisClient& waiting_;
    const Options options_;
    // Of `claim` alone.
    std::string token_;           // of the next lease
    bool answer_lost_ = false;    // of the last claim, which had the same token
    std::string cursor_ = "0-0";  // of the scan for lapsed leases
    TimePoint asked_at_{};
    std::atomic<bool> had_group_{false};  // alone
    // Pairs with itself: `wake` happens before the claim that sees it.
    std::atomic<bool> woken_{false};
};

}  // namespace tutti::services::jobs
