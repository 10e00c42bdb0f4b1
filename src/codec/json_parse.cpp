// Boost.JSON's parser under a handler of our own: until version 1.82 its own computes a double as
// mantissa times a power of ten, which is off by the last digit, so that a value would not come
// back as it was stored. Here std::from_chars reads the number's text, which rounds correctly. And
// values are counted before they are kept: two bytes of text may stand for a hundred bytes of
// memory.
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>

#include "tutti/detail/json_text.hpp"
#include "tutti/error.hpp"

namespace tutti::json {
namespace {

namespace bj = boost::json;
using bj::error_code;
using bj::string_view;

// What bj::basic_parser calls. Every function goes on by returning true; `error` is set otherwise.
class DocumentBuilder {
public:
    static constexpr std::size_t max_object_size = bj::object::max_size();
    static constexpr std::size_t max_array_size = bj::array::max_size();
    static constexpr std::size_t max_key_size = bj::string::max_size();
    static constexpr std::size_t max_string_size = bj::string::max_size();

    // What JSON allows and a document here may not have.
    enum class Refusal : std::uint8_t { none, too_many_values, not_finite };

    explicit DocumentBuilder(std::size_t values_max) : values_max_(values_max) { stack_.reset(); }

    [[nodiscard]] bj::value release() { return stack_.release(); }
    [[nodiscard]] Refusal refusal() const noexcept { return refusal_; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& error) { return another(error); }
    bool on_object_end(std::size_t members, error_code&) {
        stack_.push_object(members);
        return true;
    }
    bool on_array_begin(error_code& error) { return another(error); }
    bool on_array_end(std::size_t elements, error_code&) {
        stack_.push_array(elements);
        return true;
    }
    bool on_key_part(string_view text, std::size_t, error_code&) {
        stack_.push_chars(text);
        return true;
    }
    bool on_key(string_view text, std::size_t, error_code&) {
        stack_.push_key(text);
        return true;
    }
    bool on_string_part(string_view text, std::size_t, error_code&) {
        stack_.push_chars(text);
        return true;
    }
    bool on_string(string_view text, std::size_t, error_code& error) {
        stack_.push_string(text);
        return another(error);
    }
    bool on_number_part(string_view text, error_code&) {
        number_.append(text.data(), text.size());
        return true;
    }
    bool on_int64(std::int64_t number, string_view, error_code& error) {
        stack_.push_int64(number);
        number_.clear();
        return another(error);
    }
    bool on_uint64(std::uint64_t number, string_view, error_code& error) {
        stack_.push_uint64(number);
        number_.clear();
        return another(error);
    }
    // `rough` stays when the text is beyond a double: zero, or infinity, which JSON cannot say.
    bool on_double(double rough, string_view text, error_code& error) {
        number_.append(text.data(), text.size());
        double number = rough;
        std::from_chars(number_.data(), number_.data() + number_.size(), number);
        stack_.push_double(number);
        number_.clear();
        return std::isfinite(number) ? another(error) : refuse(Refusal::not_finite, error);
    }
    bool on_bool(bool value, error_code& error) {
        stack_.push_bool(value);
        return another(error);
    }
    bool on_null(error_code& error) {
        stack_.push_null();
        return another(error);
    }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

private:
    bool another(error_code& error) {
        return ++values_ <= values_max_ || refuse(Refusal::too_many_values, error);
    }
    // Which error it is does not matter: the parser stops, and `refusal` is asked.
    bool refuse(Refusal refusal, error_code& error) {
        refusal_ = refusal;
        error = bj::make_error_code(bj::error::exception);
        return false;
    }

    std::size_t values_max_;
    std::size_t values_ = 0;
    Refusal refusal_ = Refusal::none;
    bj::value_stack stack_;
    std::string number_;  // the beginning of a number of which the end is still to come
};

using Refusal = DocumentBuilder::Refusal;

std::string at_byte(std::size_t position) { return " at byte " + std::to_string(position); }

}  // namespace

Result<bj::value> parse(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.bytes_max) return too_large("read json", text.size(), limits);
    bj::parse_options options;
    options.max_depth = limits.depth_max;
    bj::basic_parser<DocumentBuilder> parser(options, limits.values_max);
    error_code error;
    const std::size_t consumed = parser.write_some(false, text.data(), text.size(), error);
    if (parser.handler().refusal() == Refusal::too_many_values) {
        return too_many_values("read json", limits);
    }
    if (parser.handler().refusal() == Refusal::not_finite) {
        return fail(Errc::protocol, "read json", "number out of range" + at_byte(consumed));
    }
    if (error) {
        return fail(Errc::protocol, "read json",
                    "not JSON" + at_byte(consumed) + ": " + error.message());
    }
    if (text.find_first_not_of(" \t\r\n", consumed) != std::string_view::npos) {
        return fail(Errc::protocol, "read json", "more text after the JSON" + at_byte(consumed));
    }
    return parser.handler().release();
}

}  // namespace tutti::json
