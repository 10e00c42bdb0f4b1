#include "common/caches/catalogue.hpp"

#include <charconv>
#include <functional>
#include <system_error>
#include <utility>

#include "common/caches/invalidation_services.hpp"
#include "common/domain/limits.hpp"
#include "common/domain/model_vision.hpp"
#include "common/domain/text_bytes.hpp"
#include "common/process/problem_list.hpp"
#include "tutti/json.hpp"

namespace tutti::services::caches {
namespace {

using namespace std::chrono_literals;
using Value = ChannelActivations::Value;

constexpr std::chrono::milliseconds local_ttl_max = 1h;

// A cache that is bounded in entries is bounded in bytes by what one may have: an answer of a
// gateway may have domain::answer_bytes_max, a thousand of them would not fit. Larger ones count as
// a failed load.
template <class V>
std::function<bool(const V&)> has_at_most(std::size_t text_bytes_max) {
    return [text_bytes_max](const V& value) { return domain::text_bytes(value) <= text_bytes_max; };
}

constexpr std::size_t activation_bytes_max = 8U << 10U;
constexpr std::size_t personality_id_bytes_max = 256;

CacheOptions<std::string, Value> channel_activation(Loader<std::string, Value> load) {
    return {
        .name = "channel-activation",
        .caches = "channel activation status",
        .stale = Stale::wrong,
        .ttl = 30s,
        .bound = entries(1000),
        .eviction = Eviction::lru,
        .load = std::move(load),
        .load_deadline = 5s,
        .loads_max = 12,
        .admit = has_at_most<Value>(activation_bytes_max),
        .measure_hits = true,  // each message waits for one
        .channel = "cache:channel-activation-invalidation",
        .plain = PlainEvent{.type = "channel", .key = "channelId"},
        .foreign_publishers = true,
    };
}

// Whatever the failure but a refusal, for a day.
StaleIfError last_known_list() {
    return {.for_up_to = 24h,
            .transient = [](const Error& error) { return error.code != Errc::refused; }};
}

// What the lists of choices have in common. The user who waits for one types at that moment.
template <class V>
CacheOptions<std::string, V> choices(const std::string& name, const std::string& caches,
                                     Bound bound, Loader<std::string, V> load) {
    return {
        .name = name,
        .caches = caches,
        .stale = Stale::acceptable,
        .ttl = 60s,
        .bound = bound,
        .eviction = Eviction::lru,
        .load = std::move(load),
        .load_deadline = choices_deadline,
        .loads_max = 6,
        .stale_if_error = last_known_list(),
        .note = "the last known list is served while the gateway is away",
    };
}

// Lists of many users, of any length up to that of an answer.
template <class T>
CacheOptions<std::string, std::vector<T>> choices_of_users(
    const std::string& name, const std::string& caches, std::size_t bytes_max,
    Loader<std::string, std::vector<T>> load) {
    auto options = choices(name, caches, bytes(bytes_max), std::move(load));
    options.weigh = [](const std::vector<T>& list) {
        return list.capacity() * sizeof(T) + domain::text_bytes(list);
    };
    return options;
}

// The same without the bus.
CacheOptions<std::string, Value> channel_activation_as_audited(Loader<std::string, Value> load,
                                                               const Demonstration& demonstration) {
    auto options = channel_activation(std::move(load));
    options.channel.clear();
    options.plain.reset();
    options.foreign_publishers = false;
    if (demonstration.local_ttl) options.ttl = *demonstration.local_ttl;
    options.note = "demonstration: declared local by TUTTI_DEMO_CHANNEL_ACTIVATION";
    return options;
}

}  // namespace

Result<Demonstration> Demonstration::parse(const process::Environment& environment) {
    Demonstration demonstration;
    process::ProblemList problems;
    const std::string mode = environment("TUTTI_DEMO_CHANNEL_ACTIVATION").value_or("");
    if (mode == "local") {
        demonstration.channel_activation = ChannelActivation::local;
    } else if (!mode.empty() && mode != "coherent") {
        problems.add("TUTTI_DEMO_CHANNEL_ACTIVATION must be local or coherent");
    }
    const std::string ttl = environment("TUTTI_DEMO_TTL_MS").value_or("");
    if (!ttl.empty()) {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(ttl.data(), ttl.data() + ttl.size(), count);
        if (error != std::errc{} || end != ttl.data() + ttl.size() || count < 1 ||
            count > local_ttl_max.count()) {
            problems.add("TUTTI_DEMO_TTL_MS must be a number from 1 to " +
                         std::to_string(local_ttl_max.count()));
        }
        demonstration.local_ttl = std::chrono::milliseconds(count);
    }
    if (!problems.empty()) return fail(Errc::invalid_option, "read settings", problems.text());
    return demonstration;
}

Result<Lookup<Value>> ChannelActivations::get(const std::string& channel_id,
                                              GetOptions options) const {
    return std::visit([&](const auto& cache) { return cache.get(channel_id, options); }, cache_);
}

Invalidation ChannelActivations::invalidate(const std::string& channel_id,
                                            Duration deadline) const {
    if (const auto* coherent = std::get_if<Coherent<std::string, Value>>(&cache_)) {
        return coherent->invalidate(channel_id, {.deadline = deadline});
    }
    std::get<Local<std::string, Value>>(cache_).forget(channel_id);
    return {.outcome = Invalidation::Outcome::unconfirmed,
            .position = {},
            .reason =
                "channel activation is declared local for a demonstration: the other instances "
                "were not told"};
}

ChannelActivations declare_channel_activations(Node& node, const Demonstration& demonstration,
                                               Loader<std::string, Value> load) {
    if (demonstration.channel_activation == Demonstration::ChannelActivation::local) {
        return ChannelActivations(
            node.local(channel_activation_as_audited(std::move(load), demonstration)));
    }
    return ChannelActivations(node.coherent(channel_activation(std::move(load))));
}

Cooldown<NotificationKey> declare_notification_cooldown(Node& node) {
    return node.cooldown<NotificationKey>({
        .name = "notification-cooldown",
        .caches = "private personality notices per channel and user",
        .period = 1h,
        .bound = entries(10'000),
    });
}

AnswerClaims declare_answer_claims(Node& node) {
    return node.reservation<std::string>({
        .name = "answer-claims",
        .caches = "who answers an interaction or a message",
        .window = 15min,
        .when_store_fails = WhenStoreFails::allow,
        .note = "Discord takes one first answer to an interaction, and a reply is one job",
    });
}

Webhooks declare_webhooks(Node& node, Loader<std::string, domain::Webhook> load) {
    return node.local(CacheOptions<std::string, domain::Webhook>{
        .name = "webhooks",
        .caches = "webhook handles per channel",
        .stale = Stale::acceptable,
        .ttl = 10min,
        .bound = entries(1000),
        .eviction = Eviction::lru,
        .load = std::move(load),
        .load_deadline = 8s,
        .loads_max = 4,
        .note = "one that is gone is forgotten when it is used",
    });
}

WebhookSpeakers declare_webhook_speakers(Node& node) {
    return node.shared(CacheOptions<std::string, std::string>{
        .name = "webhook-speakers",
        .caches = "personalities by the message that they said",
        .stale = Stale::acceptable,
        .load = [](const std::string&, LoadContext&) -> Loaded<std::string> { return absent; },
        .load_deadline = 2s,
        .loads_max = 4,
        .store = StoreTier<std::string>{.ttl = webhook_speakers_ttl,
                                        .codec = bytes_codec(),
                                        .raw_prefix = webhook_speakers_prefix,
                                        .foreign_writers = true,
                                        .value_bytes_max = personality_id_bytes_max},
        .admit = has_at_most<std::string>(personality_id_bytes_max),
    });
}

namespace {

// Its texts are bounded where they are written; names of models and the avatar's URL come on top.
constexpr std::size_t whole_personality_bytes_max =
    domain::personality_bytes_max + domain::frame_bytes_max;

}  // namespace

Personalities declare_personalities(Node& node,
                                    Loader<std::string, domain::GetPersonalityResponse> load) {
    return node.coherent(subscribed_to(
        personality_events,
        CacheOptions<std::string, domain::GetPersonalityResponse>{
            .name = "personality",
            .caches = "personalities, configuration merged in",
            .stale = Stale::wrong,
            .ttl = 5min,
            .bound = entries(100),
            .eviction = Eviction::lru,
            .load = std::move(load),
            .admit = has_at_most<domain::GetPersonalityResponse>(whole_personality_bytes_max),
            .note = "an entry has at most 256 KiB of texts",
        }));
}

PersonalityIds declare_personality_ids(Node& node, Loader<std::string, std::string> load) {
    CacheOptions<std::string, std::string> options{
        .name = "personality-ids",
        .caches = "ids of personalities by slug",
        .stale = Stale::wrong,
        .ttl = 5min,
        .bound = entries(2000),
        .eviction = Eviction::lru,
        .absent_ttl = 1min,
        .load = std::move(load),
        .load_deadline = 2s,
        .loads_max = 4,
        .admit = has_at_most<std::string>(personality_id_bytes_max),
        .reach = Reach::every_key,
    };
    return node.coherent(subscribed_to(personality_events, std::move(options)));
}

// Few loads, so that questions for slugs that do not exist do not hold up personalities.
Avatars declare_avatars(Node& node, Loader<std::string, domain::AvatarPtr> load) {
    constexpr std::size_t bytes_max = 32U << 20U;
    CacheOptions<std::string, domain::AvatarPtr> options{
        .name = "avatars",
        .caches = "pictures of personalities by slug",
        .stale = Stale::wrong,
        .ttl = 1h,
        .bound = bytes(bytes_max),
        .eviction = Eviction::lru,
        .absent_ttl = 1min,
        .weigh = [](const domain::AvatarPtr& avatar) { return avatar ? avatar->png.size() : 0; },
        .load = std::move(load),
        .load_deadline = 2s,
        .loads_max = 2,
        .reach = Reach::every_key,
    };
    return node.coherent(subscribed_to(personality_events, std::move(options)));
}

CacheOptions<std::string, std::vector<domain::PersonalitySummary>> personality_list_options(
    Loader<std::string, std::vector<domain::PersonalitySummary>> load) {
    auto options = choices_of_users("autocomplete-personalities", "personalities per user",
                                    32U << 20U, std::move(load));
    // The channel speaks of personalities, the keys are users.
    options.reach = Reach::every_key;
    options.on_suspect = OnSuspect::serve_up_to(60s);
    return subscribed_to(personality_events, std::move(options));
}

PersonalityLists declare_personality_lists(
    Node& node, Loader<std::string, std::vector<domain::PersonalitySummary>> load) {
    return node.coherent(personality_list_options(std::move(load)));
}

PersonaLists declare_persona_lists(Node& node,
                                   Loader<std::string, std::vector<domain::PersonaSummary>> load) {
    auto options =
        choices_of_users("autocomplete-personas", "personas per user", 8U << 20U, std::move(load));
    options.on_suspect = OnSuspect::serve_up_to(60s);
    return node.coherent(subscribed_to(persona_events, std::move(options)));
}

GlobalConfigs declare_global_configs(Node& node,
                                     Loader<std::string, std::vector<domain::LlmConfig>> load) {
    auto options = choices("global-config", "global LLM configs", entries(1), std::move(load));
    options.loads_max = 1;
    return node.local(std::move(options));
}

// A failing provider costs nothing while there is an old list: models come and go in weeks.
CacheOptions<std::string, domain::ModelCatalogue> model_options(
    Loader<std::string, domain::ModelCatalogue> load) {
    return {
        .name = "openrouter-models",
        .caches = "model list from OpenRouter",
        .stale = Stale::acceptable,
        .expensive_source = true,
        .ttl = 5min,
        .bound = entries(1),
        .load = std::move(load),
        .load_deadline = 30s,
        .loads_max = 2,  // of the node's workers: the others are for what does not stall
        .store = StoreTier<domain::ModelCatalogue>{.ttl = 24h,
                                                   .codec = domain::catalogue_codec(),
                                                   .raw_prefix = "openrouter:",
                                                   .foreign_writers = true,
                                                   .value_bytes_max = domain::catalogue_bytes_max},
        .admit = [](const domain::ModelCatalogue& models) { return !models.empty(); },
        .stale_if_error = StaleIfError{.for_up_to = 24h},
        .refresh = Refresh<std::string>{.keys = {models_key}, .first = 10s, .every = 8h},
    };
}

Models declare_models(Node& node, Loader<std::string, domain::ModelCatalogue> load) {
    return node.shared(model_options(std::move(load)));
}

namespace {

RequestReservations declare_requests(Node& node, std::string name, std::string caches,
                                     std::string prefix, std::chrono::seconds window) {
    return node.reservation<std::string, RequestNote>({
        .name = std::move(name),
        .caches = std::move(caches),
        .window = window,
        .when_store_fails = WhenStoreFails::refuse,
        .codec = json_codec<RequestNote>(),
        .raw_prefix = std::move(prefix),
    });
}

}  // namespace

RequestReservations declare_request_dedup(Node& node, std::chrono::seconds window) {
    return declare_requests(node, "request-dedup", "request hashes", "dedup:", window);
}

RequestReservations declare_request_keys(Node& node) {
    return declare_requests(node, "request-keys", "requests by their clients' own keys",
                            "request-key:", request_key_window);
}

ModelCapabilities declare_model_capabilities(Node& node) {
    return node.near(NearOptions<std::string, bool, domain::ModelVision>{
        .name = "model-capability",
        .caches = "vision capability flags",
        .stale = Stale::acceptable,
        .ttl = 5min,
        .bound = entries(500),
        .eviction = Eviction::lru,
        .documents_max = 1,
        .document = [](const std::string&) { return std::string("openrouter:") + models_key; },
        .codec = domain::model_vision_codec(),
        .document_bytes_max = domain::catalogue_bytes_max,
        .project = [](const std::string& model, const domain::ModelVision& vision) -> Loaded<bool> {
            const auto found = vision.find(model);
            if (found == vision.end()) return absent;
            return found->second;
        },
        .stale_if_error = StaleIfError{.for_up_to = 24h},
    });
}

}  // namespace tutti::services::caches
