#include "common/caches/media_caches.hpp"

#include <utility>

namespace tutti::services::caches {
namespace {

using namespace std::chrono_literals;
using Described = domain::VisionDescription;

// A picture is fetched and a model looks at it.
constexpr Duration vision_load_deadline = 150s;

StoreTier<Described> description_store() {
    return {.ttl = 1h, .codec = domain::vision_description_codec()};
}

bool has_text(const Described& description) { return !description.description.empty(); }

// An answer that is a failure belongs to the attempt, which remembers it.
auto ask_by(Shared<domain::PictureAttempt, Described> attempts) {
    return [attempts = std::move(attempts)](const domain::PictureQuestion& question,
                                            const LoadContext& context,
                                            Completion<Loaded<Described>> done) {
        attempts.get(domain::PictureAttempt{question}, {.deadline = context.remaining()},
                     [done = std::move(done)](const Result<Lookup<Described>>& found) mutable {
                         if (!found) return done(fail(found.error()));
                         if (found->found()) return done(Loaded<Described>(found->shared()));
                         Loaded<Described> failed(negative(found->category()));
                         done(std::move(failed.do_not_cache()));
                     });
    };
}

}  // namespace

NegativeTtls vision_failure_ttls() {
    return {.ceiling = 1h,
            .categories = {{"auth", 5min},
                           {"quota", 5min},
                           {"credit", 5min},
                           {"rate_limit", 10min},
                           {"server", 10min},
                           {"timeout", 10min},
                           {"network", 10min},
                           {"empty", 10min},
                           {"unknown", 10min},
                           {"content_policy", 1h},
                           {"media_missing", 1h},
                           {"model_missing", 1h},
                           {"censored", 1h},
                           {"bad_request", 1h}}};
}

// What an attempt finds is kept by the picture, and only what it failed with here.
VisionDescriptions declare_vision_descriptions(Node& node,
                                               Loader<domain::PictureAttempt, Described> ask) {
    auto attempts = node.shared(CacheOptions<domain::PictureAttempt, Described>{
        .name = "vision-failure",
        .caches = "why pictures could not be described, per model and key",
        .stale = Stale::acceptable,
        .expensive_source = true,
        .ttl = 1min,
        .bound = entries(500),
        .eviction = Eviction::lru,
        .load = std::move(ask),
        .load_deadline = vision_load_deadline,
        .store = description_store(),
        .admit = has_text,
        .negative = vision_failure_ttls(),
        .note = "a description itself is not kept here",
    });
    CacheOptions<domain::PictureQuestion, Described> options{
        .name = "vision-description",
        .caches = "image descriptions",
        .stale = Stale::acceptable,
        .expensive_source = true,
        .load = ask_by(attempts),
        .load_deadline = vision_load_deadline + 10s,
        .store = description_store(),
        .admit = has_text,
    };
    options.store->rank = domain::rank_of;
    options.store->rank_yields_after = 24h;
    return {.by_picture = node.shared(std::move(options)), .attempts = std::move(attempts)};
}

CacheOptions<domain::RecordingQuestion, std::string> voice_transcript_options(
    Loader<domain::RecordingQuestion, std::string> load) {
    return {
        .name = "voice-transcript",
        .caches = "voice transcripts",
        .stale = Stale::acceptable,
        .expensive_source = true,
        .load = std::move(load),
        .load_deadline = 4min,
        .store = StoreTier<std::string>{.ttl = 5min,
                                        .codec = domain::transcript_codec(),
                                        .raw_prefix = "transcript:",
                                        .foreign_writers = true},
        .admit = [](const std::string& text) { return !text.empty(); },
    };
}

VoiceTranscripts declare_voice_transcripts(Node& node,
                                           Loader<domain::RecordingQuestion, std::string> load) {
    return node.shared(voice_transcript_options(std::move(load)));
}

}  // namespace tutti::services::caches
