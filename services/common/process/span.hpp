// A piece of work of a trace: what began it, how long it took, and how it ended.
//
//     Span span("GET /health", Span::Kind::server, TraceContext::parse(header));
//     ... present_trace() is this span's ...
//     span.note("http.response.status_code", 200);
//
// Without `begin_traces` nothing is made or measured: a trace that comes from outside is handed on
// as it came, and where none comes there is none.
//
// Thread-safety: a span belongs to the thread that made it; the functions may be called from any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/process/trace_context.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::process {

// As OTLP numbers them.
enum class SpanKind : std::uint8_t { internal = 1, server, client, producer, consumer };

struct SpanRecord {
    using Value = std::variant<std::string, std::int64_t>;

    TraceContext context;
    std::string parent_id{};  // empty: it began the trace
    std::string name{};
    SpanKind kind = SpanKind::internal;
    std::chrono::sys_time<std::chrono::nanoseconds> began{};
    Duration took{};
    std::vector<std::pair<std::string, Value>> notes{};
    bool failed = false;
};

// What has become of all spans that ended.
struct SpanFigures {
    std::uint64_t exported = 0;
    std::uint64_t dropped = 0;  // too many waited
    std::uint64_t lost = 0;     // the collector refused them, or did not answer
};

// Where spans go.
class SpanSink {
public:
    virtual ~SpanSink() = default;

    // From any thread; neither blocks nor throws.
    virtual void ended(SpanRecord record) noexcept = 0;
    [[nodiscard]] virtual SpanFigures figures() const = 0;
};

// From now on spans have ids and are measured, and those that end go to the sink. Null: ids only,
// for the log.
void begin_traces(std::shared_ptr<SpanSink> sink);
// Spans that have begun may still go to the former sink.
void end_traces();
// Of the present sink; zeros without one.
[[nodiscard]] SpanFigures span_figures();

class Span {
public:
    using Kind = SpanKind;

    // A part of the thread's present trace; nothing when there is none.
    Span(std::string_view name, Kind kind);
    // A part of the trace that came from outside; without one it begins a trace.
    Span(std::string_view name, Kind kind, const std::optional<TraceContext>& from);
    ~Span();
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

    // At most eight, and 256 bytes of a text: no secrets, and nothing that users wrote.
    void note(std::string_view key, std::string_view value);
    void note(std::string_view key, std::int64_t value);
    void fail() noexcept;

private:
    struct Open;

    std::unique_ptr<Open> open_;  // null: it is not measured
    TraceScope scope_;            // after `open_`, which says what it enters
};

}  // namespace tutti::services::process
