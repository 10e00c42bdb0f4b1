#include "simulation/jobs/job_book.hpp"

#include <algorithm>
#include <utility>

namespace tutti::simulation {

JobBook::JobBook(const Clock& clock, jobs::JobQueue& queue, jobs::LeaseOptions leases,
                 bool accidents)
    : clock_(clock),
      queue_(queue),
      leases_(std::move(leases)),
      accidents_(accidents),
      subscription_(queue.on_finished([this](const std::string& id) { announced(id); })) {}

void JobBook::violate(const std::string& what, const std::string& job_id) {
    if (violation_.empty()) violation_ = job_id + ": " + what;
}

JobBook::Fact* JobBook::find(const std::string& job_id) {
    const auto found = facts_.find(job_id);
    return found == facts_.end() ? nullptr : &found->second;
}

void JobBook::enqueued(const std::vector<jobs::Job>& jobs) {
    for (const jobs::Job& job : jobs) {
        if (facts_.try_emplace(job.job_id, Fact{.name = job.name}).second) ++enqueued_;
    }
}

void JobBook::claimed(const jobs::LeasedJob& job) {
    Fact* const fact = find(job.job.job_id);
    if (fact == nullptr) return violate("was handed out and is unknown", job.job.job_id);
    if (fact->end) violate("was handed out after its end", job.job.job_id);
    if (!fact->token.empty() && fact->until > clock_.now()) {
        violate("was handed out while its lease stood", job.job.job_id);
    }
    if (!tokens_.emplace(job.lease.token, job.job.job_id).second) {
        violate("was leased twice with one token", job.job.job_id);
    }
    if (job.attempt > leases_.attempts_max) violate("has too many attempts", job.job.job_id);
    fact->token = job.lease.token;
    fact->until = clock_.now() + leases_.lease;
}

void JobBook::found_again(const jobs::LeasedJob& job) {
    const Fact* const fact = find(job.job.job_id);
    if (fact == nullptr || fact->token != job.lease.token) {
        violate("was leased by an end that came too late", job.job.job_id);
    }
}

void JobBook::renewed(const jobs::Lease& lease, jobs::Hold hold) {
    Fact* const fact = find(lease.job_id);
    if (hold == jobs::Hold::lost) return;
    if (fact == nullptr || fact->token != lease.token) {
        return violate("a lost lease was renewed", lease.job_id);
    }
    fact->until = clock_.now() + leases_.lease;
}

void JobBook::given_back(const jobs::Lease& lease, jobs::Hold hold) {
    Fact* const fact = find(lease.job_id);
    if (hold == jobs::Hold::lost) return;
    if (fact == nullptr || fact->token != lease.token) {
        return violate("a lost lease was given back", lease.job_id);
    }
    fact->token.clear();
}

void JobBook::ended(const jobs::Lease& lease, jobs::Hold hold) {
    Fact* const fact = find(lease.job_id);
    if (hold == jobs::Hold::lost) return;
    if (fact == nullptr || fact->token != lease.token) {
        return violate("a lost lease ended it", lease.job_id);
    }
    fact->token.clear();
}

void JobBook::begun(const jobs::Lease& lease, const jobs::PaidCall& call) {
    Fact* const fact = find(lease.job_id);
    if (fact == nullptr) return;
    if (call.state == jobs::PaidCall::State::begun) fact->began = lease.token;
    if (call.state == jobs::PaidCall::State::unknown && fact->stored) {
        violate("an answer that was stored is unknown", lease.job_id);
    }
}

void JobBook::stored(const jobs::Lease& lease) {
    Fact* const fact = find(lease.job_id);
    if (fact != nullptr && fact->began == lease.token && !fact->end) fact->stored = true;
}

void JobBook::billed(const std::string& job_id) {
    Fact* const fact = find(job_id);
    if (fact != nullptr && ++fact->billed > 1) violate("was billed twice", job_id);
}

void JobBook::used(const std::string& job_id) {
    if (Fact* const fact = find(job_id)) fact->used = true;
}

void JobBook::sees_children(const std::vector<jobs::ChildEnd>& ends) {
    for (const jobs::ChildEnd& child : ends) {
        const Fact* const fact = find(child.job_id);
        if (fact == nullptr) continue;
        if (!fact->end) {
            violate("its parent began before its end", child.job_id);
        } else if (const auto* completed = std::get_if<jobs::Completed>(&child.outcome)) {
            if (fact->end->result != completed->result) {
                violate("its parent saw another result", child.job_id);
            }
        } else if (fact->end->error != std::get<jobs::Failed>(child.outcome).cause) {
            violate("its parent saw another cause", child.job_id);
        }
    }
}

void JobBook::flushed() { facts_.clear(); }

void JobBook::announced(const std::string& job_id) {
    Fact* const fact = find(job_id);
    if (fact == nullptr) return violate("its end was announced, and it is unknown", job_id);
    if (++fact->announced > 1) violate("its end was announced twice", job_id);
    const auto status = queue_.status(job_id, clock_.now());
    if (status && *status) fact->end = **status;
    if (!fact->end || !fact->end->ended()) violate("an end was announced that is none", job_id);
}

bool JobBook::all_ended() const {
    return std::ranges::all_of(facts_, [](const auto& fact) { return fact.second.announced > 0; });
}

bool JobBook::may_fail(const Fact& fact, const std::string& cause) const {
    if (fact.name == "verdict") return cause == "a verdict" || accidents_;
    if (fact.name == "poison") return true;
    return accidents_;
}

void JobBook::check(const std::string& job_id, Fact& fact) {
    if (fact.announced == 0) return violate("did not end, or without a word", job_id);
    const auto status = queue_.status(job_id, clock_.now());
    if (status && *status && (*status)->status != fact.end->status) {
        violate("its end changed afterwards", job_id);
    }
    if (fact.end->status == "completed") {
        if (fact.end->result != answer_of(job_id)) violate("has another result", job_id);
        if (fact.billed != 1) violate("has an answer that was not billed", job_id);
        return;
    }
    const std::string cause = fact.end->error.value_or("");
    if (!may_fail(fact, cause)) violate("failed without an accident: " + cause, job_id);
    if (fact.used && cause.starts_with("an attempt before began it")) {
        violate("an answer that was used is unknown", job_id);
    }
}

void JobBook::check_all() {
    for (auto& [job_id, fact] : facts_) check(job_id, fact);
}

}  // namespace tutti::simulation
