// A worker's way to the queue: calls take time, requests and answers get lost, and a request that
// its caller has given up may be carried out later. What is carried out the book hears of, at that
// moment.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/jobs/job_source.hpp"
#include "simulation/jobs/job_book.hpp"
#include "simulation/jobs/stage.hpp"

namespace tutti::simulation {

class FlakySource final : public jobs::JobSource {
public:
    FlakySource(Stage& stage, jobs::JobSource& queue, JobBook& book, double lost)
        : stage_(stage), queue_(queue), book_(book), lost_(lost) {}

    Result<std::optional<jobs::LeasedJob>> claim(const std::string& worker, TimePoint) override {
        const TimePoint asked_at = stage_.now();
        auto claimed = carry([&queue = queue_, &book = book_, &stage = stage_, worker] {
            auto taken = queue.claim(worker, stage.now());
            if (taken && *taken) book.claimed(**taken);
            return taken;
        });
        if (claimed && *claimed) (*claimed)->asked_at = asked_at;
        return claimed;
    }
    void wake() override {}
    Result<jobs::Hold> renew(const jobs::Lease& lease, TimePoint) override {
        return carry([&queue = queue_, &book = book_, lease] {
            auto hold = queue.renew(lease, {});
            book.renewed(lease, *hold);
            return hold;
        });
    }
    Result<jobs::Hold> give_back(const jobs::Lease& lease, TimePoint) override {
        return carry([&queue = queue_, &book = book_, lease] {
            auto hold = queue.give_back(lease, {});
            book.given_back(lease, *hold);
            return hold;
        });
    }
    Result<jobs::Ended> end_and_claim(const jobs::Lease& lease, const jobs::JobOutcome& outcome,
                                      const jobs::NextClaim& next, TimePoint) override {
        auto answer = carry([&queue = queue_, &book = book_, lease, outcome, next] {
            auto ended = queue.end_and_claim(lease, outcome, next, {});
            book.ended(lease, ended->hold);
            if (ended->next) {
                const bool is_new = ended->hold == jobs::Hold::held;
                is_new ? book.claimed(*ended->next) : book.found_again(*ended->next);
            }
            return ended;
        });
        if (answer && answer->next) answer->next->asked_at = next.asked_at;
        return answer;
    }
    Result<std::vector<jobs::ChildEnd>> children(const jobs::Job& job, TimePoint) override {
        return carry([&queue = queue_, job] { return queue.children(job, {}); });
    }
    Result<jobs::PaidCall> begin_paid(const jobs::Lease& lease, const std::string& call,
                                      TimePoint) override {
        return carry([&queue = queue_, &book = book_, lease, call] {
            auto known = queue.begin_paid(lease, call, {});
            book.begun(lease, *known);
            return known;
        });
    }
    Result<jobs::Hold> store_paid(const jobs::Lease& lease, const std::string& call,
                                  const std::string& answer, TimePoint) override {
        return carry([&queue = queue_, &book = book_, lease, call, answer] {
            auto hold = queue.store_paid(lease, call, answer, {});
            book.stored(lease);
            return hold;
        });
    }
    Result<jobs::Hold> cancel_paid(const jobs::Lease& lease, const std::string& call,
                                   TimePoint) override {
        return carry([&queue = queue_, lease, call] { return queue.cancel_paid(lease, call, {}); });
    }
    Result<std::size_t> reap(const std::string&, TimePoint) override { return 0; }

    // Also for the client's calls.
    template <class Call>
    auto carry(Call call) -> decltype(call()) {
        Random& random = stage_.random();
        stage_.wait(random.magnitude(std::chrono::microseconds{100}, std::chrono::milliseconds{5}));
        const bool is_lost = random.chance(lost_);
        if (is_lost && random.chance(0.5)) {
            // Behind what the caller does next.
            stage_.add([&stage = stage_, call] {
                stage.wait(stage.random().magnitude(std::chrono::milliseconds{50},
                                                    std::chrono::seconds{3}));
                (void)call();
            });
        }
        if (is_lost) return give_up();
        auto answer = call();
        if (random.chance(lost_)) return give_up();
        stage_.wait(random.magnitude(std::chrono::microseconds{100}, std::chrono::milliseconds{5}));
        return answer;
    }

private:
    std::unexpected<Error> give_up() {
        stage_.wait(std::chrono::milliseconds{100});
        return fail(Errc::timeout, "call the queue", "no answer");
    }

    Stage& stage_;
    jobs::JobSource& queue_;
    JobBook& book_;
    const double lost_;
};

}  // namespace tutti::simulation
