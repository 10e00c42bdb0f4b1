// What docs/coherence.md promises, held against what the processes of a run wrote down. Knows
// nothing of how the library works, and nothing of the fault.
//
//   acknowledged  a read that began after `done` was told answers no older version
//   bounded       nor one that began later than the lease bound after `published` was told
//   committed     with an outbox: nor one that began later than its bound after a commit, whoever
//                 died in between
//   ready         each node that lives is ready, and stays it, but for a short while from the end
//                 of the fault on, and from each question on that the server answers a plain
//                 client late
//   answered      a read does not fail, unless the fault is one under which it may
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fault/journal.hpp"
#include "tutti/clock.hpp"

namespace tests::fault {

struct Expected {
    tutti::TimePoint fault_ended;
    std::vector<std::string> alive;  // journals of the nodes that were alive at the end
    std::vector<Late> late = {};     // since the fault has ended, in their order
    bool reads_may_fail = false;
    // Checked as `committed`; nothing is promised otherwise.
    std::optional<tutti::Duration> commit_bound = std::nullopt;
};

struct Verdict {
    std::size_t reads = 0;
    std::size_t hits = 0;  // in memory
    std::size_t failed_reads = 0;
    std::size_t writes = 0;
    std::size_t by_acknowledgements = 0;
    std::size_t waited_out = 0;
    std::size_t published = 0;
    std::map<std::string, std::size_t> unconfirmed;  // by reason
    // How long after its publication, and after its commit, something older than a version was
    // still read.
    tutti::Duration stale_past_publication{};
    tutti::Duration stale_past_commit{};
    tutti::Duration slowest_read{};
    tutti::Duration ready_after{};  // the last node, from the end of the fault on
    struct Broken {
        std::size_t times = 0;
        std::string example;  // the first
    };
    std::map<std::string, Broken> broken;  // by promise

    [[nodiscard]] bool kept() const { return broken.empty(); }
};

[[nodiscard]] Verdict judge(const Story& story, const Expected& expected);

}  // namespace tests::fault
