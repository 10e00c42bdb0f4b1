#include "base/node_thread.hpp"

#include <utility>

#include "base/home_process.hpp"

namespace tutti {
namespace {

// The process in which it was marked, counted from one.
thread_local std::uint64_t marked = 0;

std::uint64_t here() noexcept { return std::uint64_t{HomeProcess::current()} + 1; }

}  // namespace

bool on_node_thread() noexcept { return marked == here(); }

NodeThreadMark::NodeThreadMark() noexcept : before_(std::exchange(marked, here())) {}

NodeThreadMark::~NodeThreadMark() { marked = before_; }

}  // namespace tutti
