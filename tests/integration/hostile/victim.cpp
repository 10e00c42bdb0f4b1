#include "integration/hostile/victim.hpp"

#include <sys/resource.h>

#include <chrono>
#include <thread>
#include <utility>

#include "support/redis_server.hpp"
#include "tutti/clock.hpp"

namespace tests {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;

Variables Victim::variables(ServiceKind service, const std::string& folder, std::uint16_t port,
                            Variables more) {
    const std::string nobody = "http://127.0.0.1:9";
    const char* port_name =
        service == ServiceKind::gateway ? "API_GATEWAY_PORT" : "BOT_CLIENT_PORT";
    more.insert({{"INTERNAL_SERVICE_SECRET", secret},
                 {port_name, std::to_string(port)},
                 {"GATEWAY_URL", nobody},
                 {"OPENROUTER_BASE_URL", nobody},
                 {"DISCORD_CDN_BASE_URL", nobody},
                 {"DISCORD_TOKEN", "t"},
                 {"DISCORD_API_URL", nobody + "/api"},
                 {"DATABASE_URL", "sqlite:" + folder + "/tutti.db"}});
    return more;
}

std::string Victim::path_of(ServiceKind service) {
    return service == ServiceKind::gateway ? API_GATEWAY_PROGRAM : BOT_CLIENT_PROGRAM;
}

Victim::Victim(ServiceKind service, Variables more, const Limits& limits)
    : port_(free_port()),
      discord_(service == ServiceKind::bot ? std::make_unique<PlayedDiscord>() : nullptr) {
    if (discord_) more.merge(discord_->variables());
    program_ = std::make_unique<Program>(
        path_of(service), std::vector<std::string>{},
        variables(service, folder_.file(""), port_, std::move(more)), limits);
    program_->await_err("listening on http://127.0.0.1:" + std::to_string(port_), 30s);
}

http::Response Victim::send(http::Request request) {
    auto response =
        http_.send("http://127.0.0.1:" + std::to_string(port_), request, Boottime::now() + 20s);
    if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
    return *std::move(response);
}

void Victim::await_discord() {
    EXPECT_TRUE(eventually([this] { return get("/health").status == 200; })) << get("/health").body;
}

void Victim::expect_well(std::size_t mib_max) {
    if (discord_) await_discord();
    const auto health = get("/health");
    EXPECT_EQ(health.status, 200) << health.body;
    EXPECT_LT(program_->peak_mib(), mib_max);
}

std::string Victim::head_with_secret() {
    return "POST /user/channel/activate HTTP/1.1\r\nHost: x\r\nX-Service-Auth: " +
           std::string(secret) + "\r\nX-User-Id: 100000000000000001\r\n";
}

std::string Victim::head_of_stranger() { return "POST /nowhere HTTP/1.1\r\nHost: x\r\n"; }

Peers connect(const Victim& victim, std::size_t count, std::string_view bytes) {
    Peers peers;
    for (std::size_t i = 0; i < count; ++i) {
        peers.push_back(std::make_unique<RawConnection>(victim.port()));
        EXPECT_TRUE(peers.back()->connected());
        peers.back()->send(bytes);
    }
    return peers;
}

std::size_t send_for_ever(RawConnection& peer, std::string_view piece, std::size_t bytes_max) {
    std::string block;
    while (block.size() < (256U << 10U)) block += piece;
    std::size_t sent = 0;
    while (sent < bytes_max && peer.send(block)) sent += block.size();
    return sent;
}

void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace tests
