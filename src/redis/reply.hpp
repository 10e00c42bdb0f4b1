// What a server answers, as a tree of values of our own: hiredis parses, and this bounds it. A peer that
// is not a Redis, or not a friend, can make us hold at most `Limits`, whatever it sends; everything
// beyond is Errc::protocol, after which the connection is of no use.
//
// The one thing over a limit that is answered and not fatal is a large string, as GET returns it or a
// publisher pushes it: it is skipped without being kept, and stands in its place as `Type::oversized`, as
// soon as its length is known. So what needs a text must look at the type: its `text` is empty.
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/error.hpp"

struct redisReader;
struct redisReadTask;

namespace tutti::redis {

struct Reply {
    enum class Type : std::uint8_t { nil, status, text, integer, error, array, oversized };

    Type type = Type::nil;
    std::int64_t integer = 0;  // also of `oversized`: how many bytes it has
    std::string text;          // of status, text and error
    std::vector<Reply> items;

    [[nodiscard]] bool is(Type other) const noexcept { return type == other; }
    // An error whose first word is `code`.
    [[nodiscard]] bool is_error(std::string_view code) const noexcept;
};

struct ReplyLimits {
    std::size_t text_bytes_max = 64UL * 1024 * 1024;
    std::size_t array_items_max = 16'384;
    std::size_t items_max = 131'072;  // of one reply, in all its arrays
};

class ReplyReader {
public:
    using Limits = ReplyLimits;

    explicit ReplyReader(Limits limits = {});
    ~ReplyReader();
    ReplyReader(const ReplyReader&) = delete;
    ReplyReader& operator=(const ReplyReader&) = delete;

    void feed(std::string_view bytes);

    // The next complete reply; nullopt: more bytes are needed. An error stays.
    [[nodiscard]] Result<std::optional<Reply>> next();

private:
    struct Callbacks;
    struct Free {
        void operator()(redisReader* reader) const noexcept;
    };

    void parse(std::string_view bytes);
    Result<std::optional<Reply>> want_more();
    void* refuse(const char* cause) noexcept;
    Reply* place(const redisReadTask& task);
    std::unexpected<Error> broken(std::string cause);

    Limits limits_;
    std::unique_ptr<redisReader, Free> reader_;
    Reply root_;
    std::size_t items_ = 0;  // announced by the arrays of the reply under way
    const char* refused_ = nullptr;
    std::size_t skip_bytes_ = 0;  // of an oversized text that are still to come
    std::size_t oversized_bytes_ =
        0;  // of the one that an empty text stands for, until it is parsed
    std::optional<Error> error_;
};

}  // namespace tutti::redis
