#include "bot-client/assignment/shard_record.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/net/url.hpp"
#include "tutti/json.hpp"
#include "tutti/json/limits.hpp"

namespace tutti::services::bot::assignment {
namespace {

constexpr std::size_t word_bytes_max = 256;
constexpr std::size_t session_id_bytes_max = 256;
constexpr std::size_t url_bytes_max = 512;
constexpr JsonLimits content_limits{.bytes_max = 2'048, .depth_max = 3, .values_max = 16};
constexpr std::size_t record_bytes_max = 3 * (word_bytes_max + 1) + content_limits.bytes_max;

struct Session {
    std::string id;
    std::string url;
    std::int64_t last = 0;
    std::int64_t at = 0;  // milliseconds
};
struct Content {
    bool given_back = false;
    std::optional<Session> session;
};
BOOST_DESCRIBE_STRUCT(Session, (), (id, url, last, at))
BOOST_DESCRIBE_STRUCT(Content, (), (given_back, session))

std::unexpected<Error> no_record(const char* why) {
    return fail(Errc::protocol, "read shard record", why);
}

// The text up to the next space, which is taken off with it.
std::string_view next_word(std::string_view& text) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    return word;
}

std::optional<std::uint64_t> number_of(std::string_view word) {
    std::uint64_t number = 0;
    const char* end = word.data() + word.size();
    const auto [stopped, error] = std::from_chars(word.data(), end, number);
    if (word.empty() || error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

std::optional<SavedSession> saved(std::optional<Session> session) {
    if (!session || session->id.empty() || session->id.size() > session_id_bytes_max ||
        session->url.size() > url_bytes_max || session->last < 0) {
        return std::nullopt;
    }
    const auto at = process::read_unix_time(std::chrono::milliseconds(session->at));
    if (!at) return std::nullopt;
    return SavedSession{.resumption = {.place = {.session_id = std::move(session->id),
                                                 .resume_gateway_url = std::move(session->url)},
                                       .last = session->last},
                        .at = *at};
}

}  // namespace

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= word_bytes_max &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

Result<ShardRecord> read_record(std::string_view text) {
    if (text.size() > record_bytes_max) {
        return fail(Errc::too_large, "read shard record", "the record is too long");
    }
    const std::string_view member = next_word(text);
    const auto turn = number_of(next_word(text));
    const std::string_view server = next_word(text);
    if (!is_word(member) || !turn || !is_word(server)) return no_record("a word is missing");
    auto content = json::read<Content>(text, content_limits);
    if (!content) return fail(std::move(content).error());
    return ShardRecord{.member = std::string(member),
                       .turn = *turn,
                       .server = std::string(server),
                       .given_back = content->given_back,
                       .session = saved(std::move(content->session))};
}

std::string record_stamp(std::string_view member, std::uint64_t turn) {
    return std::string(member) + ' ' + std::to_string(turn);
}

std::string record_content(bool given_back, const std::optional<SavedSession>& session) {
    Content content{.given_back = given_back, .session = {}};
    if (session) {
        content.session = Session{.id = session->resumption.place.session_id,
                                  .url = session->resumption.place.resume_gateway_url,
                                  .last = session->resumption.last,
                                  .at = session->at.time_since_epoch().count()};
    }
    return json::write(content);
}

bool leads_to(std::string_view websocket_url, const std::vector<std::string>& hosts) {
    const auto url = net::parse_websocket_url(websocket_url);
    return url && net::keeps_secrets(*url) &&
           std::ranges::any_of(hosts, [&](const std::string& host) {
               return !host.empty() && (url->host == host || url->host.ends_with('.' + host));
           });
}

}  // namespace tutti::services::bot::assignment
