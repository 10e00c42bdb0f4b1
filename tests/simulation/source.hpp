// The source of truth: rows whose version only grows. Some versions say "there is no such thing",
// others "do not ask", so that such answers are invalidated like values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tutti/clock.hpp"

namespace tutti::simulation {

using Version = std::uint64_t;

class Source {
public:
    Source(std::size_t rows, const Clock& clock) : clock_(clock), commits_(rows) {}

    Version commit(std::size_t row) {
        commits_[row].push_back(clock_.now());
        return read(row);
    }
    [[nodiscard]] Version read(std::size_t row) const { return commits_[row].size(); }
    // What a read at that moment would have had.
    [[nodiscard]] Version read_at(std::size_t row, TimePoint moment) const {
        const std::vector<TimePoint>& commits = commits_[row];
        const auto after = std::ranges::upper_bound(commits, moment);
        return static_cast<Version>(after - commits.begin());
    }

    [[nodiscard]] static bool is_absent(Version version) { return version % 5 == 3; }
    // Where that is remembered; elsewhere such a version is like any other.
    [[nodiscard]] static bool is_negative(Version version) { return version % 7 == 5; }
    // The newest version that a reader who was told "do not ask" may have seen. Zero: there is
    // none.
    [[nodiscard]] Version newest_negative(std::size_t row) const {
        for (Version version = read(row); version > 0; --version) {
            if (is_negative(version) && !is_absent(version)) return version;
        }
        return 0;
    }
    // The newest version that a reader who was told "absent" may have seen. Zero: there is none.
    [[nodiscard]] Version newest_absent(std::size_t row) const {
        for (Version version = read(row); version > 0; --version) {
            if (is_absent(version)) return version;
        }
        return 0;
    }

private:
    const Clock& clock_;
    std::vector<std::vector<TimePoint>> commits_;  // by row: when each version came to be
};

}  // namespace tutti::simulation
