// Tells the process that made an object from a child that fork() has made of it. The child has a
// copy of the memory and none of the threads: a mutex may be held for ever by a thread that does
// not exist there, and the connections are the parent's. So whatever a node has made asks here
// first, and refuses before it touches a lock.
//
// Thread-safety: every function from any thread. Cost: one load of a word that only fork() writes.
// Not noticed: `_Fork` and bare system calls, which run no handlers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tutti/detail/forks.hpp"
#include "tutti/error.hpp"

namespace tutti {

class HomeProcess {
public:
    HomeProcess() noexcept;

    // True in a child of the process that made this object.
    [[nodiscard]] bool left() const noexcept { return made_in_ != current(); }

    // Of this process: another number than that of the process that it was forked from.
    [[nodiscard]] static std::uint32_t current() noexcept { return detail::this_process(); }

    static constexpr const char* reason =
        "this process was forked from the one that made the node, whose threads do not exist here: "
        "make a node of its own behind fork()";
    [[nodiscard]] static Error error(std::string operation) {
        return {.code = Errc::stopped, .operation = std::move(operation), .cause = reason};
    }

private:
    std::uint32_t made_in_;
};

}  // namespace tutti
