// hiredis calls back for every value that it has parsed and passes our object of the array around
// it, so the tree is built in place: an array makes room for its items, and each item finds its
// place by index. The root is a member; nothing of hiredis' own is ever allocated per reply.
//
// hiredis 0.14 bounds neither the buffer, nor a line, nor the items of a reply. It buffers until an
// item is complete, and an item that is not tells by the reader's public state what it waits for:
// so each time it wants more bytes the item under way is checked here. For a text that is too large
// it is given an empty one instead, wherever in the reply that stands, and what arrives of the real
// one is dropped.
#include "redis/reply.hpp"

#include <hiredis/read.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

namespace tutti::redis {
namespace {

constexpr std::size_t line_bytes_max = 64UL * 1024;
constexpr std::size_t length_bytes_max = 32;  // of the line that announces a text

std::string_view unparsed(const redisReader& reader) {
    return {reader.buf + reader.pos, reader.len - reader.pos};
}

// The length that the header of a text announces. nullopt: the header is not complete.
std::optional<std::size_t> announced_bytes(std::string_view header) {
    const std::size_t end = header.substr(0, length_bytes_max).find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::size_t bytes = 0;
    std::from_chars(header.data(), header.data() + end, bytes);
    return bytes;
}

}  // namespace

struct ReplyReader::Callbacks {
    static ReplyReader& self(const redisReadTask* task) {
        return *static_cast<ReplyReader*>(task->privdata);
    }
    static void* text(const redisReadTask* task, char* bytes, std::size_t count) {
        ReplyReader& reader = self(task);
        Reply* const reply = reader.place(*task);
        const std::size_t announced = std::max(count, std::exchange(reader.oversized_bytes_, 0));
        if (announced > reader.room()) {
            reply->type = Reply::Type::oversized;
            reply->integer = static_cast<std::int64_t>(announced);
            return reply;
        }
        reply->type = task->type == REDIS_REPLY_ERROR    ? Reply::Type::error
                      : task->type == REDIS_REPLY_STATUS ? Reply::Type::status
                                                         : Reply::Type::text;
        reply->text.assign(bytes, count);
        reader.bytes_ += count;
        return reply;
    }
    static void* array(const redisReadTask* task, int count) {
        ReplyReader& reader = self(task);
        const auto items = static_cast<std::size_t>(count);
        reader.items_ += items;
        if (items > reader.limits_.array_items_max || reader.items_ > reader.limits_.items_max) {
            return reader.refuse("a reply has too many items");
        }
        Reply* const reply = reader.place(*task);
        reply->type = Reply::Type::array;
        reply->items.resize(items);
        return reply;
    }
    static void* integer(const redisReadTask* task, long long number) {
        Reply* const reply = self(task).place(*task);
        reply->type = Reply::Type::integer;
        reply->integer = number;
        return reply;
    }
    static void* nil(const redisReadTask* task) { return self(task).place(*task); }
    static void free(void*) {}  // the tree belongs to the ReplyReader

    static inline redisReplyObjectFunctions functions{.createString = text,
                                                      .createArray = array,
                                                      .createInteger = integer,
                                                      .createNil = nil,
                                                      .freeObject = free};
};

void ReplyReader::Free::operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }

ReplyReader::ReplyReader(Limits limits)
    : limits_(limits), reader_(redisReaderCreateWithFunctions(&Callbacks::functions)) {
    if (!reader_) throw std::bad_alloc();
    reader_->privdata = this;
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::feed(std::string_view bytes) {
    if (error_) return;
    const std::size_t skipped = std::min(skip_bytes_, bytes.size());
    skip_bytes_ -= skipped;
    parse(bytes.substr(skipped));
}

void ReplyReader::parse(std::string_view bytes) {
    if (bytes.empty()) return;
    if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
        throw std::bad_alloc();
    }
}

Result<std::optional<Reply>> ReplyReader::next() {
    if (error_) return fail(*error_);
    void* complete = nullptr;
    const bool parsed = redisReaderGetReply(reader_.get(), &complete) == REDIS_OK;
    if (!parsed) return broken(refused_ != nullptr ? refused_ : reader_->errstr);
    if (complete == nullptr) return want_more();
    items_ = 0;
    bytes_ = 0;
    return std::exchange(root_, {});
}

std::size_t ReplyReader::room() const noexcept {
    return std::min(limits_.text_bytes_max, limits_.bytes_max - bytes_);
}

// Called when the reader wants more bytes.
Result<std::optional<Reply>> ReplyReader::want_more() {
    redisReader& reader = *reader_;
    if (reader.ridx < 0) return std::nullopt;
    const std::string_view rest = unparsed(reader);
    if (reader.rstack[reader.ridx].type != REDIS_REPLY_STRING) {
        if (rest.size() > line_bytes_max) return broken("a line has no end");
        return std::nullopt;
    }
    const auto bytes = announced_bytes(rest);
    if (!bytes && rest.size() >= length_bytes_max) return broken("the length of a text has no end");
    if (!bytes || *bytes <= room()) return std::nullopt;
    constexpr std::size_t bytes_max = 1UL << 40;
    if (*bytes > bytes_max) return broken("a text is too large");
    const std::size_t buffered = rest.size() - (rest.find("\r\n") + 2);
    skip_bytes_ = *bytes + 2 - buffered;
    oversized_bytes_ = *bytes;
    reader.pos = reader.len;
    parse("0\r\n\r\n");
    return next();
}

// A null object makes hiredis give up.
void* ReplyReader::refuse(const char* cause) noexcept {
    refused_ = cause;
    return nullptr;
}

Reply* ReplyReader::place(const redisReadTask& task) {
    if (task.parent == nullptr) return &root_;
    return &static_cast<Reply*>(task.parent->obj)->items[static_cast<std::size_t>(task.idx)];
}

std::unexpected<Error> ReplyReader::broken(std::string cause) {
    error_ = Error{.code = Errc::protocol, .operation = "redis reply", .cause = std::move(cause)};
    return fail(*error_);
}

}  // namespace tutti::redis
