#include "fault/run.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "base/text.hpp"
#include "fault/checker.hpp"
#include "fault/faults.hpp"
#include "fault/fleet.hpp"
#include "fault/promise.hpp"
#include "fault/pulse.hpp"
#include "tutti/clock.hpp"

namespace tests::fault {

namespace {

using namespace std::chrono_literals;
using tutti::Boottime;
using tutti::Duration;
using tutti::in_milliseconds;
using tutti::TimePoint;

// Behind every bound, so that what is owed then is also asked for.
constexpr auto a_while = 300ms;
constexpr auto writes_after_the_fault = 1500ms;

void wait_until(TimePoint when) {
    std::this_thread::sleep_for(tutti::time_left(when, Boottime::now()));
}

TimePoint late_until(const Pulse::Seen& seen) {
    return seen.late.empty() ? TimePoint::min() : seen.late.back().answered;
}

// The readers go on until everything that was promised is due.
void be_calm(const Fault& fault, TimePoint fault_ended, TimePoint last_write, const Pulse& pulse) {
    const auto due = [&] {
        const TimePoint well_since = std::max(fault_ended, late_until(pulse.seen()));
        TimePoint until = std::min(well_since + ready_within, fault_ended + well_within);
        until = std::max(until, last_write + lease_bound);
        if (const auto bound = fault.commit_bound) until = std::max(until, last_write + *bound);
        return until + a_while;
    };
    while (Boottime::now() < due()) wait_until(std::min(due(), Boottime::now() + a_while));
}

std::vector<std::string> complaints_of(const Fault& fault, const Outcome& outcome,
                                       const std::vector<std::string>& crashes) {
    std::vector<std::string> all;
    const Verdict& verdict = outcome.verdict;
    for (const std::string& crash : crashes) all.push_back("crash: " + crash);
    if (outcome.server_late_for > well_within - ready_within) {
        all.push_back(
            "this machine is too busy to say when a node is ready: a plain client waited up to " +
            in_milliseconds(outcome.slowest_ping) + " for the server, even " +
            in_milliseconds(outcome.server_late_for) + " after the fault");
    }
    if (outcome.strikes == 0) all.emplace_back("the fault has not struck");
    if (verdict.hits == 0 || verdict.writes == 0)
        all.emplace_back("nothing was cached, or changed");
    if (!fault.setup.outbox && verdict.by_acknowledgements + verdict.waited_out == 0) {
        all.emplace_back("nothing was done");
    }
    if (!fault.breaks.empty() && !verdict.broken.contains(std::string(fault.breaks))) {
        all.push_back("the checker has not noticed that \"" + std::string(fault.breaks) +
                      "\" is broken");
    }
    if (!fault.breaks.empty()) return all;
    for (const auto& [promise, broken] : verdict.broken) {
        all.push_back("broken: " + promise + ", " + std::to_string(broken.times) +
                      " times, first: " + broken.example);
    }
    return all;
}

}  // namespace

Outcome run(const Fault& fault, const Size& size) {
    Setup setup = fault.setup;
    setup.nodes = size.nodes;
    setup.writers = size.writers;
    Fleet fleet(setup);
    wait_until(Boottime::now() + lease_bound + a_while);  // until then the epoch is new

    Outcome outcome{.fault = &fault, .verdict = {}, .wire = fleet.wire(), .complaints = {}};
    outcome.strikes = fault.apply(fleet, Boottime::now() + size.lasts);
    const TimePoint fault_ended = Boottime::now();
    const Pulse pulse([&server = fleet.primary()] { (void)server.command({"PING"}); },
                      answers_within);
    if (!fault.writers_end_with_it) wait_until(fault_ended + writes_after_the_fault);
    fleet.end_writers();
    be_calm(fault, fault_ended, Boottime::now(), pulse);
    const Pulse::Seen seen = pulse.seen();  // not of a machine on which eight processes end
    fleet.end_nodes();

    outcome.slowest_ping = seen.slowest;
    outcome.server_late_for = std::max(fault_ended, late_until(seen)) - fault_ended;
    outcome.verdict = judge(fleet.story(), {.fault_ended = fault_ended,
                                            .alive = fleet.living_nodes(),
                                            .late = seen.late,
                                            .reads_may_fail = fault.reads_may_fail,
                                            .commit_bound = fault.commit_bound});
    outcome.complaints = complaints_of(fault, outcome, fleet.crashes());
    return outcome;
}

}  // namespace tests::fault
