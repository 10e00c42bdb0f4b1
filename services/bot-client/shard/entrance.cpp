#include "bot-client/shard/entrance.hpp"

#include <algorithm>
#include <chrono>

#include <boost/describe/class.hpp>

#include "common/net/url.hpp"
#include "tutti/json.hpp"

namespace tutti::services::bot::shard {
namespace {

constexpr std::size_t url_bytes_max = 512;
constexpr std::int64_t day_ms = 86'400'000;
constexpr JsonLimits answer_limits{.bytes_max = 64UL << 10U, .depth_max = 8, .values_max = 1'000};

struct StartLimit {
    std::int64_t total = 0;
    std::int64_t remaining = 0;
    std::int64_t reset_after = 0;
    std::int64_t max_concurrency = 1;
};
struct GatewayBot {
    std::string url;
    std::int64_t shards = 1;
    StartLimit session_start_limit;
};
BOOST_DESCRIBE_STRUCT(StartLimit, (), (total, remaining, reset_after, max_concurrency))
BOOST_DESCRIBE_STRUCT(GatewayBot, (), (url, shards, session_start_limit))

}  // namespace
}  // namespace tutti::services::bot::shard

template <>
inline constexpr auto tutti::json::naming<tutti::services::bot::shard::StartLimit> =
    tutti::json::Naming::as_is;
template <>
inline constexpr auto tutti::json::naming<tutti::services::bot::shard::GatewayBot> =
    tutti::json::Naming::as_is;

namespace tutti::services::bot::shard {

Result<Entrance> read_entrance(std::string_view body) {
    auto answer = json::read<GatewayBot>(body, answer_limits);
    if (!answer) return fail(std::move(answer).error());
    const StartLimit& starts = answer->session_start_limit;
    const bool sound = starts.total >= 0 && starts.remaining >= 0 && starts.max_concurrency >= 1 &&
                       starts.reset_after >= 0 && answer->shards >= 1;
    if (!sound) {
        return fail(Errc::protocol, "read /gateway/bot", "a number is out of range");
    }
    return Entrance{
        .url = std::move(answer->url),
        .shards = answer->shards,
        .starts = {.total = starts.total,
                   .remaining = starts.remaining,
                   .reset_after = std::chrono::milliseconds(std::min(starts.reset_after, day_ms)),
                   .max_concurrency = starts.max_concurrency}};
}

Result<std::string> stream_url(std::string_view base, Compression compression) {
    if (base.size() > url_bytes_max) {
        return fail(Errc::protocol, "read gateway url", "the URL is too long");
    }
    const auto url = net::parse_websocket_url(base);
    if (!url) return fail(Errc::protocol, "read gateway url", url.error().cause);
    if (!net::keeps_secrets(*url)) {
        return fail(Errc::protocol, "read gateway url", "only wss:// keeps the token from others");
    }
    if (url->target.contains('?')) {
        return fail(Errc::protocol, "read gateway url", "the URL has a query");
    }
    std::string text(base);
    if (!base.substr(base.find("://") + 3).contains('/')) text += '/';
    text += "?v=10&encoding=json";
    if (compression == Compression::zlib_stream) text += "&compress=zlib-stream";
    if (compression == Compression::zstd_stream) text += "&compress=zstd-stream";
    return text;
}

}  // namespace tutti::services::bot::shard
