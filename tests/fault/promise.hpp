// What the processes of a run have in common, and what docs/coherence.md promises with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tutti/clock.hpp"

namespace tests::fault {

using Version = std::uint64_t;

inline constexpr std::string_view channel = "fault";
inline constexpr std::size_t keys = 16;

inline constexpr tutti::Duration lease = std::chrono::seconds{1};
// T (1 + rho) + delta. There is no slack in it for a busy machine: it counts from the moment at
// which a writer had its answer, which is later than the one at which the server published.
inline constexpr tutti::Duration lease_bound = std::chrono::milliseconds{1250};
inline constexpr tutti::Duration command_deadline = std::chrono::milliseconds{500};
// A server is well that answers everybody within this. No node gives up a connection then, and none
// suspects one (150 ms).
inline constexpr tutti::Duration answers_within = std::chrono::milliseconds{100};
// Everything is ready again so soon after a fault has ended and the server is well: the longest
// pause between two attempts to connect, and a lease.
inline constexpr tutti::Duration ready_within = std::chrono::seconds{1} + lease;
// For how long after a fault a run waits for that.
inline constexpr tutti::Duration well_within = std::chrono::seconds{60};

// The outbox: a row belongs to its taker for so long, and is looked for so often.
inline constexpr tutti::Duration taken_for = std::chrono::seconds{2};
inline constexpr tutti::Duration publication_deadline = std::chrono::seconds{1};
inline constexpr tutti::Duration poll_every = std::chrono::milliseconds{200};
// With it a commit is everywhere within this, whoever died: taken, found and published by another
// process, and the lease bound of that.
inline constexpr tutti::Duration outbox_bound =
    taken_for + poll_every + publication_deadline + lease_bound;

// A question to the server that was answered too late, or not at all: for what this client waited
// everybody waited.
struct Late {
    tutti::TimePoint asked;
    tutti::TimePoint answered;
};

}  // namespace tests::fault
