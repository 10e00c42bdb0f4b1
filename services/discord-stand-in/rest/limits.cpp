#include "discord-stand-in/rest/limits.hpp"

#include "tutti/canonical.hpp"

namespace tutti::services::discord::rest {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t windows_max = 10'000;

// "1.234"
std::string seconds_text(milliseconds time) {
    const auto whole = time.count() / 1'000;
    std::string rest = std::to_string(time.count() % 1'000);
    rest.insert(0, 3 - rest.size(), '0');
    return std::to_string(whole) + '.' + rest;
}

const char* to_string(LimitScope scope) {
    switch (scope) {
    case LimitScope::user: return "user";
    case LimitScope::global: return "global";
    case LimitScope::shared: return "shared";
    }
    return "user";
}

}  // namespace

std::string Limits::hash_of(std::string_view route) const {
    return sha256_hex(std::string(route) + '#' + std::to_string(generation_)).substr(0, 32);
}

Limits::Window& Limits::window(const std::string& key, const Allowance& allowance,
                               process::UnixTime now) {
    if (windows_.size() >= windows_max) forget_ended(now);
    Window& found = windows_[key];
    if (found.ends <= now) found = {.ends = now + allowance.window, .used = 0};
    return found;
}

void Limits::forget_ended(process::UnixTime now) {
    std::erase_if(windows_, [now](const auto& entry) { return entry.second.ends <= now; });
    while (windows_.size() >= windows_max) windows_.erase(windows_.begin());
}

std::optional<Limited> Limits::use(Window& window, const Allowance& allowance, LimitScope scope,
                                   process::UnixTime now) {
    if (window.used >= allowance.calls) {
        return Limited{.scope = scope, .retry_after = window.ends - now};
    }
    ++window.used;
    return std::nullopt;
}

Limits::Verdict Limits::take(const Call& call, process::UnixTime now) {
    Verdict verdict;
    if (!options_.on) return verdict;
    if (call.counts_globally) {
        const Allowance second{.calls = options_.per_second, .window = milliseconds(1'000)};
        verdict.limited = use(window("global", second, now), second, LimitScope::global, now);
        if (verdict.limited) return verdict;
    }
    const auto other = options_.of.find(call.route);
    const Allowance allowance = other == options_.of.end() ? call.allowance : other->second;
    const std::string hash = hash_of(call.route);
    Window& own = window(hash + ':' + call.major, allowance, now);
    verdict.limited = use(own, allowance, LimitScope::user, now);
    verdict.headers = {
        {"X-RateLimit-Limit", std::to_string(allowance.calls)},
        {"X-RateLimit-Remaining", std::to_string(allowance.calls - own.used)},
        {"X-RateLimit-Reset", seconds_text(own.ends.time_since_epoch())},
        {"X-RateLimit-Reset-After", seconds_text(own.ends - now)},
        {"X-RateLimit-Bucket", hash},
    };
    if (verdict.limited || !call.hidden) return verdict;
    const Allowance& hidden = call.hidden->allowance;
    verdict.limited =
        use(window("hidden:" + call.hidden->key, hidden, now), hidden, LimitScope::user, now);
    return verdict;
}

http::Response Limits::answer(const Limited& limited) {
    const bool global = limited.scope == LimitScope::global;
    http::Response response =
        http::json_response(429, R"({"message":"You are being rate limited.","retry_after":)" +
                                     seconds_text(limited.retry_after) + R"(,"global":)" +
                                     (global ? "true" : "false") + '}');
    // Whole seconds, and never too few.
    const auto whole = std::chrono::ceil<std::chrono::seconds>(limited.retry_after);
    response.headers.set("Retry-After", std::to_string(whole.count()));
    response.headers.set("X-RateLimit-Scope", to_string(limited.scope));
    if (global) response.headers.set("X-RateLimit-Global", "true");
    return response;
}

}  // namespace tutti::services::discord::rest
