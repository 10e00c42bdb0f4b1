#include "bot-client/shard/decompression.hpp"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <new>
#include <utility>

namespace tutti::services::bot::shard {
namespace {

constexpr std::size_t block_bytes = 16U << 10U;
// What the stream may refer back to, which is what a context holds: 32 MiB.
constexpr int zstd_window_log_max = 25;
constexpr std::string_view zlib_end("\0\0\xff\xff", 4);

std::unexpected<Error> oversized() {
    return fail(Errc::too_large, "decompress payload", "a payload is over the limit");
}
std::unexpected<Error> undecodable() {
    return fail(Errc::protocol, "decompress payload", "not the stream that was asked for");
}

// The payload that grows, and its bound.
class Text {
public:
    explicit Text(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    [[nodiscard]] bool append(std::string_view bytes) {
        if (bytes.size() > bytes_max_ - text_.size()) return false;
        text_ += bytes;
        return true;
    }
    [[nodiscard]] std::string take() { return std::exchange(text_, {}); }

private:
    std::size_t bytes_max_;
    std::string text_;
};

class Uncompressed final : public Decompressor {
public:
    explicit Uncompressed(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    Result<std::optional<std::string>> feed(std::string_view message) override {
        if (message.size() > bytes_max_) return oversized();
        return std::string(message);
    }

private:
    std::size_t bytes_max_;
};

class ZlibStream final : public Decompressor {
public:
    explicit ZlibStream(std::size_t bytes_max) : bytes_max_(bytes_max), text_(bytes_max) {
        if (::inflateInit(&stream_) != Z_OK) throw std::bad_alloc();
    }
    ~ZlibStream() override { ::inflateEnd(&stream_); }
    ZlibStream(const ZlibStream&) = delete;
    ZlibStream& operator=(const ZlibStream&) = delete;

    Result<std::optional<std::string>> feed(std::string_view message) override {
        taken_ += message.size();
        if (taken_ > bytes_max_) return oversized();
        if (auto inflated = inflate(message); !inflated) return fail(inflated.error());
        tail_.append(message.substr(message.size() - std::min(message.size(), zlib_end.size())));
        if (!tail_.ends_with(zlib_end)) return std::nullopt;
        taken_ = 0;
        tail_.clear();
        return text_.take();
    }

private:
    Result<void> inflate(std::string_view message) {
        std::array<char, block_bytes> block;
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
        stream_.avail_in = static_cast<uInt>(message.size());
        bool full = true;
        while (stream_.avail_in > 0 || full) {
            stream_.next_out = reinterpret_cast<Bytef*>(block.data());
            stream_.avail_out = static_cast<uInt>(block.size());
            const int code = ::inflate(&stream_, Z_SYNC_FLUSH);
            // Nothing to do is no error when everything was taken before.
            if (code == Z_BUF_ERROR && stream_.avail_in == 0) break;
            if (code != Z_OK) return undecodable();
            full = stream_.avail_out == 0;
            if (!text_.append({block.data(), block.size() - stream_.avail_out})) return oversized();
        }
        return {};
    }

    std::size_t bytes_max_;
    std::size_t taken_ = 0;  // of the wire, for the payload that grows
    std::string tail_;       // the last bytes of its messages: the end may be cut in two
    Text text_;
    z_stream stream_{};
};

class ZstdStream final : public Decompressor {
public:
    explicit ZstdStream(std::size_t bytes_max) : text_(bytes_max), stream_(::ZSTD_createDStream()) {
        if (!stream_) throw std::bad_alloc();
        ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
    }
    Result<std::optional<std::string>> feed(std::string_view message) override {
        std::array<char, block_bytes> block;
        ZSTD_inBuffer in{.src = message.data(), .size = message.size(), .pos = 0};
        bool full = true;
        while (in.pos < in.size || full) {
            ZSTD_outBuffer out{.dst = block.data(), .size = block.size(), .pos = 0};
            const std::size_t before = in.pos;
            const std::size_t code = ::ZSTD_decompressStream(stream_.get(), &out, &in);
            if (::ZSTD_isError(code) != 0) return undecodable();
            full = out.pos == out.size;
            if (!text_.append({block.data(), out.pos})) return oversized();
            if (out.pos == 0 && in.pos == before) break;
        }
        return text_.take();
    }

private:
    struct Free {
        void operator()(ZSTD_DStream* stream) const { ::ZSTD_freeDStream(stream); }
    };
    Text text_;
    std::unique_ptr<ZSTD_DStream, Free> stream_;
};

}  // namespace

std::unique_ptr<Decompressor> Decompressor::make(Compression compression, std::size_t bytes_max) {
    switch (compression) {
    case Compression::zlib_stream: return std::make_unique<ZlibStream>(bytes_max);
    case Compression::zstd_stream: return std::make_unique<ZstdStream>(bytes_max);
    case Compression::none: break;
    }
    return std::make_unique<Uncompressed>(bytes_max);
}

}  // namespace tutti::services::bot::shard
