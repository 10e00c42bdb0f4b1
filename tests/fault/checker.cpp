// Each promise is a list of moments: from then on a key owes this version at least. A read is held
// to the greatest of those that came before it began.
#include "fault/checker.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "fault/journal.hpp"
#include "fault/promise.hpp"
#include "tutti/clock.hpp"
#include "tutti/invalidation.hpp"

namespace tests::fault {

namespace {

using tutti::Duration;
using tutti::TimePoint;

// What one key owes, and since when.
class Debts {
public:
    void add(TimePoint since, Version version) { debts_.push_back({since, version}); }

    // Before the first question.
    void settle() {
        std::ranges::sort(debts_, {}, &Debt::since);
        Version most = 0;
        for (Debt& debt : debts_) debt.version = most = std::max(most, debt.version);
    }

    [[nodiscard]] Version at(TimePoint moment) const {
        const auto after = std::ranges::lower_bound(debts_, moment, {}, &Debt::since);
        return after == debts_.begin() ? 0 : std::prev(after)->version;
    }

    // How long at `moment` something newer than `version` has been owed.
    [[nodiscard]] Duration overdue(TimePoint moment, Version version) const {
        const auto newer = std::ranges::upper_bound(debts_, version, {}, &Debt::version);
        if (newer == debts_.end()) return {};
        return std::max(Duration::zero(), moment - newer->since);
    }

private:
    struct Debt {
        TimePoint since;
        Version version;
    };
    std::vector<Debt> debts_;  // after `settle` both grow
};

class ByKey {
public:
    void add(std::size_t key, TimePoint since, Version version) { keys_[key].add(since, version); }
    void settle() { std::ranges::for_each(keys_, &Debts::settle); }
    [[nodiscard]] const Debts& of(std::size_t key) const { return keys_[key]; }

private:
    std::array<Debts, keys> keys_;
};

std::string milliseconds(Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
           " ms";
}

class Judge {
public:
    Judge(const Story& story, const Expected& expected) : story_(story), expected_(expected) {
        for (const Commit& commit : story.commits) {
            commits_.add(commit.key, commit.at, commit.version);
        }
        for (const Told& told : story.told) {
            if (told.published()) published_.add(told.key, told.end, told.version);
            if (told.done()) done_.add(told.key, told.end, told.version);
        }
        for (ByKey* debts : {&commits_, &published_, &done_}) debts->settle();
    }

    Verdict verdict() {
        for (const Read& read : story_.reads) hold(read);
        for (const Told& told : story_.told) count(told);
        for (const Failed& failed : story_.failures) {
            ++verdict_.failed_reads;
            if (!expected_.reads_may_fail) broken("answered", failed.who + ": " + failed.why);
        }
        for (const std::string& node : expected_.alive) await_readiness(node);
        verdict_.writes = story_.commits.size();
        return std::move(verdict_);
    }

private:
    void hold(const Read& read) {
        ++verdict_.reads;
        verdict_.hits += read.from_memory ? 1 : 0;
        raise(verdict_.slowest_read, read.end - read.begin);
        const Debts& published = published_.of(read.key);
        const Debts& commits = commits_.of(read.key);
        raise(verdict_.stale_past_publication, published.overdue(read.begin, read.version));
        raise(verdict_.stale_past_commit, commits.overdue(read.begin, read.version));
        demand(read, "acknowledged", done_.of(read.key).at(read.begin));
        demand(read, "bounded", published.at(read.begin - lease_bound));
        if (const auto bound = expected_.commit_bound) {
            demand(read, "committed", commits.at(read.begin - *bound));
        }
    }

    void demand(const Read& read, const std::string& promise, Version least) {
        if (read.version >= least) return;
        broken(promise, read.who + " answered version " + std::to_string(read.version) +
                            " of key " + std::to_string(read.key) + " from " + read.cache + ", " +
                            std::to_string(least) + " is the least allowed; at " +
                            std::to_string(read.begin.time_since_epoch().count()));
    }

    void count(const Told& told) {
        if (!told.published()) {
            ++verdict_.unconfirmed[told.why];
        } else if (!told.done()) {
            ++verdict_.published;
        } else {
            ++(told.by == to_string(tutti::Invalidation::By::wait_out)
                   ? verdict_.waited_out
                   : verdict_.by_acknowledgements);
        }
    }

    void await_readiness(const std::string& node) {
        const Readiness* last = nullptr;
        TimePoint unready_since = TimePoint::min();
        for (const Readiness& each : story_.health) {
            if (each.who != node) continue;
            const bool was_ready = last != nullptr && last->ready;
            if (was_ready && !each.ready) unready_since = each.at;
            if (!was_ready && each.ready) {
                excuse(node, unready_since, each.at, last != nullptr ? last->why : "no word");
            }
            last = &each;
        }
        if (last == nullptr || !last->ready) {
            return broken("ready", node + " is not: " + (last != nullptr ? last->why : "no word"));
        }
        raise(verdict_.ready_after, last->at - expected_.fault_ended);
    }

    // What a late answer excuses begins with its question: a server that was well until then
    // excuses nothing.
    void excuse(const std::string& node, TimePoint unready_since, TimePoint until,
                const std::string& why) {
        TimePoint excused_until = expected_.fault_ended + ready_within;
        for (const Late& late : expected_.late) {
            if (late.asked > std::max(excused_until, unready_since)) break;
            excused_until = std::max(excused_until, late.answered + ready_within);
        }
        if (until <= excused_until) return;
        broken("ready", node + " was not for " +
                            milliseconds(until - std::max(excused_until, unready_since)) +
                            " of a server that is well: " + why);
    }

    void broken(const std::string& promise, const std::string& example) {
        auto& entry = verdict_.broken[promise];
        if (++entry.times == 1) entry.example = example;
    }

    static void raise(Duration& to, Duration duration) { to = std::max(to, duration); }

    const Story& story_;
    const Expected& expected_;
    ByKey commits_;
    ByKey published_;
    ByKey done_;
    Verdict verdict_;
};

}  // namespace

Verdict judge(const Story& story, const Expected& expected) {
    return Judge(story, expected).verdict();
}

}  // namespace tests::fault
