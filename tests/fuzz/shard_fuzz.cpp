// Anything may come over Discord's gateway, compressed or not, in any state. The first byte decides
// the compression and up to which state the session is led before; after that each message is a
// length byte and that many bytes. Whatever comes: what is passed on is passed on once and in
// order, nothing is sent beyond Discord's limits, and no token leaves but in an identify or a
// resume.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bot-client/shard/shard_session.hpp"

namespace {

using namespace std::chrono_literals;
using namespace tutti::services::bot::shard;

constexpr std::size_t payload_bytes_max = 4096;

class Checked final : public ShardSession::Effects {
public:
    void ask_entrance() override {}
    void connect(ShardSession::Connection number, const std::string& url) override {
        connection = number;
        if (url.contains("fuzz-token")) std::abort();
    }
    void send(std::string_view payload) override {
        const bool introduces =
            payload.starts_with(R"({"op":2,)") || payload.starts_with(R"({"op":6,)");
        if (!introduces && payload.contains("fuzz-token")) std::abort();
        if (++sent > SendWindow::sends_max) std::abort();  // the test's time is less than a minute
    }
    void ping() override {}
    void close(std::uint16_t) override { sent = 0; }
    void dispatch(const ShardSession::Dispatch& event) override {
        if (event.frame.size() > payload_bytes_max) std::abort();
        const auto head = read_head(event.frame);
        if (!head || !head->s || head->t != event.name) std::abort();
        if (event.name != "READY" && *head->s <= last) std::abort();
        last = *head->s;
    }
    void entered(ShardSession::State) override {}
    void lost(std::string_view) override {}
    void ended(const tutti::Error&) override {}
    void wake_at(tutti::TimePoint) override {}

    ShardSession::Connection connection = 0;
    std::size_t sent = 0;
    Sequence last = -1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const unsigned choice = data[0];
    const auto compression = static_cast<Compression>(choice % 3);
    const tutti::TimePoint now{1000s};

    Checked effects;
    InProcessIdentifyBudget budget;
    ShardSession session({.who = {.token = tutti::services::process::Secret("fuzz-token"),
                                  .intents = 1,
                                  .shard_id = 0,
                                  .shard_count = 1},
                          .compression = compression,
                          .payload_bytes_max = payload_bytes_max,
                          .random = [] { return std::uint64_t{1} << 60U; }},
                         budget, effects);
    session.start(now);
    session.entrance_answered(
        Entrance{.url = "wss://gateway.example", .starts = {.total = 1000, .remaining = 1000}},
        now);
    session.connected(effects.connection, now);
    const auto say = [&](std::string_view text) {
        session.received(effects.connection, text, now);
    };
    if (compression == Compression::none && choice >= 64) {
        say(R"({"op":10,"d":{"heartbeat_interval":41250}})");
    }
    if (compression == Compression::none && choice >= 128) {
        say(R"({"op":0,"t":"READY","s":1,"d":{"session_id":"a","resume_gateway_url":"wss://b"}})");
    }
    while (!bytes.empty()) {
        const std::size_t length = std::min<std::size_t>(
            static_cast<unsigned char>(bytes[0]) * std::size_t{8}, bytes.size() - 1);
        const auto identifies = session.figures().identifies;
        say(bytes.substr(1, length));
        bytes.remove_prefix(1 + length);
        if (session.figures().identifies > identifies + 1) std::abort();
    }
    (void)read_entrance(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
