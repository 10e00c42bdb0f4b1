// Sends spans to a collector, without anything waiting for it: spans that end are queued, one
// thread sends them in batches, and what does not fit or does not arrive is counted and gone.
//
//     const auto exporter = std::make_shared<Exporter>(Exporter::Options{...});
//     process::begin_traces(exporter);
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "common/process/logging.hpp"
#include "common/process/span.hpp"
#include "common/tracing/otlp.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::tracing {

class Exporter final : public process::SpanSink {
public:
    // One batch; blocking, with a deadline of its own. Called on the exporter's thread.
    using Send = std::function<Result<void>(const std::string& body)>;
    struct Options {
        Resource resource{};
        Send send{};
        std::size_t waiting_max = 2048;  // spans; further ones are dropped
        std::size_t batch_max = 512;
        Duration every = std::chrono::seconds{1};  // a batch, when it is not full before
    };

    explicit Exporter(Options options);
    // Sends what waits, once.
    ~Exporter() override;

    void ended(process::SpanRecord record) noexcept override;
    [[nodiscard]] process::SpanFigures figures() const override;
    // Sends what waits, once, and takes no more. Blocking: one call of `send` for each batch, and
    // none behind one that fails, besides those of a batch that is under way. Idempotent.
    void stop();

private:
    void run();
    [[nodiscard]] std::vector<process::SpanRecord> take();  // waits; empty: it was stopped
    void deliver(std::span<const process::SpanRecord> spans);

    const Options options_;
    mutable detail::Mutex mutex_;
    std::condition_variable changed_;
    std::vector<process::SpanRecord> waiting_ TUTTI_GUARDED_BY(mutex_);
    process::SpanFigures figures_ TUTTI_GUARDED_BY(mutex_);
    bool stopping_ TUTTI_GUARDED_BY(mutex_) = false;
    process::log::Outage outage_{"the collector of traces",
                                 "the collector of traces answers again"};  // the thread's
    std::jthread thread_;  // last: uses all of the above
};

}  // namespace tutti::services::tracing
