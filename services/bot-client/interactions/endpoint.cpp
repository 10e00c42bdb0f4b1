#include "bot-client/interactions/endpoint.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "common/http/errors.hpp"
#include "common/process/edge.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::bot::interactions {
namespace {

constexpr std::string_view signature_header = "X-Signature-Ed25519";
constexpr std::string_view timestamp_header = "X-Signature-Timestamp";
constexpr std::size_t signature_digits = 128;
constexpr std::size_t body_bytes_max = 1UL << 20U;

constexpr const char* pong = R"({"type":1})";

// What is said in the place of an answer that is late.
const char* deferral_of(InteractionKind kind) {
    switch (kind) {
    case InteractionKind::autocomplete: return R"({"type":8,"data":{"choices":[]}})";
    case InteractionKind::component:
    case InteractionKind::modal: return R"({"type":6})";
    case InteractionKind::ping:
    case InteractionKind::command: break;
    }
    return R"({"type":5})";
}

bool is_deferral(std::string_view body) {
    return body.starts_with(R"({"type":5)") || body.starts_with(R"({"type":6)");
}

// Discord sends wrong signatures on purpose, and wants this answer.
http::Response unsigned_request() {
    return http::text_response(401, "the signature of this request is not Discord's\n");
}

// By the head: what cannot be signed is not read.
std::optional<http::Response> refuse_unsigned(const http::Request& head) {
    const auto signature = head.headers.find(signature_header);
    const bool may_be = signature && signature->size() == signature_digits &&
                        head.headers.find(timestamp_header).has_value();
    return may_be ? std::nullopt : std::optional(unsigned_request());
}

http::Response refusal(SignatureVerdict verdict) {
    if (verdict == SignatureVerdict::too_large) {
        return http::error_response(http::ErrorCode::payload_too_large, "the body is too large");
    }
    if (verdict == SignatureVerdict::overloaded) {
        return http::error_response(http::ErrorCode::service_unavailable, "too many interactions");
    }
    return unsigned_request();
}

http::Response no_room() {
    return http::error_response(http::ErrorCode::service_unavailable, "too many interactions");
}

}  // namespace

// A response that is awaited: by Discord, by the endpoint's clock, and by what answers.
class InteractionEndpoint::Pending {
public:
    Pending(InteractionKind kind, http::Answer answer) : kind_(kind), answer_(std::move(answer)) {}

    bool respond(std::string body) {
        {
            const detail::Lock lock(mutex_);
            if (deferred_ && is_deferral(body)) return true;
        }
        const http::Answer answer = take();
        if (answer) answer(http::json_response(200, std::move(body)));
        return static_cast<bool>(answer);
    }
    // Counts it, if it was in time to say so, before Discord hears of it.
    void defer(std::atomic<std::uint64_t>& count) {
        http::Answer answer;
        {
            const detail::Lock lock(mutex_);
            answer = std::exchange(answer_, {});
            deferred_ = deferred_ || answer;
        }
        if (!answer) return;
        count.fetch_add(1, std::memory_order_relaxed);
        answer(http::json_response(200, deferral_of(kind_)));
    }
    void refuse() {
        if (const http::Answer answer = take()) answer(no_room());
    }
    // Discord waits no more.
    void give_up() {
        const detail::Lock lock(mutex_);
        answer_ = {};
    }

private:
    http::Answer take() {
        const detail::Lock lock(mutex_);
        return std::exchange(answer_, {});
    }

    const InteractionKind kind_;
    detail::Mutex mutex_;
    http::Answer answer_ TUTTI_GUARDED_BY(mutex_);  // empty: it was given
    bool deferred_ TUTTI_GUARDED_BY(mutex_) = false;
};

InteractionEndpoint::InteractionEndpoint(Parts parts)
    : parts_(std::move(parts)), thread_([this] { defer_late_ones(); }) {}

