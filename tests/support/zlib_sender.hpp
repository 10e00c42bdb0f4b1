// The sending side of Discord's zlib-stream: one context for a connection, and a flush behind each
// payload.
//
// Thread-safety: none.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

namespace tests {

class ZlibSender {
public:
    ZlibSender() { ::deflateInit(&stream_, Z_DEFAULT_COMPRESSION); }
    ~ZlibSender() { ::deflateEnd(&stream_); }
    ZlibSender(const ZlibSender&) = delete;
    ZlibSender& operator=(const ZlibSender&) = delete;

    std::string send(std::string_view text, int flush = Z_SYNC_FLUSH) {
        std::string out(::deflateBound(&stream_, text.size()) + 64, '\0');
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream_.avail_in = static_cast<uInt>(text.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        ::deflate(&stream_, flush);
        out.resize(out.size() - stream_.avail_out);
        return out;
    }

private:
    z_stream stream_{};
};

}  // namespace tests
