#include "common/domain/media.hpp"

#include <algorithm>
#include <utility>

#include "tutti/canonical.hpp"
#include "tutti/json.hpp"

namespace tutti::services::domain {
namespace {

constexpr std::size_t discord_id_length_max = 20;
constexpr std::size_t key_mark_length = 16;

bool is_discord_id(std::string_view id) {
    return !id.empty() && id.size() <= discord_id_length_max &&
           std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
}

// Tells keys apart without showing one: a provider's key is too long to be guessed and tried.
std::string mark_of(const process::Secret& key) {
    return key.empty() ? "operator" : sha256_hex(key.reveal()).substr(0, key_mark_length);
}

std::unexpected<Error> empty_text() { return fail(Errc::protocol, "read", "the text is empty"); }

}  // namespace

std::string media_key(std::string_view id, std::string_view url) {
    if (is_discord_id(id)) return "id:" + std::string(id);
    return "url:" + sha256_hex(without_query(url));
}

Codec<VisionDescription> vision_description_codec() {
    auto codec = json_codec<VisionDescription>();
    codec.decode =
        [decode = std::move(codec.decode)](std::string_view text) -> Result<VisionDescription> {
        auto found = decode(text);
        if (found && found->description.empty()) return empty_text();
        return found;
    };
    return codec;
}

Codec<std::string> transcript_codec() {
    auto codec = bytes_codec();
    codec.decode = [](std::string_view text) -> Result<std::string> {
        if (text.empty()) return empty_text();
        return std::string(text);
    };
    codec.name = "text";
    return codec;
}

std::string PictureAttempt::key_text() const {
    return composite(question.model, mark_of(question.key), question.picture);
}

}  // namespace tutti::services::domain
