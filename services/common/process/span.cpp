#include "common/process/span.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/process/text.hpp"
#include "common/process/trace_context.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::process {
namespace {

constexpr std::size_t notes_max = 8;
constexpr std::size_t span_text_bytes_max = 256;

struct Traces {
    std::atomic<bool> wanted = false;  // pairs with itself: a span may miss the change
    detail::Mutex mutex;
    std::shared_ptr<SpanSink> sink TUTTI_GUARDED_BY(mutex);
};

Traces& traces() {
    static Traces instance;
    return instance;
}

std::shared_ptr<SpanSink> present_sink() {
    Traces& all = traces();
    const detail::Lock lock(all.mutex);
    return all.sink;
}

void set(bool wanted, std::shared_ptr<SpanSink> sink) {
    Traces& all = traces();
    {
        const detail::Lock lock(all.mutex);
        all.sink.swap(sink);
    }
    all.wanted.store(wanted, std::memory_order_relaxed);
}

}  // namespace

struct Span::Open {
    SpanRecord record;
    std::shared_ptr<SpanSink> sink;
    TimePoint began = Boottime::now();

    static std::unique_ptr<Open> of(std::string_view name, SpanKind kind,
                                    const std::optional<TraceContext>& from, bool may_begin) {
        if (!traces().wanted.load(std::memory_order_relaxed)) return nullptr;
        if (!from && !may_begin) return nullptr;
        auto open = std::make_unique<Open>();
        open->record.context = from ? from->next() : TraceContext::begin();
        if (from) open->record.parent_id = from->span_id();
        open->record.name = cut_utf8(name, span_text_bytes_max);
        open->record.kind = kind;
        open->record.began = std::chrono::system_clock::now();
        if (open->record.context.sampled) open->sink = present_sink();
        return open;
    }
    static std::optional<TraceContext> context(const std::unique_ptr<Open>& open,
                                               const std::optional<TraceContext>& otherwise) {
        return open ? std::optional(open->record.context) : otherwise;
    }
};

void begin_traces(std::shared_ptr<SpanSink> sink) { set(true, std::move(sink)); }
void end_traces() { set(false, nullptr); }

SpanFigures span_figures() {
    const auto sink = present_sink();
    return sink ? sink->figures() : SpanFigures{};
}

Span::Span(std::string_view name, Kind kind)
    : open_(Open::of(name, kind, present_trace(), false)),
      scope_(Open::context(open_, present_trace())) {}
Span::Span(std::string_view name, Kind kind, const std::optional<TraceContext>& from)
    : open_(Open::of(name, kind, from, true)), scope_(Open::context(open_, from)) {}

Span::~Span() {
    if (!open_ || !open_->sink) return;
    open_->record.took = Boottime::now() - open_->began;
    open_->sink->ended(std::move(open_->record));
}

void Span::note(std::string_view key, std::string_view value) {
    if (!open_ || open_->record.notes.size() >= notes_max) return;
    open_->record.notes.emplace_back(key, std::string(cut_utf8(value, span_text_bytes_max)));
}

void Span::note(std::string_view key, std::int64_t value) {
    if (!open_ || open_->record.notes.size() >= notes_max) return;
    open_->record.notes.emplace_back(key, value);
}

void Span::fail() noexcept {
    if (open_) open_->record.failed = true;
}

}  // namespace tutti::services::process
