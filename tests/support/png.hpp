// Pictures for tests, written and read by libpng, and the base64 that carries them.
#pragma once

#include <openssl/evp.h>
#include <png.h>

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

inline std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

}  // namespace tests
