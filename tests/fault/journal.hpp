// What the processes of a run write down, a line for each event, and what the checker reads. A line
// is one write(2), so SIGKILL loses none. All times are the machine's BOOTTIME, in nanoseconds:
//
//   read BEGIN END CACHE KEY VERSION TIER      a node was answered
//   failed BEGIN END CACHE KEY WHY             or was not
//   health AT READY WHY                        a node's health has changed
//   commit AT KEY VERSION                      the source has it
//   told BEGIN END KEY VERSION OUTCOME BY WHY  what `invalidate` said
//
// Thread-safety: none.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fault/promise.hpp"
#include "tutti/clock.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/lookup.hpp"

namespace tests::fault {

struct Read {
    tutti::TimePoint begin;
    tutti::TimePoint end;
    std::string cache;
    std::size_t key = 0;
    Version version = 0;
    bool from_memory = false;
    std::string who = {};  // the journal's name
};

struct Failed {
    tutti::TimePoint begin;
    tutti::TimePoint end;
    std::string why;  // with cache and key
    std::string who = {};
};

struct Readiness {
    tutti::TimePoint at;
    bool ready = false;
    std::string why;
    std::string who = {};
};

struct Commit {
    tutti::TimePoint at;
    std::size_t key = 0;
    Version version = 0;
};

struct Told {
    using Outcome = tutti::Invalidation::Outcome;

    tutti::TimePoint begin;
    tutti::TimePoint end;
    std::size_t key = 0;
    Version version = 0;
    std::string outcome;  // to_string(Outcome)
    std::string by;       // to_string(Invalidation::By)
    std::string why = {};

    [[nodiscard]] bool done() const { return outcome == to_string(Outcome::done); }
    [[nodiscard]] bool published() const {
        return done() || outcome == to_string(Outcome::published);
    }
};

// Of all journals of a run together.
struct Story {
    std::vector<Read> reads;
    std::vector<Failed> failures;
    std::vector<Readiness> health;
    std::vector<Commit> commits;
    std::vector<Told> told;
};

class Journal {
public:
    explicit Journal(const std::filesystem::path& file);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    void write(const Read& read) const;
    void write(const Failed& failed) const;
    void write(const Readiness& readiness) const;
    void write(const Commit& commit) const;
    void write(const Told& told) const;

private:
    void line(std::string text) const;

    int file_ = -1;
};

// Adds what is in `file`. A last line without an end is left out. Throws std::runtime_error when a
// line is none of these.
void read_journal(const std::filesystem::path& file, Story& story);

}  // namespace tests::fault
