// The parts of the reader and writer that do not depend on a type.
#include "common/json.hpp"

#include <string>

#include <boost/json/kind.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>

namespace tutti::services::json {
namespace {

constexpr std::size_t depth_max = 32;
constexpr std::size_t problems_max = 8;

std::string_view kind_name(boost::json::kind kind) {
    switch (kind) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64: return "an integer";
    case boost::json::kind::double_: return "a number";
    case boost::json::kind::string: return "a string";
    case boost::json::kind::array: return "an array";
    case boost::json::kind::object: return "an object";
    }
    return "something else";
}

// The length of the well-formed UTF-8 sequence at the start of `text`, or 0.
std::size_t utf8_sequence(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                               : (lead & 0xF0U) == 0xE0       ? 3
                               : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                              : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xC0U) != 0x80) return 0;
    }
    const bool overlong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xF0 && at(1) < 0x90);
    const bool surrogate = lead == 0xED && at(1) >= 0xA0;
    const bool beyond = lead == 0xF4 && at(1) >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

}  // namespace

void Problems::enter(std::string_view member) {
    ends_.push_back(path_.size());
    if (!path_.empty()) path_ += '.';
    path_ += member;
}

void Problems::enter(std::size_t index) {
    ends_.push_back(path_.size());
    path_ += '[' + std::to_string(index) + ']';
}

void Problems::leave() {
    path_.resize(ends_.back());
    ends_.pop_back();
}

void Problems::add(std::string_view text) {
    ++count_;
    if (count_ > problems_max + 1) return;
    if (count_ > 1) text_ += "; ";
    if (count_ > problems_max) {
        text_ += "and more";
        return;
    }
    if (!path_.empty()) text_.append(path_).append(": ");
    text_ += text;
}

void Problems::expected(std::string_view kind, const boost::json::value& found) {
    add(std::string("expected ").append(kind).append(", found ").append(kind_name(found.kind())));
}

Result<boost::json::value> parse(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = depth_max;
    boost::json::parser parser({}, options);
    boost::json::error_code error;
    const std::size_t consumed = parser.write_some(text.data(), text.size(), error);
    if (!error) {
        if (text.find_first_not_of(" \t\r\n", consumed) != std::string_view::npos) {
            return fail(Errc::protocol, "read json",
                        "more text after the JSON at byte " + std::to_string(consumed));
        }
        return parser.release();
    }
    return fail(Errc::protocol, "read json",
                "not JSON at byte " + std::to_string(consumed) + ": " + error.message());
}

std::string serialize(const boost::json::value& value) { return boost::json::serialize(value); }

std::string camel_case(std::string_view member) {
    std::string name;
    name.reserve(member.size());
    bool upper = false;
    for (const char c : member) {
        if (c == '_') {
            upper = true;
            continue;
        }
        name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
    }
    return name;
}

boost::json::value text_value(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        length == 0 ? clean += '?' : clean.append(text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return boost::json::value(clean);
}

}  // namespace tutti::services::json
