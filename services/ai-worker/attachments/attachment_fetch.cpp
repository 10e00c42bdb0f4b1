#include "ai-worker/attachments/attachment_fetch.hpp"

#include <optional>
#include <utility>

#include "common/net/url.hpp"

namespace tutti::services::worker::attachments {
namespace {

using providers::Answered;
using providers::FailureCategory;
using providers::ProviderFailure;

constexpr int redirects_max = 3;
constexpr const char* operation = "fetch an attachment";
constexpr std::string_view gateway_files = "/temp-attachments/";

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Where a redirect leads to. A path is one of the same origin.
std::optional<std::string> next_of(const http::Response& response, const std::string& from) {
    const auto location = response.headers.find("Location");
    if (!location || location->empty()) return std::nullopt;
    if (!location->starts_with('/') || location->starts_with("//")) return std::string(*location);
    const auto url = net::HttpUrl::parse(from);
    if (!url) return std::nullopt;
    return url->origin() + std::string(*location);
}

ProviderFailure failure(Errc code, std::string cause, std::optional<FailureCategory> category) {
    return {.error = {code, operation, std::move(cause)}, .category = category};
}

ProviderFailure of_transport(const Error& error) {
    switch (error.code) {
    case Errc::timeout: return failure(error.code, error.cause, FailureCategory::timeout);
    case Errc::too_large:
        return failure(error.code, "the file is too large", FailureCategory::bad_request);
    case Errc::unavailable:
    case Errc::protocol: return failure(error.code, error.cause, FailureCategory::network);
    default: return failure(error.code, error.cause, std::nullopt);
    }
}

ProviderFailure of_status(int status) {
    const bool there_is_none = status >= 400 && status < 500;
    return failure(Errc::load_failed, "the host answered with status " + std::to_string(status),
                   there_is_none ? FailureCategory::media_missing : FailureCategory::network);
}

http::Client::Options pool_of(const process::HttpPool& pool, std::size_t file_bytes_max) {
    return {.name = "attachments",
            .concurrent_max = pool.concurrent_max,
            .queued_max = pool.queued_max,
            .call_timeout = pool.deadline,
            .idle_max = pool.concurrent_max,
            .response_bytes_max = file_bytes_max};
}

}  // namespace

AttachmentFetch::Options AttachmentFetch::Options::from(const process::Settings& settings) {
    Options options{.hosts = settings.attachment_places(),
                    .gateway_urls = {settings.gateway_url},
                    .pool = settings.attachments};
    if (settings.public_gateway_url) options.gateway_urls.push_back(*settings.public_gateway_url);
    return options;
}

AttachmentFetch::AttachmentFetch(const Options& options)
    : hosts_(options.hosts), http_([&] {
          auto pool = pool_of(options.pool, options.file_bytes_max);
          pool.permits = [this](std::string_view origin, std::string_view address) {
              return gateways_.contains(origin) || hosts_.permits(origin, address);
          };
          return pool;
      }()) {
    for (const std::string& text : options.gateway_urls) {
        if (const auto url = net::parse_host_in_lower_case(text)) gateways_.insert(url->origin());
    }
}

// What is connected to, for a URL that may be fetched.
Result<std::string> AttachmentFetch::permitted(std::string_view text) const {
    const auto url = net::parse_host_in_lower_case(text);
    if (!url) return fail(url.error());
    const std::string origin = url->origin();
    if (gateways_.contains(origin) && url->target.starts_with(gateway_files) &&
        !url->target.contains("..")) {
        return origin + url->target;
    }
    return hosts_.place_of(text);
}

Answered<std::string> AttachmentFetch::fetch(const domain::MediaPlace& place, TimePoint deadline) {
    auto file = fetch_from(place.url, deadline);
    const bool elsewhere = !place.original_url.empty() && place.original_url != place.url;
    if (file || !elsewhere || file.error().error.code == Errc::stopped) return file;
    return fetch_from(place.original_url, deadline);
}

Answered<std::string> AttachmentFetch::fetch_from(std::string url, TimePoint deadline) {
    for (int redirects = 0; redirects <= redirects_max; ++redirects) {
        const auto allowed = permitted(url);
        if (!allowed) {
            return std::unexpected(failure(Errc::refused, allowed.error().cause, std::nullopt));
        }
        auto response = http_.send(*allowed, {}, deadline);
        if (!response) return std::unexpected(of_transport(response.error()));
        if (response->ok()) return std::move(response->body);
        const auto next =
            is_redirect(response->status) ? next_of(*response, *allowed) : std::nullopt;
        if (!next) return std::unexpected(of_status(response->status));
        url = *next;
    }
    return std::unexpected(
        failure(Errc::load_failed, "too many redirects", FailureCategory::media_missing));
}

}  // namespace tutti::services::worker::attachments
