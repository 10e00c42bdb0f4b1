// Whether a run kept what the services promise, from its story alone. Knows nothing of how they
// work, and nothing of what was done to them.
//
//   answered   a message in an activated channel, or that names a personality, is answered, or its
//              user is told a failure, or it is reported: its reply as unknown, or it as undecided
//   honest     a failure that an answer follows says that one may
//   once       no part of an answer is said twice
//   whole      an answer has all of its parts, or is reported as unknown
//   fresh      a message that came later than `stale_bound` after "Deactivated" is not answered
//   paid once  no reply is paid for twice; nor is anything else, save what is reported as unknown
//   bounded    no queue is longer than it may be, all are empty at the end, no process grows
//
// A message that was under way while Redis was emptied may be lost, broken off, answered or paid
// for twice, and one that replies to what was said before may find that forgotten: counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "soak/story.hpp"

namespace tests::soak {

struct Bounds {
    // After a change was confirmed. A gateway that cannot reach Redis leaves its row to another
    // (5 s, and a second until that looks), and an instance that hears nothing has a lease of 3 s.
    std::chrono::milliseconds stale{10'000};
    // A command of which nothing is known may come about as late as that.
    std::chrono::milliseconds late_command{15'000};
    // How long a message may be under way, by whatever happens to its workers.
    std::chrono::milliseconds under_way{200'000};
    std::size_t queue_max = 10'000;
    std::size_t process_kib_max = 300U << 10U;
    std::size_t growth_kib_max = 64U << 10U;  // of one life, from a minute after its begin on
};

struct Verdict {
    std::size_t messages = 0;
    std::size_t expected = 0;  // those that had to be answered
    std::size_t answered = 0;
    std::size_t apologised = 0;  // a failure was told in place of an answer
    std::size_t both = 0;        // a failure was told, and then there was an answer
    std::size_t unknown = 0;     // reported, neither answered nor told
    std::size_t undecided = 0;   // likewise
    std::size_t forgotten = 0;   // kept no promise, and was under way while Redis was emptied
    std::size_t unexpected = 0;  // not to be answered, and not
    std::chrono::milliseconds slowest_answer{};
    // After it was confirmed that the channel is not active any more, or is.
    std::chrono::milliseconds stale_active{};
    std::chrono::milliseconds stale_inactive{};
    std::size_t paid = 0;
    std::size_t paid_again = 0;
    std::size_t largest_kib = 0;
    std::vector<std::string> violations;  // with the evidence, for people
};

[[nodiscard]] Verdict judge(const Story& story, const Bounds& bounds);

}  // namespace tests::soak
