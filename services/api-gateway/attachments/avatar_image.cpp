// Only what makes the picture reaches libpng. Its simplified API reads whatever precedes the
// pixels, and a megabyte of compressed texts would become a gigabyte before it could be refused.
#include "api-gateway/attachments/avatar_image.hpp"

#include <openssl/evp.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace tutti::services::gateway::attachments {
namespace {

constexpr std::string_view not_base64 =
    "must be base64 with its padding, or a data: URL that says ;base64";
constexpr std::string_view not_a_picture = "must be a PNG of at most 1024 x 1024 pixels and 1 MiB";

constexpr std::size_t base64_length_max = (avatar_bytes_max + 2) / 3 * 4;
constexpr std::size_t data_url_head_max = 128;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// OpenSSL's decoder takes spaces around and padding anywhere.
std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    const auto payload = text.substr(0, text.size() - padding);
    if (text.size() % 4 != 0 || payload.find_first_not_of(digits) != std::string_view::npos) {
        return std::nullopt;
    }
    std::string bytes(text.size() / 4 * 3, '\0');
    const int written = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                          bytes_of(text), static_cast<int>(text.size()));
    if (written < 0 || static_cast<std::size_t>(written) != bytes.size()) return std::nullopt;
    bytes.resize(bytes.size() - padding);
    return bytes;
}

// What follows data:<media type>;base64, - the type is not believed, the bytes say what they are.
std::optional<std::string_view> without_data_url(std::string_view text) {
    if (!text.starts_with("data:")) return text;
    const std::size_t comma = text.substr(0, data_url_head_max).find(',');
    if (comma == std::string_view::npos || !text.substr(0, comma).ends_with(";base64")) {
        return std::nullopt;
    }
    return text.substr(comma + 1);
}

std::uint32_t read_length(std::string_view chunk) {
    std::uint32_t length = 0;
    for (const char c : chunk.substr(0, 4)) length = length << 8U | static_cast<unsigned char>(c);
    return length;
}

// The colours' meaning and the pixels.
bool makes_the_picture(std::string_view type) {
    constexpr std::array<std::string_view, 7> types{"IHDR", "PLTE", "IDAT", "IEND",
                                                    "tRNS", "gAMA", "sRGB"};
    return std::ranges::find(types, type) != types.end();
}

// The same PNG without the chunks that a decoder may skip, and without what follows its end.
// Nothing: it is cut off, no PNG, or has a chunk that must not be skipped and is not known here.
std::optional<std::string> without_metadata(std::string_view png) {
    constexpr std::string_view signature = "\x89PNG\r\n\x1a\n";
    constexpr std::size_t frame = 12;  // length, type and checksum
    if (!png.starts_with(signature)) return std::nullopt;
    std::string kept(signature);
    for (auto rest = png.substr(signature.size()); rest.size() >= frame;) {
        const std::size_t length = read_length(rest);
        if (length > rest.size() - frame) return std::nullopt;
        const auto type = rest.substr(4, 4);
        const bool may_be_skipped = (static_cast<unsigned char>(type.front()) & 0x20U) != 0;
        if (makes_the_picture(type)) {
            kept += rest.substr(0, frame + length);
        } else if (!may_be_skipped) {
            return std::nullopt;
        }
        if (type == "IEND") return kept;
        rest.remove_prefix(frame + length);
    }
    return std::nullopt;
}

// A png_image with what libpng allocated for it.
struct Picture {
    Picture() { image.version = PNG_IMAGE_VERSION; }
    ~Picture() { ::png_image_free(&image); }
    Picture(const Picture&) = delete;
    Picture& operator=(const Picture&) = delete;

    png_image image{};
};

using Pixels = std::vector<png_byte>;

// The pixels as eight-bit grey or colour, with or without alpha. Nothing: too wide, too high,
// damaged.
std::optional<Pixels> decode(std::string_view png, png_image& image) {
    if (::png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0 ||
        image.width > avatar_side_max || image.height > avatar_side_max) {
        return std::nullopt;
    }
    image.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA;
    Pixels pixels(PNG_IMAGE_SIZE(image));
    if (::png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) == 0) {
        return std::nullopt;
    }
    return pixels;
}

std::optional<std::string> encode(const Pixels& pixels, const png_image& as) {
    Picture written;
    png_image& image = written.image;
    image.width = as.width;
    image.height = as.height;
    image.format = as.format;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string png(size, '\0');
    if (::png_image_write_to_memory(&image, png.data(), &size, 0, pixels.data(), 0, nullptr) == 0 ||
        size > stored_avatar_bytes_max) {
        return std::nullopt;
    }
    png.resize(size);
    png.shrink_to_fit();
    return png;
}

}  // namespace

AvatarImage rewrite_png(std::string_view bytes) {
    if (bytes.size() > avatar_bytes_max) return std::unexpected(not_a_picture);
    const auto bare = without_metadata(bytes);
    if (!bare) return std::unexpected(not_a_picture);
    Picture read;
    const auto pixels = decode(*bare, read.image);
    if (!pixels) return std::unexpected(not_a_picture);
    auto png = encode(*pixels, read.image);
    if (!png) return std::unexpected(not_a_picture);
    return *std::move(png);
}

AvatarImage read_avatar(std::string_view text) {
    const auto base64 = without_data_url(text);
    if (!base64) return std::unexpected(not_base64);
    if (base64->size() > base64_length_max) return std::unexpected(not_a_picture);
    const auto bytes = decode_base64(*base64);
    if (!bytes) return std::unexpected(not_base64);
    return rewrite_png(*bytes);
}

}  // namespace tutti::services::gateway::attachments
