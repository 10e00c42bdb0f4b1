// What a real node is made of: its threads, and a store and a bus on them, as the options say.
#pragma once

#include <memory>

#include "node/engine.hpp"
#include "runtime/runtime.hpp"
#include "runtime/worker_pool.hpp"
#include "tutti/error.hpp"
#include "tutti/node.hpp"

namespace tutti {

// One thread for the engine and the connections, and the workers. Whatever works on them owns them:
// caches that outlive their node keep them, stopped.
class NodeThreads {
public:
    explicit NodeThreads(const NodeOptions& options);

    [[nodiscard]] Runtime& runtime() noexcept { return runtime_; }
    [[nodiscard]] WorkerPool& workers() noexcept { return workers_; }

private:
    Runtime runtime_;
    WorkerPool workers_;
};

// Everything that is wrong with the options, in one error.
[[nodiscard]] Result<void> check(const NodeOptions& options);

// Connects, when the options name a Redis.
[[nodiscard]] Result<EngineParts> make_parts(const NodeOptions& options,
                                             const std::shared_ptr<NodeThreads>& threads);

}  // namespace tutti
