#include "tutti/metrics/metric_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace tutti {
namespace {

// In the order of MetricText::Type.
constexpr std::array<std::string_view, 3> type_names{"counter", "gauge", "summary"};

// A help text escapes the backslash and the line feed, the value of a label also the quote.
void append_escaped(std::string& out, std::string_view text, std::string_view special) {
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (special.contains(c)) out += '\\';
        out += c;
    }
}

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return {digits.data(), end};
}

}  // namespace

MetricText& MetricText::metric(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name) += ' ';
    append_escaped(text_, help, "\\");
    text_.append("\n# TYPE ")
        .append(name)
        .append(" ")
        .append(type_names[static_cast<std::size_t>(type)])
        .append("\n");
    return *this;
}

MetricText& MetricText::sample(Labels labels, double value) {
    return append({}, labels, number(value));
}

MetricText& MetricText::part(std::string_view suffix, Labels labels, double value) {
    return append(suffix, labels, number(value));
}

MetricText& MetricText::append(std::string_view suffix, Labels labels, std::string_view value) {
    text_.append(name_).append(suffix);
    char before = '{';
    for (const auto& [label, content] : labels) {
        text_ += before;
        text_.append(label).append("=\"");
        append_escaped(text_, content, "\\\"");
        text_ += '"';
        before = ',';
    }
    if (before == ',') text_ += '}';
    text_.append(" ").append(value) += '\n';
    return *this;
}

MetricText& MetricText::add(const MetricText& other) {
    text_ += other.text_;
    name_ = other.name_;
    return *this;
}

}  // namespace tutti
