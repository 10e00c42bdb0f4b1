#include "bot-client/rest/answer_facts.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>

#include <boost/describe/class.hpp>

#include "tutti/json.hpp"

namespace tutti::services::bot::rest {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t hash_bytes_max = 64;
constexpr std::int64_t limit_max = 1'000'000;
constexpr double seconds_max = 86'400;
// Of a 429 that does not say how long.
constexpr Duration retry_unsaid = 5s;
constexpr JsonLimits body_limits{.bytes_max = 1UL << 20U, .depth_max = 32, .values_max = 10'000};

struct Trouble {
    std::optional<double> retry_after;
    std::optional<bool> global;
    std::optional<std::int64_t> code;
};
BOOST_DESCRIBE_STRUCT(Trouble, (), (retry_after, global, code))

}  // namespace
}  // namespace tutti::services::bot::rest

template <>
inline constexpr auto tutti::json::naming<tutti::services::bot::rest::Trouble> =
    tutti::json::Naming::as_is;

namespace tutti::services::bot::rest {
namespace {

template <class Number>
std::optional<Number> number(const http::Response& response, std::string_view name) {
    const auto text = response.headers.find(name);
    if (!text) return std::nullopt;
    Number value{};
    const char* end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, value);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

std::optional<Duration> seconds(std::optional<double> value) {
    if (!value || !std::isfinite(*value) || *value < 0) return std::nullopt;
    return saturating_duration(std::chrono::duration<double>(std::min(*value, seconds_max)));
}

bool is_hash(std::string_view text) {
    return !text.empty() && text.size() <= hash_bytes_max && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '-' || c == '_';
    });
}

std::optional<BucketFacts> bucket_of(const http::Response& response) {
    const auto hash = response.headers.find("X-RateLimit-Bucket");
    const auto limit = number<std::int64_t>(response, "X-RateLimit-Limit");
    const auto remaining = number<std::int64_t>(response, "X-RateLimit-Remaining");
    const auto reset = seconds(number<double>(response, "X-RateLimit-Reset-After"));
    if (!hash || !is_hash(*hash) || !limit || !remaining || !reset) return std::nullopt;
    if (*limit < 1 || *limit > limit_max || *remaining < 0) return std::nullopt;
    return BucketFacts{.hash = std::string(*hash),
                       .limit = *limit,
                       .remaining = std::min(*remaining, *limit),
                       .reset_after = *reset};
}

LimitScope scope_of(const http::Response& response, const Trouble& trouble) {
    const auto text = response.headers.find("X-RateLimit-Scope").value_or("");
    if (text == "shared") return LimitScope::shared;
    const bool global = text == "global" || response.headers.find("X-RateLimit-Global") == "true" ||
                        trouble.global.value_or(false);
    if (global) return LimitScope::global;
    return text == "user" ? LimitScope::user : LimitScope::none;
}

}  // namespace

AnswerFacts read_answer(const http::Response& response) {
    AnswerFacts facts{.status = response.status, .bucket = bucket_of(response)};
    if (response.status < 400) return facts;
    const auto trouble = json::read<Trouble>(response.body, body_limits).value_or(Trouble{});
    facts.code = trouble.code.value_or(0);
    if (response.status != 429) return facts;
    facts.scope = scope_of(response, trouble);
    // The longest of what is said: a header has whole seconds, the body is more exact.
    const auto said =
        std::max({seconds(trouble.retry_after).value_or(Duration::zero()),
                  seconds(number<double>(response, "Retry-After")).value_or(Duration::zero())});
    facts.retry_after = said > Duration::zero() ? said : retry_unsaid;
    return facts;
}

}  // namespace tutti::services::bot::rest
