// Where the records of all shards are, for all instances: a register that compares before it
// writes, and nothing else. What the texts mean is ShardLeases's to know.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/process/timestamps.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::assignment {

// Each instance reads all records in each step.
inline constexpr std::uint32_t shard_count_max = 1024;

// What one instance asks for in one step.
struct Exchange {
    struct Write {
        std::uint32_t shard = 0;
        // What must be there: this text; when it is empty, no record; when it is a member and a
        // space, a record of that member's and of an earlier turn.
        std::string expected{};
        std::string stamp{};  // empty: the record is removed
        std::string content{};
    };
    struct Forgotten {
        std::string member{};
        std::string beat{};  // that it must still have
    };

    std::string server{};     // as the last answer named it; by another one nothing is written
    std::uint32_t count = 0;  // of shards: nothing is written when there are others
    std::uint32_t recount{};  // not zero: so many from now on, if no record is left
    std::string member{};
    std::string beat{};  // that it lives; another one each time. Empty: it leaves
    std::vector<Forgotten> forgotten{};
    std::vector<Write> writes{};
};

// What is there behind that step.
struct Register {
    // The process that has answered, and how often the register was emptied before: another one
    // knows nothing of what was shown here.
    std::string server{};
    process::UnixTime now{};  // its clock
    std::uint32_t count = 0;  // zero: nothing is known of it
    std::map<std::uint32_t, std::string> records{};
    std::map<std::string, std::string> beats{};  // of the members
};

class ShardRegister {
public:
    virtual ~ShardRegister() = default;
    // One step: nothing of another instance comes between. Errors: those of RedisClient::run, and
    // protocol; after any of them the step may have been carried out, also later. Blocking: until
    // `deadline` at most.
    [[nodiscard]] virtual Result<Register> exchange(const Exchange& exchange,
                                                    TimePoint deadline) = 0;
};

}  // namespace tutti::services::bot::assignment
