// One HTTP message at a time out of the bytes of a peer, for server and client alike. For files
// that include Beast only.
//
// Beast parses. What it does not bound is bounded here: chunk extensions and trailers, which it
// buffers whole and which its header limit does not count; how much wrapping a body may have; the
// number of fields, each of which costs more memory than bytes. So a reader holds at most two
// blocks of bytes that are not parsed, `header_bytes_max` of them for good, besides head and body.
//
// Another reader of the same bytes must not see other messages there (request smuggling), so what
// Beast lets pass and others read in another way is refused (RFC 9112): a transfer coding other
// than "chunked", more than one length, a line that continues the one before it, a request that
// names no host or two. Trailers are read and forgotten: they come after whatever was decided by
// the header.
//
//     reader.begin({...});
//     while (reader.parse() == MessageReader<true>::State::incomplete) {
//         reader.received(read_some(reader.space(read_bytes)));
//     }                                                           // head, then complete; or faulty
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/none.hpp>
#include <boost/system/error_code.hpp>

#include "common/http/message.hpp"

namespace tutti::services::http {

enum class MessageFault : std::uint8_t {
    none,
    malformed,  // see `text`
    header_too_large,
    body_too_large,
    wrapping_too_large,  // chunk extensions, trailers, or chunks of hardly anything
    unknown_coding,
    cut_off,  // the peer ended it in the middle
};

template <bool IsRequest>
class MessageReader {
public:
    enum class State : std::uint8_t { incomplete, head, complete, faulty };

    struct Limits {
        std::size_t header_bytes_max;
        std::size_t body_bytes_max;
    };

    static constexpr std::size_t fields_max = 128;

    // The next message begins with what is left of the bytes behind the last one.
    void begin(const Limits& limits, bool without_body = false) {
        limits_ = limits;
        parser_.emplace();
        parser_->on_chunk_header(at_chunk_);
        parser_->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        // Beast would refuse a length before the head can be looked at.
        parser_->body_limit(boost::none);
        if constexpr (!IsRequest) parser_->skip(without_body);
        body_begun_ = false;
        behind_head_ = 0;
        fault_ = MessageFault::none;
    }

    // For as many bytes as the caller wants to read, and then says that it did.
    [[nodiscard]] boost::asio::mutable_buffer space(std::size_t bytes) {
        return buffer_.prepare(bytes);
    }
    void received(std::size_t bytes) { buffer_.commit(bytes); }
    void forget_bytes() { buffer_.clear(); }
    // Gives back the memory of a buffer that holds nothing.
    void shrink() {
        if (buffer_.size() == 0) buffer_.shrink_to_fit();
    }
    [[nodiscard]] bool has_bytes() const { return buffer_.size() > 0; }

    // `head` exactly once, before anything of the body is parsed. After `complete` or `faulty`:
    // `begin`.
    State parse() {
        if (body_begun_ && parser_->is_done()) return State::complete;
        if (body_begun_ && length().value_or(0) > limits_.body_bytes_max) {
            return faulty(MessageFault::body_too_large);
        }
        if (buffer_.size() == 0) return State::incomplete;
        boost::system::error_code error;
        last_chunk_ = nullptr;
        const auto bytes = buffer_.cdata();
        const std::size_t taken = parser_->put(bytes, error);
        const bool folded = has_folded_line(static_cast<const char*>(bytes.data()), taken);
        buffer_.consume(taken);
        if (folded) return malformed("a line that continues another one");
        if (body_begun_) behind_head_ += taken;
        if (error && error != boost::beast::http::error::need_more) return failed(error);
        return body_begun_ ? after_body() : after_head();
    }

    // The peer has closed its side. A body without a length ends like that.
    State end() {
        if (!parser_->got_some()) return faulty(MessageFault::cut_off);
        boost::system::error_code error;
        parser_->put_eof(error);
        return error || !parser_->is_done() ? faulty(MessageFault::cut_off) : State::complete;
    }

    [[nodiscard]] MessageFault fault() const noexcept { return fault_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }  // of `malformed`

    // From `head` on. Trailers are not among the fields when they are asked for there.
    [[nodiscard]] const auto& message() const { return parser_->get(); }
    [[nodiscard]] bool keep_alive() const { return parser_->keep_alive(); }
    [[nodiscard]] Headers headers() const {
        Headers found;
        for (const auto& field : parser_->get()) {
            found.add(std::string(field.name_string()), std::string(field.value()));
        }
        return found;
    }
    // Whether a body follows; its length when the head says so.
    [[nodiscard]] bool has_body() const {
        return parser_->chunked() || parser_->content_length().value_or(0) > 0;
    }
    [[nodiscard]] std::optional<std::uint64_t> length() const {
        const auto found = parser_->content_length();
        return found ? std::optional<std::uint64_t>(*found) : std::nullopt;
    }
    // At `head`: a tighter bound than the one of `begin`.
    void limit_body(std::size_t bytes_max) {
        limits_.body_bytes_max = bytes_max;
        parser_->body_limit(bytes_max);
    }

