#include "ai-worker/providers/upstream.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tutti/json.hpp"

namespace tutti::services::worker::providers {
namespace {

using namespace std::chrono_literals;

constexpr int too_many_requests = 429;
constexpr int service_unavailable = 503;
constexpr std::size_t error_body_bytes_max = 64U << 10U;

// The codes and types of OpenAI-compatible errors that say more than their status.
struct Word {
    std::string_view text;
    FailureCategory category;
};
constexpr std::array words{
    Word{"insufficient_quota", FailureCategory::quota},
    Word{"content_policy", FailureCategory::content_policy},
    Word{"content_filter", FailureCategory::content_policy},
    Word{"moderation", FailureCategory::content_policy},
    Word{"model_not_found", FailureCategory::model_missing},
    Word{"invalid_api_key", FailureCategory::auth},
    Word{"invalid_image_url", FailureCategory::media_missing},
};

std::optional<FailureCategory> by_words(std::string_view body) {
    if (body.size() > error_body_bytes_max) return std::nullopt;
    const auto parsed = json::parse(body, json::any_length);
    if (!parsed || !parsed->is_object()) return std::nullopt;
    const auto* error = parsed->get_object().if_contains("error");
    if (error == nullptr || !error->is_object()) return std::nullopt;
    for (const char* member : {"code", "type"}) {
        const auto* text = error->get_object().if_contains(member);
        if (text == nullptr || !text->is_string()) continue;
        const std::string_view found = text->get_string();
        const auto* word =
            std::ranges::find_if(words, [&](const Word& one) { return found.contains(one.text); });
        if (word != words.end()) return word->category;
    }
    return std::nullopt;
}

FailureCategory by_status(int status) {
    switch (status) {
    case 401:
    case 403: return FailureCategory::auth;
    case 402: return FailureCategory::credit;
    case 404: return FailureCategory::model_missing;
    case 408: return FailureCategory::timeout;
    case too_many_requests: return FailureCategory::rate_limit;
    default: break;
    }
    if (status >= 400 && status < 500) return FailureCategory::bad_request;
    return status >= 500 ? FailureCategory::server : FailureCategory::unknown;
}

// Of the codes of failure.hpp.
Errc code_of(int status) {
    if (status == too_many_requests || status == service_unavailable) return Errc::overloaded;
    return status >= 400 && status < 500 ? Errc::refused : Errc::load_failed;
}

ProviderFailure status_failure(const http::Response& response, std::string_view upstream) {
    const FailureCategory category = category_of(response.status, response.body);
    return {.error = {code_of(response.status), std::string(upstream),
                      "it answered with status " + std::to_string(response.status) + " (" +
                          std::string(to_string(category)) + ')'},
            .category = category};
}

// What the provider may have got counts as billed, whatever became of the connection.
ProviderFailure transport_failure(Error error, const http::Client::Trace& trace) {
    const Errc code = error.code;
    ProviderFailure failure{.error = std::move(error), .category = FailureCategory::unknown};
    switch (code) {
    case Errc::timeout:
        failure.category = FailureCategory::timeout;
        if (!trace.begun) failure.error.code = Errc::unavailable;
        break;
    case Errc::unavailable:
        failure.category = FailureCategory::network;
        if (trace.begun) failure.error.code = Errc::load_failed;
        break;
    case Errc::stopped:
        failure.category.reset();
        if (trace.begun) failure.error.code = Errc::cancelled;
        break;
    case Errc::overloaded:
    case Errc::invalid_option: failure.category.reset(); break;
    default: break;
    }
    return failure;
}

// Seconds; the other form, a date, is not looked at.
std::optional<Duration> retry_after(const http::Response& response) {
    const auto field = response.headers.find("Retry-After");
    if (!field) return std::nullopt;
    unsigned seconds = 0;
    const auto [end, error] =
        std::from_chars(field->data(), field->data() + field->size(), seconds);
    if (error != std::errc{} || end != field->data() + field->size()) return std::nullopt;
    return std::chrono::seconds(seconds);
}

http::Client::Options pool_of(const Upstream::Options& options) {
    return {.name = options.name,
            .concurrent_max = options.pool.concurrent_max,
            .queued_max = options.pool.queued_max,
            .call_timeout = options.pool.deadline,
            .idle_max = options.pool.concurrent_max,
            .response_bytes_max = options.answer_bytes_max};
}

}  // namespace

FailureCategory category_of(int status, std::string_view body) {
    return by_words(body).value_or(by_status(status));
}

Upstream::Upstream(Options options)
    : options_(std::move(options)), http_(std::make_unique<http::Client>(pool_of(options_))) {
    io_.send = [&client = *http_](std::string_view url, const http::Request& request,
                                  TimePoint deadline, http::Client::Trace& trace) {
        return client.send(url, request, deadline, trace);
    };
    io_.pause = [this](Duration pause) { return wait(pause); };
}

Upstream::Upstream(Options options, Io io) : options_(std::move(options)), io_(std::move(io)) {}

Upstream::~Upstream() { stop(); }

Answered<std::string> Upstream::post(const Call& call, const process::Secret& key,
                                     TimePoint deadline) {
    http::Request request{.method = "POST",
                          .path = call.path,
                          .headers = {{"Content-Type", call.content_type}},
                          .body = call.body};
    const process::Secret& used = key.empty() ? options_.key : key;
    if (!used.empty()) request.headers.set("Authorization", "Bearer " + used.reveal());
    for (int attempt = 1;; ++attempt) {
        // Zero: what went wrong is not to be repeated.
        Duration pause = net::retry_after(options_.pauses, attempt - 1);
        auto answer = post_once(request, deadline, pause);
        const bool may_repeat =
            !answer && pause > Duration::zero() && pause <= options_.pauses.last * 2 &&
            attempt < options_.attempts_max && io_.clock->now() + pause < deadline;
        if (!may_repeat || !io_.pause(pause)) return answer;
    }
}

// `pause` comes as what is usual; the provider may have asked for another one.
Answered<std::string> Upstream::post_once(const http::Request& request, TimePoint deadline,
                                          Duration& pause) const {
    http::Client::Trace trace;
    auto response = io_.send(options_.base_url, request, deadline, trace);
    if (!response) {
        const bool never_there = response.error().code == Errc::unavailable && !trace.begun;
        if (!never_there) pause = Duration::zero();
        return std::unexpected(transport_failure(std::move(response).error(), trace));
    }
    if (response->ok()) return std::move(response->body);
    ProviderFailure failure = status_failure(*response, options_.name);
    const bool passes =
        failure.category == FailureCategory::rate_limit ||
        (response->status == service_unavailable && failure.category == FailureCategory::server);
    pause = passes ? retry_after(*response).value_or(pause) : Duration::zero();
    return std::unexpected(std::move(failure));
}

bool Upstream::wait(Duration pause) {
    detail::Lock lock(mutex_);
    return !changed_.wait_for(lock.waiting(), pause,
                              [this]() TUTTI_REQUIRES(mutex_) { return stopped_; });
}

http::Metrics Upstream::metrics() const {
    return http_ ? http_->metrics() : http::Metrics{.upstream = options_.name};
}

void Upstream::stop() {
    {
        const detail::Lock lock(mutex_);
        stopped_ = true;
    }
    changed_.notify_all();
    if (http_) http_->stop();
}

}  // namespace tutti::services::worker::providers
