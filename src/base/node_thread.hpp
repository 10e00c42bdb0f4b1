// Which threads belong to a node. A blocking call on one of them would wait for work that only this
// very thread, or another one that waits in the same way, can do: the blocking facades assert on
// it.
//
// Thread-safety: every thread sees and changes only its own mark.
#pragma once

#include <cstdint>

namespace tutti {

// True on the executor's thread and on the threads that run loaders.
[[nodiscard]] bool on_node_thread() noexcept;

// Marks the calling thread for as long as the object lives, but not the thread that fork() makes of
// it: that one belongs to no node. Nests.
class NodeThreadMark {
public:
    NodeThreadMark() noexcept;
    ~NodeThreadMark();
    NodeThreadMark(const NodeThreadMark&) = delete;
    NodeThreadMark& operator=(const NodeThreadMark&) = delete;

private:
    std::uint64_t before_;
};

}  // namespace tutti