InteractionEndpoint::~InteractionEndpoint() {
    {
        const detail::Lock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

void InteractionEndpoint::add_to(http::Router& router) {
    router.add("POST", "/interactions",
               [this](const http::Request& request) { return handle(request); },
               {.kind = http::RouteKind::open,
                .guard = refuse_unsigned,
                .body_bytes_max = body_bytes_max});
}

http::Response InteractionEndpoint::handle(const http::Request& request) {
    const auto verdict = parts_.signatures.judge(
        request.headers.find(signature_header).value_or(""),
        request.headers.find(timestamp_header).value_or(""), request.body, parts_.now());
    verdicts_[static_cast<std::size_t>(verdict)].fetch_add(1, std::memory_order_relaxed);
    if (verdict != SignatureVerdict::valid) return refusal(verdict);
    auto interaction = read_interaction(request.body);
    if (!interaction) {
        unreadable_.fetch_add(1, std::memory_order_relaxed);
        return http::error_response(http::ErrorCode::validation_error, interaction.error().cause);
    }
    if (interaction->kind == InteractionKind::ping) return http::json_response(200, pong);
    return hand_on(*std::move(interaction));
}

http::Response InteractionEndpoint::hand_on(Interaction interaction) {
    return http::deferred_response(
        [this, interaction = std::move(interaction)](http::Answer answer) {
            return begin(interaction, std::move(answer));
        });
}

std::function<void()> InteractionEndpoint::begin(Interaction interaction, http::Answer answer) {
    auto pending = std::make_shared<Pending>(interaction.kind, std::move(answer));
    {
        const detail::Lock lock(mutex_);
        pending_.emplace(Boottime::now() + parts_.defer_after, pending);
        changed_.notify_all();
    }
    const bool taken = parts_.take(std::move(interaction), [pending](std::string body) {
        return pending->respond(std::move(body));
    });
    if (!taken) {
        refused_.fetch_add(1, std::memory_order_relaxed);
        pending->refuse();
    }
    return [pending] { pending->give_up(); };
}

void InteractionEndpoint::defer_late_ones() {
    while (true) {
        std::shared_ptr<Pending> late;
        {
            detail::Lock lock(mutex_);
            if (stopping_) return;
            const TimePoint now = Boottime::now();
            if (pending_.empty() || pending_.begin()->first > now) {
                const TimePoint next =
                    pending_.empty() ? TimePoint::max() : pending_.begin()->first;
                changed_.wait_for(lock.waiting(), time_left(next, now));
                continue;
            }
            late = pending_.extract(pending_.begin()).mapped().lock();
        }
        process::contain("a late answer", [&] {
            if (late) late->defer(deferred_);
        });
    }
}

InteractionEndpoint::Figures InteractionEndpoint::figures() const {
    Figures figures{.unreadable = unreadable_, .refused = refused_, .deferred = deferred_};
    for (std::size_t i = 0; i < signature_verdicts; ++i) figures.verdicts[i] = verdicts_[i];
    return figures;
}

std::string endpoint_metrics_text(const InteractionEndpoint::Figures& figures) {
    MetricText text;
    text.metric("tutti_interactions_http_total", MetricText::Type::counter,
                "Requests to /interactions that had a signature, by what it was worth.");
    for (std::size_t i = 0; i < signature_verdicts; ++i) {
        text.sample({{"signature", to_string(static_cast<SignatureVerdict>(i))}},
                    figures.verdicts[i]);
    }
    text.metric("tutti_interactions_http_unreadable_total", MetricText::Type::counter,
                "Of these, those that Discord signed and that are not as it documents them.")
        .sample({}, figures.unreadable);
    text.metric("tutti_interactions_http_refused_total", MetricText::Type::counter,
                "Of these, those for which there was no room.")
        .sample({}, figures.refused);
    text.metric("tutti_interactions_http_deferred_total", MetricText::Type::counter,
                "Of these, those that were deferred because no answer came for two seconds.")
        .sample({}, figures.deferred);
    return text.text();
}

}  // namespace tutti::services::bot::interactions
