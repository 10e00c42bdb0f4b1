#include "common/tracing/exporter.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "common/process/edge.hpp"
#include "common/process/span.hpp"

namespace tutti::services::tracing {

Exporter::Exporter(Options options) : options_(std::move(options)) {
    thread_ = std::jthread([this] { run(); });
}

Exporter::~Exporter() { stop(); }

void Exporter::ended(process::SpanRecord record) noexcept {
    process::contain("a span", [&] {
        const detail::Lock lock(mutex_);
        if (stopping_ || waiting_.size() >= options_.waiting_max) {
            ++figures_.dropped;
            return;
        }
        waiting_.push_back(std::move(record));
        if (waiting_.size() == options_.batch_max) changed_.notify_one();
    });
}

process::SpanFigures Exporter::figures() const {
    const detail::Lock lock(mutex_);
    return figures_;
}

void Exporter::stop() {
    {
        const detail::Lock lock(mutex_);
        stopping_ = true;
        changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
}

void Exporter::run() {
    for (;;) {
        const auto spans = take();
        if (spans.empty()) return;
        process::contain("a batch of spans", [&] { deliver(spans); });
    }
}

std::vector<process::SpanRecord> Exporter::take() {
    detail::Lock lock(mutex_);
    const auto full = [this]() TUTTI_REQUIRES(mutex_) {
        return stopping_ || waiting_.size() >= options_.batch_max;
    };
    while (waiting_.empty() && !stopping_) changed_.wait_for(lock.waiting(), options_.every);
    changed_.wait_for(lock.waiting(), options_.every, full);
    return std::exchange(waiting_, {});
}

void Exporter::deliver(std::span<const process::SpanRecord> spans) {
    for (std::size_t at = 0; at < spans.size(); at += options_.batch_max) {
        const std::size_t count = std::min(options_.batch_max, spans.size() - at);
        const auto sent = options_.send(otlp_json(options_.resource, spans.subspan(at, count)));
        sent ? outage_.worked() : outage_.failed(sent.error().message());
        const detail::Lock lock(mutex_);
        (sent ? figures_.exported : figures_.lost) += count;
        if (sent || !stopping_) continue;
        // A stop waits for one that does not answer, and not for each of its batches.
        figures_.lost += spans.size() - at - count;
        return;
    }
}

}  // namespace tutti::services::tracing
