// nlohmann's reader tells of one value after the other, so that everything is counted before it is
// kept; its trees are used for writing only.
#include "tutti/json/msgpack.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/kind.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "tutti/detail/json_text.hpp"
#include "tutti/error.hpp"
#include "tutti/json/limits.hpp"

namespace tutti::msgpack {
namespace {

namespace bj = boost::json;
using Tree = nlohmann::json;

// Never null: an object of no members is one all the same.
Tree tree_of(const bj::value& value) {
    switch (value.kind()) {
    case bj::kind::null: return nullptr;
    case bj::kind::bool_: return value.get_bool();
    case bj::kind::int64: return value.get_int64();
    case bj::kind::uint64: return value.get_uint64();
    case bj::kind::double_: return value.get_double();
    case bj::kind::string: return std::string(value.get_string().data(), value.get_string().size());
    case bj::kind::array: {
        Tree array = Tree::array();
        for (const bj::value& element : value.get_array()) array.push_back(tree_of(element));
        return array;
    }
    case bj::kind::object: break;
    }
    Tree object = Tree::object();
    for (const auto& member : value.get_object())
        object[std::string(member.key().data(), member.key().size())] = tree_of(member.value());
    return object;
}

// What nlohmann's sax_parse calls. Every function goes on by returning true; `refusal` says why one
// did not.
class DocumentReader {
public:
    explicit DocumentReader(const JsonLimits& limits) : limits_(limits) { stack_.reset(); }

    [[nodiscard]] bj::value release() { return stack_.release(); }
    [[nodiscard]] bool has_too_many_values() const { return values_ > limits_.values_max; }
    [[nodiscard]] const std::string& refusal() const { return refusal_; }

    bool null() {
        stack_.push_null();
        return another();
    }
    bool boolean(bool value) {
        stack_.push_bool(value);
        return another();
    }
    bool number_integer(std::int64_t number) {
        stack_.push_int64(number);
        return another();
    }
    // As Boost.JSON's parser has it: unsigned is what does not fit otherwise.
    bool number_unsigned(std::uint64_t number) {
        if (std::in_range<std::int64_t>(number))
            return number_integer(static_cast<std::int64_t>(number));
        stack_.push_uint64(number);
        return another();
    }
    bool number_float(double number, const std::string&) {
        if (!std::isfinite(number)) return refuse("number out of range");
        stack_.push_double(number);
        return another();
    }
    bool string(const std::string& text) {
        if (!is_utf8(text)) return refuse("not UTF-8");
        stack_.push_string(text);
        return another();
    }
    bool binary(const std::vector<std::uint8_t>&) { return refuse("binary data"); }
    bool key(const std::string& name) {
        if (!is_utf8(name)) return refuse("not UTF-8");
        stack_.push_key(name);
        ++open_.back().size;
        return true;
    }
    // The number of elements that is promised there is not believed.
    bool start_object(std::size_t) { return opened(true); }
    bool end_object() {
        stack_.push_object(closed());
        return true;
    }
    bool start_array(std::size_t) { return opened(false); }
    bool end_array() {
        stack_.push_array(closed());
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
        return refuse("not MessagePack at byte " + std::to_string(position));
    }

private:
    struct Open {
        bool object;
        std::size_t size = 0;
    };

    bool opened(bool object) {
        if (open_.size() >= limits_.depth_max) return refuse("too many levels inside each other");
        if (!another()) return false;
        open_.push_back({.object = object});
        return true;
    }
    std::size_t closed() {
        const std::size_t size = open_.back().size;
        open_.pop_back();
        return size;
    }
    // The members of an object are counted by their keys.
    bool another() {
        if (!open_.empty() && !open_.back().object) ++open_.back().size;
        return ++values_ <= limits_.values_max;
    }
    bool refuse(std::string why) {
        if (refusal_.empty()) refusal_ = std::move(why);
        return false;
    }

    const JsonLimits& limits_;
    bj::value_stack stack_;
    std::vector<Open> open_;
    std::size_t values_ = 0;
    std::string refusal_;
};

}  // namespace

Result<std::string> pack(const bj::value& document, const JsonLimits& limits) {
    std::string bytes;
    Tree::to_msgpack(tree_of(document), bytes);
    if (bytes.size() > limits.bytes_max)
        return json::too_large("write msgpack", bytes.size(), limits);
    return bytes;
}

Result<bj::value> unpack(std::string_view bytes, const JsonLimits& limits) {
    if (bytes.size() > limits.bytes_max)
        return json::too_large("read msgpack", bytes.size(), limits);
    DocumentReader reader(limits);
    const bool complete = Tree::sax_parse(bytes, &reader, Tree::input_format_t::msgpack);
    if (reader.has_too_many_values()) return json::too_many_values("read msgpack", limits);
    if (!complete) return fail(Errc::protocol, "read msgpack", reader.refusal());
    return reader.release();
}

}  // namespace tutti::msgpack
