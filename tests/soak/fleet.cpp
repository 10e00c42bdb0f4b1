#include "soak/fleet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "common/http/message.hpp"
#include "soak/fleet_size.hpp"
#include "soak/story.hpp"
#include "support/played_discord.hpp"
#include "support/postgres_server.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/service.hpp"
#include "tutti/clock.hpp"

namespace tests::soak {

namespace {

using namespace std::chrono_literals;
namespace http = tutti::services::http;
using tutti::Boottime;

constexpr auto start_patience = 60s;
constexpr const char* secret = "the-secret-of-the-soak";
// Of Discord's servers: the number above the first 22 bits decides the shard.
constexpr std::uint64_t first_guild = 1'000;

std::string guild_of_shard(std::size_t shard) {
    return std::to_string((first_guild + shard) << 22U);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream from(text);
    for (std::string line; std::getline(from, line);) lines.push_back(line);
    return lines;
}

}  // namespace

PlayedFleet::PlayedFleet(std::filesystem::path folder)
    // What is written survives the death of a process, if not that of the machine.
    : redis({.config = {"appendonly yes", "appendfsync no"}, .password = {}}),
      redis_link(redis.port()),
      postgres_link(postgres.port()),
      folder_(std::move(folder)) {
    make_stand_ins();
    make_services();
    for (Member* const member : services()) member->start();
    await("everything is ready", [this] { return !not_ready(); });
}

std::unique_ptr<PlayedFleet::Member> PlayedFleet::make(std::string name, const char* program,
                                                       std::vector<std::string> arguments,
                                                       const Variables& variables,
                                                       std::uint16_t port) const {
    auto service = Service(program, std::move(arguments), variables, port, folder_ / "logs" / name);
    return std::make_unique<Member>(std::move(name), std::move(service));
}

void PlayedFleet::make_stand_ins() {
    const auto discord_port = free_port();
    const auto discord_gateway_port = free_port();
    discord_link.emplace(discord_port);
    discord_gateway_link.emplace(discord_gateway_port);
    discord_stand_in =
        make("discord-stand-in", DISCORD_STAND_IN_PROGRAM,
             {"--port", std::to_string(discord_port), "--gateway-port",
              std::to_string(discord_gateway_port), "--gateway-url",
              "ws://127.0.0.1:" + std::to_string(discord_gateway_link->port()), "--guilds", "0",
              "--shards", std::to_string(shard_count), "--max-concurrency", "16",
              "--identify-every-ms", "1000", "--heartbeat-ms", "5000"},
             {{"DISCORD_TOKEN", token_}}, discord_port);
    const auto provider_port = free_port();
    provider = make(
        "provider-stand-in", PROVIDER_STAND_IN_PROGRAM,
        {"--port", std::to_string(provider_port), "--journal", (folder_ / "paid-calls").string()},
        {}, provider_port);
    discord_stand_in->start();
    provider->start();
    played_ = std::make_unique<PlayedDiscord>(discord_stand_in->service.url(), token_);
    const auto answers = [this](const Member& member, const char* path) {
        return send(member.service.url(), "GET", path).status == 200;
    };
    await("the stand-ins answer", [&] {
        return answers(*discord_stand_in, "/control/world") && answers(*provider, "/calls");
    });
    for (std::size_t shard = 0; shard < shard_count; ++shard) {
        played_->add_guild(guild_of_shard(shard));
    }
    played_->add_user(user);
    for (std::size_t channel = 0; channel < channel_count; ++channel) {
        played_->open(std::to_string(channel + 1), "", guild_of_shard(channel % shard_count));
    }
}

Variables PlayedFleet::common(std::size_t which) const {
    const bool is_second_half = which % 2 == 1;
    return {{"INTERNAL_SERVICE_SECRET", secret},
            {"GATEWAY_URL", url_of_gateway(which % gateway_count)},
            {"OPENROUTER_BASE_URL", provider->service.url()},
            {"DISCORD_CDN_BASE_URL", provider->service.url()},
            {"DISCORD_API_URL",
             "http://127.0.0.1:" + std::to_string(discord_link->port()) + "/api/v10"},
            {"DISCORD_TOKEN", token_},
            {"BOT_OWNER_ID", owner},
            {"JOB_LEASE_SECONDS", "5"},
            {"SHARD_LEASE_SECONDS", "5"},
            {"LOG_LEVEL", "debug"},
            {"REDIS_URL", "redis://127.0.0.1:" +
                              std::to_string(is_second_half ? redis_link.port() : redis.port())}};
}

void PlayedFleet::make_services() {
    for (std::size_t i = 0; i < gateway_count; ++i) gateway_ports_.push_back(free_port());
    const auto add = [&](std::vector<std::unique_ptr<Member>>& to, const std::string& name,
                         const char* program, const char* port_variable, Variables variables,
                         std::uint16_t port) {
        variables.insert({{"INSTANCE_NAME", name}, {port_variable, std::to_string(port)}});
        to.push_back(make(name, program, {}, variables, port));
    };
    for (std::size_t i = 0; i < gateway_count; ++i) {
        Variables variables = common(i);
        variables.insert({{"DATABASE_URL", PostgresServer::url(i % 2 == 1 ? postgres_link.port()
                                                                          : postgres.port())},
                          {"ATTACHMENT_DIR", (folder_ / "attachments").string()},
                          {"PUBLIC_GATEWAY_URL", url_of_gateway(i)}});
        add(gateways, "gateway-" + std::to_string(i + 1), API_GATEWAY_PROGRAM, "API_GATEWAY_PORT",
            variables, gateway_ports_[i]);
    }
    for (std::size_t i = 0; i < worker_count; ++i) {
        add(workers, "worker-" + std::to_string(i + 1), AI_WORKER_PROGRAM, "AI_WORKER_PORT",
            common(i), free_port());
    }
    for (std::size_t i = 0; i < bot_count; ++i) {
        add(bots, "bot-" + std::to_string(i + 1), BOT_CLIENT_PROGRAM, "BOT_CLIENT_PORT", common(i),
            free_port());
    }
}

void PlayedFleet::await(const std::string& what, const std::function<bool()>& holds) const {
    const auto end = Boottime::now() + start_patience;
    while (!holds()) {
        if (Boottime::now() > end) throw std::runtime_error("it does not come about: " + what);
        std::this_thread::sleep_for(20ms);
    }
}

http::Response PlayedFleet::send(const std::string& url, const char* method,
                                 const std::string& path, const std::string& body,
                                 const char* as_user) {
    http::Request request{.method = method, .path = path, .body = body};
    request.headers.set("X-Service-Auth", secret);
    if (path == "/metrics") request.headers.set("Accept", "text/plain");  // as Prometheus does
    if (*as_user != '\0') request.headers.set("X-User-Id", as_user);
    auto response = http_.send(url, request, Boottime::now() + 5s);
    if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
    return *std::move(response);
}

std::vector<PlayedFleet::Member*> PlayedFleet::services() {
    std::vector<Member*> all;
    for (auto* const kind : {&gateways, &workers, &bots}) {
        for (const auto& member : *kind) all.push_back(member.get());
    }
    return all;
}

std::vector<PlayedFleet::Member*> PlayedFleet::members() {
    std::vector<Member*> all = services();
    all.push_back(discord_stand_in.get());
    all.push_back(provider.get());
    return all;
}

std::optional<std::size_t> PlayedFleet::sample(const Member& member, const std::string& name) {
    const auto answer = send(member.service.url(), "GET", "/metrics");
    if (answer.status != 200) return std::nullopt;
    const std::size_t found = answer.body.find('\n' + name + ' ');
    if (found == std::string::npos) return 0;
    return std::stoul(answer.body.substr(found + name.size() + 2));
}

std::optional<std::string> PlayedFleet::not_ready() {
    for (const Member* const member : services()) {
        const auto health = send(member->service.url(), "GET", "/health");
        if (health.status != 200 || !health.body.contains(R"("ready":true)")) {
            return member->name + ": " + health.body;
        }
    }
    std::size_t live = 0;
    for (const auto& bot : bots) live += sample(*bot, "tutti_discord_shards_live").value_or(0);
    if (live == shard_count) return std::nullopt;
    return std::to_string(live) + " of " + std::to_string(shard_count) + " shards are live";
}

std::vector<Memory> PlayedFleet::memory() const {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    std::vector<Memory> all;
    for (const auto* const kind : {&gateways, &workers, &bots}) {
        for (const auto& member : *kind) {
            if (!member->service.runs()) continue;
            all.push_back({.process = member->name,
                           .life = member->life,
                           .at = now,
                           .kib = member->service.resident_kib()});
        }
    }
    return all;
}

// A model that answers with a failure bills nothing.
std::vector<PaidCall> PlayedFleet::paid() const {
    std::vector<PaidCall> all;
    std::ifstream journal(folder_ / "paid-calls");
    for (std::string line; std::getline(journal, line);) {
        const auto call = boost::json::parse(line);
        const auto text = [&](const char* name) {
            return std::string(call.at(name).get_string().c_str());
        };
        const std::string answer = text("answer");
        const bool is_billed =
            answer == "well" || answer == "cut" || answer == "stall" || answer == "pieces";
        if (is_billed) all.push_back({.kind = text("kind"), .about = text("about")});
    }
    return all;
}

std::map<std::string, std::size_t> PlayedFleet::queues() {
    std::map<std::string, std::size_t> lengths;
    try {
        for (const char* const stream : {"ai-requests", "job-results"}) {
            lengths[stream] = std::stoul(redis.command({"XLEN", stream}));
        }
        lengths["tutti_outbox"] = std::stoul(postgres.query("SELECT count(*) FROM tutti_outbox"));
    } catch (const std::exception&) {
        return {};
    }
    return lengths;
}

// An entry is an id, and names and values: XRANGE as a list of lines.
std::set<std::string> PlayedFleet::dead_replies() {
    std::set<std::string> messages;
    const auto lines = lines_of(redis.command({"XRANGE", "job-results:dead", "-", "+"}));
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
        if (lines[i] != "jobId") continue;
        messages.insert(redis.command({"HGET", "job-results:job:" + lines[i + 1], "reference"}));
    }
    return messages;
}

