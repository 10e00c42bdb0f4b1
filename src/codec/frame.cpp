#include "codec/frame.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/error.hpp"

namespace tutti {
namespace {

using Kind = StoredPayload::Kind;

constexpr const char* reading = "read stored value";
constexpr const char* writing = "write stored value";
constexpr char plain = 0;
constexpr char packed = 1;

struct KindLetter {
    Kind kind;
    char letter;
};
constexpr std::array kinds{KindLetter{Kind::value, 'v'}, KindLetter{Kind::nothing, 'a'},
                           KindLetter{Kind::negative, 'f'}};

std::optional<Kind> kind_of(char letter) {
    const auto* found = std::ranges::find(kinds, letter, &KindLetter::letter);
    return found == kinds.end() ? std::nullopt : std::optional(found->kind);
}

void append_number(std::string& out, std::uint32_t number) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(static_cast<unsigned char>(number >> shift));
    }
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        number |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
    }
    return number;
}

// The size field has 32 bits, whatever the options say.
std::size_t bytes_max_of(const FrameOptions& options) {
    return std::min<std::size_t>(options.bytes_max, std::numeric_limits<std::uint32_t>::max());
}

std::unexpected<Error> too_large(const char* operation, std::size_t bytes, std::size_t bytes_max) {
    return fail(
        Errc::too_large, operation,
        std::to_string(bytes) + " bytes, at most " + std::to_string(bytes_max) + " are allowed");
}

std::unexpected<Error> unreadable(std::string cause) {
    return fail(Errc::protocol, reading, std::move(cause));
}

// nullopt: it is no shorter, or there is no memory for trying.
std::optional<std::string> pack(std::string_view bytes) {
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                       &ZSTD_freeCCtx);
    if (!context) return std::nullopt;
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string out(bytes.size(), '\0');
    const std::size_t size =
        ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size) != 0 || size >= bytes.size()) return std::nullopt;
    out.resize(size);
    return out;
}

Result<std::string> unpack(std::string_view bytes, std::size_t size) {
    // One frame and nothing behind it: ZSTD_decompress would go on with the next.
    if (ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) != bytes.size() ||
        ZSTD_getFrameContentSize(bytes.data(), bytes.size()) != size) {
        return unreadable("the compressed payload is damaged");
    }
    std::string out(size, '\0');
    if (ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size()) != size) {
        return unreadable("the compressed payload is damaged");
    }
    return out;
}

// What the writer refuses and the reader does not believe.
const char* contradiction(Kind kind, std::size_t bytes) {
    if (kind == Kind::nothing && bytes != 0) return "an absent value has no bytes";
    if (kind == Kind::negative && bytes == 0) return "a failure has a class";
    if (kind == Kind::negative && bytes > category_bytes_max) {
        return "a failure's class is a short name";
    }
    return nullptr;
}

}  // namespace

Result<std::string> write_frame(const StoredPayload& payload, const FrameOptions& options) {
    const std::size_t size = payload.bytes.size();
    const std::size_t bytes_max = bytes_max_of(options);
    if (const char* wrong = contradiction(payload.kind, size)) {
        return fail(Errc::invalid_option, writing, wrong);
    }
    if (size > bytes_max) return too_large(writing, size, bytes_max);

    const bool worth_packing =
        payload.kind == Kind::value && options.compress_above != 0 && size > options.compress_above;
    const auto shorter = worth_packing ? pack(payload.bytes) : std::nullopt;
    std::string frame;
    frame.reserve(frame_header_bytes + (shorter ? shorter->size() : size));
    frame += std::ranges::find(kinds, payload.kind, &KindLetter::kind)->letter;
    frame += shorter ? packed : plain;
    append_number(frame, options.version);
    append_number(frame, static_cast<std::uint32_t>(size));
    frame += shorter ? *shorter : payload.bytes;
    return frame;
}

Result<StoredPayload> read_frame(std::string_view frame, const FrameOptions& options) {
    if (frame.size() < frame_header_bytes) {
        return unreadable("shorter than a header; another program's value?");
    }
    const auto kind = kind_of(frame[0]);
    const bool is_packed = frame[1] == packed;
    if (!kind || (!is_packed && frame[1] != plain) || (is_packed && *kind != Kind::value)) {
        return unreadable("not a stored value of a cache; another program's value?");
    }
    const std::uint32_t version = number_at(frame, 2);
    if (version != options.version) {
        return unreadable("version " + std::to_string(version) + ", expected " +
                          std::to_string(options.version));
    }
    const std::size_t size = number_at(frame, 6);
    if (const std::size_t most = bytes_max_of(options); size > most) {
        return too_large(reading, size, most);
    }
    if (const char* wrong = contradiction(*kind, size)) return unreadable(wrong);

    const std::string_view payload = frame.substr(frame_header_bytes);
    if (!is_packed) {
        if (payload.size() != size) return unreadable("the payload is not as long as it says");
        return StoredPayload{*kind, std::string(payload)};
    }
    auto bytes = unpack(payload, size);
    if (!bytes) return fail(std::move(bytes).error());
    return StoredPayload{*kind, *std::move(bytes)};
}

}  // namespace tutti
