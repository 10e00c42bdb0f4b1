// Pictures for tests, written and read by libpng, and the base64 that carries them.
#pragma once

#include <openssl/evp.h>
#include <png.h>
#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct Pixels {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::vector<png_byte> rgba;

    friend bool operator==(const Pixels&, const Pixels&) = default;
};

// One colour everywhere.
inline Pixels plain(std::uint32_t width, std::uint32_t height, std::array<png_byte, 4> colour) {
    Pixels pixels{.width = width, .height = height, .rgba = {}};
    for (std::size_t i = 0; i < std::size_t{width} * height; ++i) {
        pixels.rgba.insert(pixels.rgba.end(), colour.begin(), colour.end());
    }
    return pixels;
}

// No two bytes alike in any way that compresses.
inline Pixels noise(std::uint32_t width, std::uint32_t height) {
    Pixels pixels{.width = width, .height = height, .rgba = {}};
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < std::size_t{width} * height * 4; ++i) {
        state = state * 1664525U + 1013904223U;
        pixels.rgba.push_back(static_cast<png_byte>(state >> 24U));
    }
    return pixels;
}

inline std::string write_png(const Pixels& pixels) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = pixels.width;
    image.height = pixels.height;
    image.format = PNG_FORMAT_RGBA;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string png(size, '\0');
    png_image_write_to_memory(&image, png.data(), &size, 0, pixels.rgba.data(), 0, nullptr);
    png.resize(size);
    return png;
}

// Nothing: libpng does not take it.
inline std::optional<Pixels> read_png(std::string_view png) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) return std::nullopt;
    image.format = PNG_FORMAT_RGBA;
    Pixels pixels{.width = image.width, .height = image.height, .rgba = {}};
    pixels.rgba.resize(PNG_IMAGE_SIZE(image));
    if (png_image_finish_read(&image, nullptr, pixels.rgba.data(), 0, nullptr) == 0) {
        return std::nullopt;
    }
    return pixels;
}

inline std::string big_endian(std::size_t number) {
    std::string bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(number >> shift);
    return bytes;
}

inline std::string chunk(const std::string& type, const std::string& data) {
    const std::string covered = type + data;
    const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(covered.data()),
                             static_cast<uInt>(covered.size()));
    return big_endian(data.size()) + covered + big_endian(sum);
}

inline std::string deflated(const std::string& text) {
    uLongf size = ::compressBound(static_cast<uLong>(text.size()));
    std::string bytes(size, '\0');
    ::compress(reinterpret_cast<Bytef*>(bytes.data()), &size,
               reinterpret_cast<const Bytef*>(text.data()), static_cast<uLong>(text.size()));
    bytes.resize(size);
    return bytes;
}

// A megapixel of noise in a byte each, by a palette of colours with alpha: four times as much where
// there is no palette.
inline std::string least_compact_png() {
    const std::uint32_t side = 1000;
    std::string rows;
    std::uint32_t state = 1;
    for (std::uint32_t y = 0; y < side; ++y) {
        rows += '\0';
        for (std::uint32_t x = 0; x < side; ++x) {
            state = state * 1664525U + 1013904223U;
            rows += static_cast<char>(state >> 24U);
        }
    }
    std::string palette;
    std::string alpha;
    for (int i = 0; i < 256; ++i) {
        palette += {static_cast<char>(i), static_cast<char>(i * 7), static_cast<char>(i * 13)};
        alpha += static_cast<char>(i * 31);
    }
    return "\x89PNG\r\n\x1a\n" +
           chunk("IHDR",
                 big_endian(side) + big_endian(side) + std::string("\x08\x03\x00\x00\x00", 5)) +
           chunk("PLTE", palette) + chunk("tRNS", alpha) + chunk("IDAT", deflated(rows)) +
           chunk("IEND", "");
}

inline std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

}  // namespace tests
