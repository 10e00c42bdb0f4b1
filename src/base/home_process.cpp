#include "base/home_process.hpp"

#include <pthread.h>

namespace tutti {

HomeProcess::HomeProcess() noexcept {
    // Once in a process and its children: they inherit the handler.
    [[maybe_unused]] static const int registered = ::pthread_atfork(
        nullptr, nullptr, [] { detail::forks.fetch_add(1, std::memory_order_relaxed); });
    made_in_ = current();
}

}  // namespace tutti
