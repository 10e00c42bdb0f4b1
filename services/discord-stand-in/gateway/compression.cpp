#include "discord-stand-in/gateway/compression.hpp"

#include <zlib.h>
#include <zstd.h>

#include <new>

namespace tutti::services::discord::gateway {
namespace {

class Zlib final : public Compressor {
public:
    explicit Zlib(bool is_stream) : is_stream_(is_stream) {
        if (::deflateInit(&stream_, Z_DEFAULT_COMPRESSION) != Z_OK) throw std::bad_alloc();
    }
    ~Zlib() override { ::deflateEnd(&stream_); }
    Zlib(const Zlib&) = delete;
    Zlib& operator=(const Zlib&) = delete;

    std::string compress(std::string_view payload) override {
        if (!is_stream_) ::deflateReset(&stream_);
        // The bound is for one call that ends the stream; a flush takes a few bytes more.
        std::string out(::deflateBound(&stream_, payload.size()) + 64, '\0');
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(payload.data()));
        stream_.avail_in = static_cast<uInt>(payload.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        ::deflate(&stream_, is_stream_ ? Z_SYNC_FLUSH : Z_FINISH);
        out.resize(out.size() - stream_.avail_out);
        return out;
    }

private:
    const bool is_stream_;
    z_stream stream_{};
};

class Zstd final : public Compressor {
public:
    Zstd() : context_(::ZSTD_createCCtx()) {
        if (context_ == nullptr) throw std::bad_alloc();
    }
    ~Zstd() override { ::ZSTD_freeCCtx(context_); }
    Zstd(const Zstd&) = delete;
    Zstd& operator=(const Zstd&) = delete;

    std::string compress(std::string_view payload) override {
        std::string out(::ZSTD_compressBound(payload.size()) + 64, '\0');
        ZSTD_inBuffer from{.src = payload.data(), .size = payload.size(), .pos = 0};
        ZSTD_outBuffer to{.dst = out.data(), .size = out.size(), .pos = 0};
        while (::ZSTD_compressStream2(context_, &to, &from, ZSTD_e_flush) != 0) {
            out.resize(2 * out.size());
            to.dst = out.data();
            to.size = out.size();
        }
        out.resize(to.pos);
        return out;
    }

private:
    ZSTD_CCtx* const context_;
};

}  // namespace

std::unique_ptr<Compressor> Compressor::make(Compression compression) {
    switch (compression) {
    case Compression::none: return nullptr;
    case Compression::zlib_stream: return std::make_unique<Zlib>(true);
    case Compression::zlib_payload: return std::make_unique<Zlib>(false);
    case Compression::zstd_stream: return std::make_unique<Zstd>();
    }
    return nullptr;
}

Compression read_compression(std::string_view name) {
    if (name == "zlib-stream") return Compression::zlib_stream;
    if (name == "zstd-stream") return Compression::zstd_stream;
    return Compression::none;
}

}  // namespace tutti::services::discord::gateway
