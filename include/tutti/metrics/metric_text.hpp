// A builder for Prometheus' text format 0.0.4, for what a program counts besides its caches: append
// its text to that of `Node::metrics`.
//
// Thread-safety: none; build a text on one thread.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tutti {

// Writes one metric after another, each with its samples:
//
//     MetricText text;
//     text.metric("tutti_channel_lag", MetricText::Type::gauge, "Entries not applied yet.");
//     text.sample({{"channel", "cache:invalidation"}}, 3);
//
// Requires: names and label names of [a-zA-Z0-9_], not beginning with a digit; a metric once in a
// text; one sample for each set of labels. Values of labels may hold anything.
class MetricText {
public:
    enum class Type : unsigned char { counter, gauge, summary, histogram };
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    MetricText& metric(std::string_view name, Type type, std::string_view help);

    // A sample of the last metric. A bool is 1 or 0.
    MetricText& sample(Labels labels, double value);
    template <std::integral Integer>
    MetricText& sample(Labels labels, Integer value) {
        return append({}, labels, std::to_string(value));
    }

    // The same of a part of it: "_sum" and "_count" of a summary or a histogram, and "_bucket" of a
    // histogram, whose label `le` is a limit and whose value is how many are within it; "+Inf"
    // last.
    MetricText& part(std::string_view suffix, Labels labels, double value);

    MetricText& add(const MetricText& other);

    // As the format writes it: "0.25", "+Inf".
    [[nodiscard]] static std::string number(double value);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    MetricText& append(std::string_view suffix, Labels labels, std::string_view value);

    std::string name_;  // of the last metric
    std::string text_;
};

[[nodiscard]] constexpr std::string_view to_string(MetricText::Type type) noexcept {
    switch (type) {
    case MetricText::Type::counter: return "counter";
    case MetricText::Type::gauge: return "gauge";
    case MetricText::Type::summary: return "summary";
    case MetricText::Type::histogram: return "histogram";
    }
    return "unknown";
}

}  // namespace tutti
