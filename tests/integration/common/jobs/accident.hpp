// Processes that die or are stopped at a chosen call of a job, over servers that do not, or forget.
#pragma once

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "common/jobs/job_source.hpp"
#include "support/redis_server.hpp"

namespace tutti::services::testing {

// When a worker meets with its accident: before or after the first call of that name.
struct Moment {
    const char* call;
    bool after;
    int signal;
};

inline void PrintTo(const Moment& moment, std::ostream* out) {
    *out << (moment.signal == SIGKILL ? "killed" : "stopped")
         << (moment.after ? "_after_" : "_before_") << moment.call;
}

class Accident {
public:
    explicit Accident(Moment moment) : moment_(moment) {}

    void happen(const char* call, bool after) {
        if (moment_.signal == 0 || after != moment_.after ||
            std::string_view(call) != moment_.call) {
            return;
        }
        // To this thread: another one would let it go on for a moment.
        if (!happened_.exchange(true)) ::raise(moment_.signal);
    }

private:
    const Moment moment_;
    std::atomic<bool> happened_{false};
};

// A source whose process meets with its accident at one of the calls.
class EndangeredSource final : public jobs::JobSource {
public:
    EndangeredSource(jobs::JobSource& source, Accident& accident)
        : source_(source), accident_(accident) {}

    Result<std::optional<jobs::LeasedJob>> claim(const std::string& worker,
                                                 TimePoint deadline) override {
        return around(
            "claim", [&] { return source_.claim(worker, deadline); },
            [](const auto& claimed) { return claimed && *claimed; });
    }
    void wake() override { source_.wake(); }
    Result<jobs::Hold> renew(const jobs::Lease& lease, TimePoint deadline) override {
        return around("renew", [&] { return source_.renew(lease, deadline); });
    }
    Result<jobs::Hold> give_back(const jobs::Lease& lease, TimePoint deadline) override {
        return source_.give_back(lease, deadline);
    }
    Result<jobs::Ended> end_and_claim(const jobs::Lease& lease, const jobs::JobOutcome& outcome,
                                      const jobs::NextClaim& next, TimePoint deadline) override {
        return around("end", [&] { return source_.end_and_claim(lease, outcome, next, deadline); });
    }
    Result<std::vector<jobs::ChildEnd>> children(const jobs::Job& job,
                                                 TimePoint deadline) override {
        return around("children", [&] { return source_.children(job, deadline); });
    }
    Result<jobs::PaidCall> begin_paid(const jobs::Lease& lease, const std::string& call,
                                      TimePoint deadline) override {
        return around("begin_paid", [&] { return source_.begin_paid(lease, call, deadline); });
    }
    Result<jobs::Hold> store_paid(const jobs::Lease& lease, const std::string& call,
                                  const std::string& answer, TimePoint deadline) override {
        return around("store_paid",
                      [&] { return source_.store_paid(lease, call, answer, deadline); });
    }
    Result<jobs::Hold> cancel_paid(const jobs::Lease& lease, const std::string& call,
                                   TimePoint deadline) override {
        return source_.cancel_paid(lease, call, deadline);
    }
    Result<std::size_t> reap(const std::string& leaving, TimePoint deadline) override {
        return source_.reap(leaving, deadline);
    }

private:
    template <class Call>
    auto around(const char* name, Call call) -> decltype(call()) {
        return around(name, call, [](const auto&) { return true; });
    }
    template <class Call, class Counts>
    auto around(const char* name, Call call, Counts counts) -> decltype(call()) {
        accident_.happen(name, false);
        auto answer = call();
        if (counts(answer)) accident_.happen(name, true);
        return answer;
    }

    jobs::JobSource& source_;
    Accident& accident_;
};

// A forked process with a body that never returns.
class Fork {
public:
    explicit Fork(const std::function<void()>& body) : pid_(::fork()) {
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            body();
            ::_exit(1);
        }
    }
    ~Fork() {
        send(SIGKILL);
        if (!dead_) ::waitpid(pid_, nullptr, 0);
    }
    Fork(const Fork&) = delete;
    Fork& operator=(const Fork&) = delete;

    void send(int signal) const {
        if (!dead_) ::kill(pid_, signal);
    }
    // Whether it was killed or stopped by itself.
    bool had_accident() {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG | WUNTRACED) != pid_) return false;
        dead_ = WIFSIGNALED(status);
        return dead_ || WIFSTOPPED(status);
    }

private:
    const pid_t pid_;
    bool dead_ = false;
};

// Whether nobody may know, after that accident, how the paid call ended.
inline bool leaves_unknown(const Moment& moment, std::string_view paid_call) {
    const std::string_view call = moment.call;
    return (call == "begin_paid" && moment.after) || call == paid_call || call == "renew" ||
           (call == "store_paid" && !moment.after);
}

// Each of the calls, before and after it, with both signals.
inline std::vector<Moment> moments_at(const std::vector<const char*>& calls) {
    std::vector<Moment> all;
    for (const char* call : calls) {
        for (const int signal : {SIGKILL, SIGSTOP}) {
            all.push_back({call, false, signal});
            all.push_back({call, true, signal});
        }
    }
    return all;
}

struct Urls {
    std::string redis;    // of the queue
    std::string outside;  // where what the world was asked for is counted
};

// A server that keeps what it has answered, until it is told to forget, and one that nobody kills.
class OverRedis : public ::testing::Test {
protected:
    // "FLUSHALL" or "restarted_empty".
    void forget(std::string_view how) {
        if (how == "FLUSHALL") {
            server.command({"FLUSHALL"});
            return;
        }
        server.kill();
        std::filesystem::remove_all(server.folder() / "appendonlydir");
        server.start();
    }

    tests::RedisServer server{{.config = {"appendonly yes", "appendfsync always"}, .password = {}}};
    tests::RedisServer outside;
    const Urls urls{.redis = server.url(), .outside = outside.url()};
    std::uint64_t unknown_ = 0;  // nobody knows how so many ended
};

// For a suite whose parameter is how a server forgets.
#define TUTTI_IN_EACH_WAY_TO_FORGET(prefix, suite)                                            \
    INSTANTIATE_TEST_SUITE_P(prefix, suite, ::testing::Values("FLUSHALL", "restarted_empty"), \
                             [](const auto& how) { return std::string(how.param); })

}  // namespace tutti::services::testing
