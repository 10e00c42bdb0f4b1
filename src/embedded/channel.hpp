// One channel of the server: what Redis keeps in a hash, a stream and a sorted set, and what the
// scripts do with it. The three parts can be lost one by one, as keys can be evicted one by one.
//
// Invariants, after `check`: the state exists and was made under the server's present identity, and it
// counts as many members as there are. Within an epoch sequences are dense and each entry links to the
// one before it.
//
// Thread-safety: none; the server's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "embedded/values.hpp"
#include "tutti/bus.hpp"

namespace tutti::embedded {

enum class Identity : std::uint64_t {};  // of the server's data set; Redis: master_replid

using Random = std::mt19937_64;

class Channel {
public:
    static constexpr std::size_t log_entries_max = 10'000;
    static constexpr std::size_t log_bytes_max = 64UL * 1024 * 1024;

    struct State {
        Identity identity{};
        BusPosition position;
        Duration lease{};              // the longest; it outlives the epoch, because the leases do
        std::uint64_t generation = 0;  // of the coordinated values: earlier ones are absent
        // In front of the keys that the entries name, where values of this channel have been used.
        std::vector<std::string> prefixes;
        std::uint64_t stamps = 0;      // given out in the epoch
        std::size_t member_count = 0;  // must equal the number of members
    };
    struct Member {
        Sequence applied = 0;
        std::uint64_t stamp = 0;
    };
    using Entry = std::shared_ptr<const BusEntry>;

    // Before every operation: a lost, evicted or restored part becomes a new epoch.
    void check(Identity identity, Random& random);
    void rotate(Identity identity, Random& random);

    // Requires for these: checked.
    [[nodiscard]] const BusPosition& position() const { return state_->position; }
    [[nodiscard]] Duration lease() const { return state_->lease; }
    [[nodiscard]] Tag tag() const {
        return {.epoch = state_->position.epoch, .generation = state_->generation};
    }
    void next_generation() { ++state_->generation; }
    // Before a value under this prefix is used. False: there are too many.
    [[nodiscard]] bool remember(const std::string& prefix);
    [[nodiscard]] const std::vector<std::string>& prefixes() const { return state_->prefixes; }
    Entry append(KeySet changed);
    void renew(const RenewRequest& request);
    void leave(const std::string& member);

    // Those that are left.
    [[nodiscard]] std::vector<Entry> range(Sequence first, Sequence last) const;

    void lose_log();
    void trim_log(std::size_t entries);
    void lose_members() { members_.clear(); }
    void lose_state() { state_.reset(); }

    [[nodiscard]] const std::optional<State>& state() const { return state_; }
    [[nodiscard]] const std::map<std::string, Member>& members() const { return members_; }

private:
    std::optional<State> state_;
    std::deque<Entry> log_;
    std::size_t log_bytes_ = 0;
    std::map<std::string, Member> members_;
};

}  // namespace tutti::embedded
