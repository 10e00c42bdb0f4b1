#include "base/node_thread.hpp"

#include <utility>

#include "tutti/detail/own_threads.hpp"

namespace tutti {

bool on_node_thread() noexcept { return detail::on_own_thread(); }

NodeThreadMark::NodeThreadMark() noexcept
    : before_(std::exchange(detail::node_thread_mark, std::uint64_t{detail::this_process()} + 1)) {}

NodeThreadMark::~NodeThreadMark() { detail::node_thread_mark = before_; }

}  // namespace tutti
