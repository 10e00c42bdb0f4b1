#include "bot-client/shard/payloads.hpp"

#include <chrono>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/json.hpp"

namespace tutti::services::bot::shard {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t name_bytes_max = 256;

struct HelloData {
    std::int64_t heartbeat_interval = 0;
};
struct Hello {
    HelloData d;
};
struct Ready {
    SessionPlace d;
};
struct InvalidSession {
    bool d = false;
};
struct Client {
    std::string os;
    std::string browser;
    std::string device;
};
struct IdentifyData {
    std::string token;
    std::uint32_t intents = 0;
    Client properties;
    std::vector<std::uint32_t> shard;
};
struct ResumeData {
    std::string token;
    std::string session_id;
    Sequence seq = 0;
};
struct Identify {
    int op = static_cast<int>(Opcode::identify);
    IdentifyData d;
};
struct Resume {
    int op = static_cast<int>(Opcode::resume);
    ResumeData d;
};

BOOST_DESCRIBE_STRUCT(HelloData, (), (heartbeat_interval))
BOOST_DESCRIBE_STRUCT(Hello, (), (d))
BOOST_DESCRIBE_STRUCT(Ready, (), (d))
BOOST_DESCRIBE_STRUCT(InvalidSession, (), (d))
BOOST_DESCRIBE_STRUCT(Client, (), (os, browser, device))
BOOST_DESCRIBE_STRUCT(IdentifyData, (), (token, intents, properties, shard))
BOOST_DESCRIBE_STRUCT(ResumeData, (), (token, session_id, seq))
BOOST_DESCRIBE_STRUCT(Identify, (), (op, d))
BOOST_DESCRIBE_STRUCT(Resume, (), (op, d))

}  // namespace

BOOST_DESCRIBE_STRUCT(PayloadHead, (), (op, s, t))
BOOST_DESCRIBE_STRUCT(SessionPlace, (), (session_id, resume_gateway_url))

}  // namespace tutti::services::bot::shard

template <>
inline constexpr auto tutti::json::naming<tutti::services::bot::shard::HelloData> =
    tutti::json::Naming::as_is;
template <>
inline constexpr auto tutti::json::naming<tutti::services::bot::shard::SessionPlace> =
    tutti::json::Naming::as_is;
template <>
inline constexpr auto tutti::json::naming<tutti::services::bot::shard::ResumeData> =
    tutti::json::Naming::as_is;

namespace tutti::services::bot::shard {

Result<PayloadHead> read_head(std::string_view text) {
    auto head = json::read<PayloadHead>(text, payload_limits);
    if (!head) return fail(std::move(head).error());
    if (head->s.value_or(0) < 0 || head->t.value_or("").size() > name_bytes_max) {
        return fail(Errc::protocol, "read payload", "s or t is out of range");
    }
    return head;
}

Result<Duration> read_hello(std::string_view text) {
    const auto hello = json::read<Hello>(text, payload_limits);
    if (!hello) return fail(hello.error());
    const std::int64_t interval = hello->d.heartbeat_interval;
    if (interval < 1'000 || interval > 600'000) {
        return fail(Errc::protocol, "read hello", "heartbeat_interval is out of range");
    }
    return std::chrono::milliseconds(interval);
}

Result<SessionPlace> read_ready(std::string_view text) {
    auto ready = json::read<Ready>(text, payload_limits);
    if (!ready) return fail(std::move(ready).error());
    const SessionPlace& place = ready->d;
    if (place.session_id.empty() || place.session_id.size() > name_bytes_max) {
        return fail(Errc::protocol, "read ready", "session_id is empty or too long");
    }
    return std::move(ready->d);
}

bool read_invalid_session(std::string_view text) {
    const auto read = json::read<InvalidSession>(text, payload_limits);
    return read && read->d;
}

std::string identify_payload(const Introduction& who) {
    return json::write(Identify{
        .d = {.token = who.token.reveal(),
              .intents = who.intents,
              .properties = {.os = "linux", .browser = "tutti", .device = "tutti"},
              .shard = {who.shard_id, who.shard_count}},
    });
}

std::string resume_payload(const process::Secret& token, const std::string& session,
                           Sequence last) {
    return json::write(Resume{.d = {.token = token.reveal(), .session_id = session, .seq = last}});
}

std::string heartbeat_payload(std::optional<Sequence> last) {
    return R"({"op":1,"d":)" + (last ? std::to_string(*last) : "null") + '}';
}

}  // namespace tutti::services::bot::shard
