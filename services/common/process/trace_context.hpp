// Which trace a thread works for, as W3C's Trace Context names it: 32 hexadecimal digits for the
// trace, 16 for the span in it that is the parent of what comes next.
//
//     const TraceScope scope(TraceContext::parse(header));   // until the end of the block
//     log::info("...");                                      // has these ids, as JSON
//
// Thread-safety: values are plain; the present trace is the calling thread's.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::services::process {

struct TraceContext {
    std::array<char, 32> trace_digits{};
    std::array<char, 16> span_digits{};
    bool sampled = true;  // its spans are worth exporting

    [[nodiscard]] std::string_view trace_id() const noexcept {
        return {trace_digits.data(), trace_digits.size()};
    }
    [[nodiscard]] std::string_view span_id() const noexcept {
        return {span_digits.data(), span_digits.size()};
    }
    friend bool operator==(const TraceContext&, const TraceContext&) = default;

    // From outside, so anything may be in it. Nothing: it is not exactly what version 00 writes, or
    // begins with that in a later version; a new trace begins then. Reads 55 bytes and the next.
    [[nodiscard]] static std::optional<TraceContext> parse(std::string_view traceparent) noexcept;
    // "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    [[nodiscard]] std::string traceparent() const;

    // Random ones: a trace that begins here, and a span in this trace.
    [[nodiscard]] static TraceContext begin();
    [[nodiscard]] TraceContext next() const;
};

// Of this thread; nothing: it works for none.
[[nodiscard]] const std::optional<TraceContext>& present_trace() noexcept;
// Empty: none.
[[nodiscard]] std::string present_traceparent();

// Makes it the thread's own, and what was before when it ends.
class TraceScope {
public:
    explicit TraceScope(const std::optional<TraceContext>& context) noexcept;
    ~TraceScope();
    TraceScope(const TraceScope&) = delete;
    TraceScope& operator=(const TraceScope&) = delete;

private:
    std::optional<TraceContext> before_;
};

}  // namespace tutti::services::process