std::set<std::string> PlayedFleet::undecided() const {
    static const std::regex line("message ([0-9]+) passes on undecided");
    std::set<std::string> messages;
    for (const auto& bot : bots) {
        std::ifstream log(folder_ / "logs" / bot->name / "err");
        for (std::string text; std::getline(log, text);) {
            std::smatch found;
            if (std::regex_search(text, found, line)) messages.insert(found[1]);
        }
    }
    return messages;
}

std::vector<std::string> PlayedFleet::crashes() {
    std::vector<std::string> all;
    for (Member* const member : members()) {
        if (member->is_away || member->service.runs()) continue;
        all.push_back(member->name + " has ended by itself");
        member->is_away = true;  // said once
    }
    return all;
}

std::vector<std::string> PlayedFleet::end() {
    std::vector<std::string> bad;
    for (auto* const kind : {&bots, &workers, &gateways}) {
        for (const auto& member : *kind) {
            if (member->is_away) continue;
            member->is_away = true;
            if (!member->service.runs()) {
                bad.push_back(member->name + " has ended by itself");
                continue;
            }
            const int code = member->service.end();
            if (code != 0) bad.push_back(member->name + " ended with " + std::to_string(code));
        }
    }
    return bad;
}

void PlayedFleet::keep_evidence() const {
    std::ofstream said(folder_ / "messages");
    for (std::size_t channel = 1; channel <= channel_count; ++channel) {
        said << played_->control("GET", "/messages?by=all&channelId=" + std::to_string(channel))
             << '\n';
    }
    std::error_code ignored;
    std::filesystem::copy_file(redis.folder() / "log", folder_ / "logs" / "redis", ignored);
}

}  // namespace tests::soak
