// Pictures and recordings that users attach, and what the worker makes of them: how the same one is
// known again, and the shapes that caches and jobs keep.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "common/process/secret.hpp"
#include "tutti/codec.hpp"
#include "tutti/error.hpp"

namespace tutti::services::domain {

// "id:<id>" with Discord's id of the attachment, else "url:<sha256 of the URL before its query>":
// the query is a signature, which every copy of the same link has anew. An id that is none of
// Discord's is not looked at.
[[nodiscard]] std::string media_key(std::string_view id, std::string_view url);

// Who pays for a model: a description of a better one is kept, see `rank_of`.
enum class ModelTier : std::uint8_t { free, paid };
BOOST_DESCRIBE_ENUM(ModelTier, free, paid)

struct VisionDescription {
    std::string description;  // never empty
    std::string model;
    ModelTier tier = ModelTier::free;

    friend bool operator==(const VisionDescription&, const VisionDescription&) = default;
};
BOOST_DESCRIBE_STRUCT(VisionDescription, (), (description, model, tier))

[[nodiscard]] inline std::int64_t rank_of(const VisionDescription& description) {
    return static_cast<std::int64_t>(description.tier);
}

// An empty description is unreadable, and so a miss.
[[nodiscard]] Codec<VisionDescription> vision_description_codec();

// The text itself. An empty one is unreadable, and so a miss.
[[nodiscard]] Codec<std::string> transcript_codec();

// Where a file is: the gateway's copy, which is there as long as the request runs, and where it
// came from.
struct MediaPlace {
    std::string url;
    std::string original_url;  // may be the same
};

// Makes a call that costs money, once in the life of a job, and keeps its answer before it is used.
// Empty: the call is made, and that is all.
using PayOnce = std::function<Result<std::string>(const std::string& call,
                                                  const std::function<Result<std::string>()>& ask)>;

// What a picture shows is the same for every user, so that the picture alone is the key. The rest
// says how to ask when it is not known yet: of two that ask at the same time, the first one's
// counts.
struct PictureQuestion {
    std::string picture;  // as media_key says
    MediaPlace place;
    std::string content_type;  // as its sender says
    std::string model;
    ModelTier tier = ModelTier::free;
    process::Secret key{};  // of the user who asks; empty: the operator's
    PayOnce pay{};

    [[nodiscard]] const std::string& key_text() const { return picture; }
};

// One way of asking, which may fail where another one would not: by model, and by whose key it is.
struct PictureAttempt {
    PictureQuestion question;

    [[nodiscard]] std::string key_text() const;
};

// As above: the recording alone is the key.
struct RecordingQuestion {
    std::string recording;  // as media_key says
    MediaPlace place;
    std::string content_type;
    std::string name;  // of the file, for the provider
    PayOnce pay{};

    [[nodiscard]] const std::string& key_text() const { return recording; }
};

}  // namespace tutti::services::domain
