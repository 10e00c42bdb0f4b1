// The parts of the reader and writer that do not depend on a type.
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/kind.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/text.hpp"
#include "tutti/detail/json_text.hpp"
#include "tutti/error.hpp"

namespace tutti::json {
namespace {

constexpr std::size_t problems_max = 8;
constexpr std::size_t shown_key_bytes_max = 32;

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

}  // namespace

void Problems::enter(std::string_view member) {
    ++values_;
    ends_.push_back(path_.size());
    if (!path_.empty()) path_ += '.';
    path_ += member;
}

void Problems::enter_key(std::string_view key) { enter(shown(key, shown_key_bytes_max)); }

void Problems::enter(std::size_t index) {
    ++values_;
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

bool Problems::full() const noexcept { return count_ > problems_max; }

bool Problems::too_deep() {
    const bool deep = ends_.size() >= depth_max_;
    if (deep) add("nested more than " + std::to_string(depth_max_) + " deep");
    return deep;
}

std::unexpected<Error> too_large(std::string operation, std::size_t bytes,
                                 const JsonLimits& limits) {
    return fail(Errc::too_large, std::move(operation),
                std::to_string(bytes) + " bytes of JSON, at most " +
                    std::to_string(limits.bytes_max) + " (JsonLimits::bytes_max)");
}

std::unexpected<Error> too_many_values(std::string operation, const JsonLimits& limits) {
    return fail(Errc::too_large, std::move(operation),
                "more than " + std::to_string(limits.values_max) +
                    " values in the JSON (JsonLimits::values_max)");
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

std::string utf8_text(std::string_view text, Problems& problems) {
    std::string clean;
    clean.reserve(text.size());
    bool replaced = false;
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        length == 0 ? clean += '?' : clean.append(text.substr(0, length));
        replaced = replaced || length == 0;
        text.remove_prefix(length == 0 ? 1 : length);
    }
    if (replaced) problems.add("not UTF-8");
    return clean;
}

}  // namespace tutti::json
