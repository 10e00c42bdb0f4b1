// What `tutti probe` makes of the answers: which of them prove that an older value could be served,
// and what all of them together prove. No I/O, and no clock of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"
#include "tutti/node/holdings.hpp"

namespace tutti::cli {

// An invalidation of one key.
struct Followed {
    std::string key;
    Epoch epoch = Epoch::none;
    Sequence sequence = 0;
    // It was published between these two: the log did not have it yet, and had it.
    TimePoint after;
    TimePoint seen;
};

// What one process said of a key.
struct Told {
    std::string process;
    TimePoint sent;
    TimePoint answered;
    Result<Holdings> holdings;
};

// Who has to answer.
struct Members {
    Epoch epoch = Epoch::none;  // of the channel, when they were asked for
    std::vector<std::string> names;
};

// Who has been a member of the channel. A list alone does not tell: the server forgets them all
// when it begins a new epoch, and each is in it again with its next renewal only.
class Roll {
public:
    // A list that was asked for then.
    void add(const std::vector<std::string>& names, TimePoint asked);
    // When the last list was asked for.
    [[nodiscard]] TimePoint last() const noexcept { return last_; }
    // Those of all lists since that one.
    [[nodiscard]] std::vector<std::string> since(TimePoint asked) const;

private:
    static constexpr Duration kept = std::chrono::hours{2};  // longer than a sample is open

    std::map<std::string, TimePoint> seen_;  // last
    TimePoint last_;
};

enum class Could : std::uint8_t { no, unknown, older };  // the worse, the later

// Whether it is a value that was loaded before the invalidation. By the age of the value, which
// needs no common clock; by what the process says that it has applied only where that is too close
// to tell, because the value was loaded while the invalidation was published.
[[nodiscard]] Could is_older(const Followed& followed, const Told& told, const Holding& held);

class Tally {
public:
    // Of the questions that were asked so long after an invalidation.
    struct Row {
        Duration within{};
        std::uint64_t none = 0;     // no instance could serve an older value
        std::uint64_t older = 0;    // one could
        std::uint64_t unknown = 0;  // none is known that could, and not all are known
        std::uint64_t held = 0;     // of all of these: one had the key, older or not
        // Since the invalidation, at most, the last answer of those that could not.
        Duration answered_by{};

        [[nodiscard]] std::uint64_t samples() const noexcept { return none + older + unknown; }
        // Of all invalidations, so large a share is applied everywhere, 95 % certain: what is
        // unknown is not proven, so it counts as older does.
        [[nodiscard]] double proven() const noexcept {
            return proven_share(samples(), older + unknown);
        }
    };
    struct Finding {
        Followed followed;
        Duration within{};
        std::string process;
        std::string node;
        Holding held;
        Sequence applied = 0;  // as it says; 0: nothing of the epoch of the invalidation
    };
    struct Silence {
        std::uint64_t times = 0;
        std::string reason;  // the last
    };

    static constexpr std::size_t findings_max = 100;
    static constexpr std::size_t silent_max = 1'000;  // further ones are counted, but not by name

    // within: in ascending order.
    explicit Tally(const std::vector<Duration>& within);

    // Each of `members` has to be among those who have answered.
    void add(std::size_t row, const Followed& followed, const Result<Members>& members,
             std::span<const Told> answers);

    [[nodiscard]] const std::vector<Row>& rows() const noexcept { return rows_; }
    // The first ones.
    [[nodiscard]] const std::vector<Finding>& findings() const noexcept { return findings_; }
    // By process or member.
    [[nodiscard]] const std::map<std::string, Silence>& silent() const noexcept { return silent_; }

private:
    [[nodiscard]] Could judge(std::size_t row, const Followed& followed, const Told& told);
    [[nodiscard]] Could missing(const Followed& followed, const Result<Members>& members,
                                std::span<const Told> answers);
    void note_silence(const std::string& who, std::string reason);

    std::vector<Row> rows_;
    std::vector<Finding> findings_;
    std::map<std::string, Silence> silent_;
};

}  // namespace tutti::cli
