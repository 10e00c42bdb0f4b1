// Bytes of a server as replies: hiredis parses, and this bounds it. A peer that is not a Redis, or
// not a friend, can make us hold at most `Limits`, whatever it sends; everything beyond is
// Errc::protocol, after which the connection is of no use.
//
// The one thing over a limit that is answered and not fatal is a large string, as GET returns it or
// a publisher pushes it: it is skipped without being kept, and stands in its place as
// `Type::oversized`, as soon as its length is known.
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/error.hpp"
#include "tutti/redis/reply.hpp"

struct redisReader;
struct redisReadTask;

namespace tutti::redis {

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
    // Of one more text.
    [[nodiscard]] std::size_t room() const noexcept;
    void* refuse(const char* cause) noexcept;
    Reply* place(const redisReadTask& task);
    std::unexpected<Error> broken(std::string cause);

    Limits limits_;
    std::unique_ptr<redisReader, Free> reader_;
    Reply root_;
    // Of the reply under way:
    std::size_t items_ = 0;  // announced by its arrays
    std::size_t bytes_ = 0;  // of its texts so far
    const char* refused_ = nullptr;
    std::size_t skip_bytes_ = 0;  // of an oversized text that are still to come
    std::size_t oversized_bytes_ =
        0;  // of the one that an empty text stands for, until it is parsed
    std::optional<Error> error_;
};

}  // namespace tutti::redis
