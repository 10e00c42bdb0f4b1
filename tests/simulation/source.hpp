// The source of truth: rows whose version only grows. Some versions say "there is no such thing",
// others "do not ask", so that such answers are invalidated like values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tutti::simulation {

using Version = std::uint64_t;

class Source {
public:
    explicit Source(std::size_t rows) : latest_(rows, 0) {}

    Version commit(std::size_t row) { return ++latest_[row]; }
    [[nodiscard]] Version read(std::size_t row) const { return latest_[row]; }

    [[nodiscard]] static bool is_absent(Version version) { return version % 5 == 3; }
    // Where that is remembered; elsewhere such a version is like any other.
    [[nodiscard]] static bool is_negative(Version version) { return version % 7 == 5; }
    // The newest version that a reader who was told "do not ask" may have seen. Zero: there is
    // none.
    [[nodiscard]] Version newest_negative(std::size_t row) const {
        for (Version version = latest_[row]; version > 0; --version) {
            if (is_negative(version) && !is_absent(version)) return version;
        }
        return 0;
    }
    // The newest version that a reader who was told "absent" may have seen. Zero: there is none.
    [[nodiscard]] Version newest_absent(std::size_t row) const {
        for (Version version = latest_[row]; version > 0; --version) {
            if (is_absent(version)) return version;
        }
        return 0;
    }

private:
    std::vector<Version> latest_;
};

}  // namespace tutti::simulation
