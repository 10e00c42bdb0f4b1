// W5: a server with replicas may be replaced by one of them, which need not have what the server
// has answered. So an answer counts only when enough replicas have what it tells: with the server
// itself the majority of all servers that there may be.
//
// Of two majorities one server is in both. A primary that was replaced, and does not know it, finds
// its majority no more: it grants no lease, and what is published there stays pending. Until then
// every lease that it granted ends within the wait-out of what the new one has answered.
//
// Requires: a replica that follows a newer primary never follows an older one again. Sentinels keep
// that.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/error.hpp"

namespace tutti {

class Copies {
public:
    // `replicas`: that the server has or may be given, without itself. Never what the server says:
    // one that is cut off has none. None: what it answers counts.
    explicit constexpr Copies(std::uint64_t replicas = 0) noexcept : needed_((replicas + 1) / 2) {}

    // So many replicas must have it.
    [[nodiscard]] constexpr std::uint64_t needed() const noexcept { return needed_; }

    // The answer, if so many replicas as `had` are enough. Errors: its own; unavailable.
    template <class T>
    [[nodiscard]] Result<T> counted(std::string_view operation, Result<T> answer,
                                    std::uint64_t had) const {
        if (!answer || had >= needed_) return answer;
        return fail(Errc::unavailable, std::string(operation),
                    "the server has it, but " + std::to_string(had) + " of the " +
                        std::to_string(needed_) +
                        " replicas that must have it, too: does replication run, and is this the "
                        "primary still?");
    }

private:
    std::uint64_t needed_;
};

}  // namespace tutti