    [[nodiscard]] std::size_t body_bytes() const { return parser_->get().body().size(); }
    [[nodiscard]] std::size_t body_capacity() const { return parser_->get().body().capacity(); }
    [[nodiscard]] std::string take_body() { return std::move(parser_->get().body()); }

private:
    using Parser = boost::beast::http::parser<IsRequest, boost::beast::http::string_body>;
    using Field = boost::beast::http::field;
    // Called by Beast; the extensions are part of the buffer.
    struct AtChunk {
        const char*& last_chunk;
        void operator()(std::uint64_t size, boost::beast::string_view extensions,
                        boost::system::error_code&) const {
            if (size == 0) last_chunk = extensions.data();
        }
    };

    // Of a byte of body: one that comes alone in its chunk has six.
    static constexpr std::size_t wrapping_max = 16;

    State after_head() {
        const auto& fields = parser_->get();
        const auto count = std::distance(fields.begin(), fields.end());
        if (count > static_cast<std::ptrdiff_t>(fields_max)) {
            return faulty(MessageFault::header_too_large);
        }
        if (!parser_->is_header_done()) return State::incomplete;
        if (!is_known_coding()) return faulty(MessageFault::unknown_coding);
        if (!has_one_length()) return malformed("more than one Content-Length");
        if (!has_its_hosts()) return malformed("a request has one Host");
        body_begun_ = true;
        parser_->eager(true);
        parser_->body_limit(limits_.body_bytes_max);
        return State::head;
    }

    State after_body() {
        if (parser_->is_done()) return State::complete;
        const std::size_t body = body_bytes();
        const bool too_much = buffer_.size() > limits_.header_bytes_max ||
                              behind_head_ > limits_.header_bytes_max + body * wrapping_max;
        return too_much ? faulty(MessageFault::wrapping_too_large) : State::incomplete;
    }

    [[nodiscard]] bool is_known_coding() const {
        const auto codings = values_of(Field::transfer_encoding);
        if (codings.empty()) return true;
        return codings.size() == 1 && parser_->get().version() == 11 && parser_->chunked() &&
               boost::beast::iequals(codings.front(), "chunked");
    }
    // Not even the same one twice, in two fields or in a list.
    [[nodiscard]] bool has_one_length() const {
        const auto lengths = values_of(Field::content_length);
        return lengths.empty() || (lengths.size() == 1 &&
                                   lengths.front().find(',') == boost::beast::string_view::npos);
    }
    [[nodiscard]] bool has_its_hosts() const {
        if constexpr (!IsRequest) return true;
        const std::size_t hosts = values_of(Field::host).size();
        return hosts == 1 || (hosts == 0 && parser_->get().version() < 11);
    }
    [[nodiscard]] std::vector<boost::beast::string_view> values_of(Field name) const {
        const auto [begin, end] = parser_->get().equal_range(name);
        std::vector<boost::beast::string_view> values;
        for (auto field = begin; field != end; ++field) values.push_back(field->value());
        return values;
    }

    // In what was parsed last of the header, or of the trailers. Beast takes a field at once, with
    // the lines that continue it, and the last chunk with all trailers.
    [[nodiscard]] bool has_folded_line(const char* bytes, std::size_t count) const {
        const char* begin = body_begun_ ? last_chunk_ : bytes;
        if (begin == nullptr) return false;
        const std::string_view lines(begin, bytes + count);
        return lines.contains("\n ") || lines.contains("\n\t");
    }

    State failed(const boost::system::error_code& error) {
        namespace http = boost::beast::http;
        if (error == http::error::body_limit) return faulty(MessageFault::body_too_large);
        if (error == http::error::header_limit) return faulty(MessageFault::header_too_large);
        return malformed(error.message());
    }
    State malformed(std::string text) {
        text_ = std::move(text);
        return faulty(MessageFault::malformed);
    }
    State faulty(MessageFault fault) {
        fault_ = fault;
        return State::faulty;
    }

    Limits limits_{};
    const char* last_chunk_ = nullptr;  // in the buffer, when `parse` has just found it
    AtChunk at_chunk_{last_chunk_};
    std::optional<Parser> parser_;
    boost::beast::flat_buffer buffer_;
    bool body_begun_ = false;
    std::size_t behind_head_ = 0;  // bytes parsed behind the head
    MessageFault fault_ = MessageFault::none;
    std::string text_;
};

}  // namespace tutti::services::http
