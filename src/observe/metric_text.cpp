#include "tutti/metrics/metric_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace tutti {
namespace {

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

}  // namespace

std::string MetricText::number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> digits{};
    char* const begin = digits.data();
    char* const end = begin + digits.size();
    // The shortest is 1e-04 for what others write as 0.0001, and a limit is compared as text.
    const bool plain = std::abs(value) >= 0.0001 && std::abs(value) < 1;
    return {begin, (plain ? std::to_chars(begin, end, value, std::chars_format::fixed)
                          : std::to_chars(begin, end, value))
                       .ptr};
}

MetricText& MetricText::metric(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name) += ' ';
    append_escaped(text_, help, "\\");
    text_.append("\n# TYPE ").append(name).append(" ").append(to_string(type)).append("\n");
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
