#include "base/node_thread.hpp"

#include <utility>

namespace tutti {
namespace {

thread_local bool marked = false;

}  // namespace

bool on_node_thread() noexcept { return marked; }

NodeThreadMark::NodeThreadMark() noexcept : before_(std::exchange(marked, true)) {}

NodeThreadMark::~NodeThreadMark() { marked = before_; }

}  // namespace tutti
