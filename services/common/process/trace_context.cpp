#include "common/process/trace_context.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace tutti::services::process {
namespace {

constexpr std::string_view hexadecimal = "0123456789abcdef";
constexpr std::size_t length = 55;  // of version 00
constexpr std::size_t trace_at = 3;
constexpr std::size_t span_at = 36;
constexpr std::size_t flags_at = 53;

bool is_lower_hex(std::string_view digits) {
    return std::ranges::all_of(digits, [](char c) { return hexadecimal.contains(c); });
}
bool is_zero(std::string_view digits) {
    return std::ranges::all_of(digits, [](char c) { return c == '0'; });
}

// Not secret, and never the same twice: each thread has a generator, and seeds it from the system.
std::uint64_t random_bits() {
    thread_local std::mt19937_64 generator = [] {
        std::random_device system;
        std::seed_seq seed{system(), system(), system(), system()};
        return std::mt19937_64(seed);
    }();
    return generator();
}

// All zero means "none".
void fill_with_digits(std::span<char> digits) {
    do {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < digits.size(); ++i) {
            if (i % 16 == 0) bits = random_bits();
            digits[i] = hexadecimal[bits & 0xFU];
            bits >>= 4U;
        }
    } while (is_zero({digits.data(), digits.size()}));
}

std::optional<TraceContext>& present() noexcept {
    thread_local std::optional<TraceContext> context;
    return context;
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view traceparent) noexcept {
    if (traceparent.size() < length) return std::nullopt;
    const auto version = traceparent.substr(0, 2);
    const auto trace = traceparent.substr(trace_at, 32);
    const auto span = traceparent.substr(span_at, 16);
    const auto flags = traceparent.substr(flags_at, 2);
    const bool separated = traceparent[2] == '-' && traceparent[span_at - 1] == '-' &&
                           traceparent[flags_at - 1] == '-';
    const bool ends =
        traceparent.size() == length || (version != "00" && traceparent[length] == '-');
    const bool digits =
        is_lower_hex(version) && is_lower_hex(trace) && is_lower_hex(span) && is_lower_hex(flags);
    if (!separated || !ends || !digits || version == "ff" || is_zero(trace) || is_zero(span)) {
        return std::nullopt;
    }
    TraceContext context;
    std::ranges::copy(trace, context.trace_digits.begin());
    std::ranges::copy(span, context.span_digits.begin());
    context.sampled = (hexadecimal.find(flags[1]) & 1U) != 0;
    return context;
}

std::string TraceContext::traceparent() const {
    std::string text = "00-";
    text.append(trace_id()).append("-").append(span_id()).append(sampled ? "-01" : "-00");
    return text;
}

TraceContext TraceContext::begin() {
    TraceContext context;
    fill_with_digits(context.trace_digits);
    fill_with_digits(context.span_digits);
    return context;
}

TraceContext TraceContext::next() const {
    TraceContext context = *this;
    fill_with_digits(context.span_digits);
    return context;
}

const std::optional<TraceContext>& present_trace() noexcept { return present(); }

std::string present_traceparent() { return present() ? present()->traceparent() : std::string(); }

TraceScope::TraceScope(const std::optional<TraceContext>& context) noexcept : before_(present()) {
    present() = context;
}
TraceScope::~TraceScope() { present() = before_; }

}  // namespace tutti::services::process
