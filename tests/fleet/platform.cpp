#include "fleet/platform.hpp"

#include <gmock/gmock.h>

#include <utility>

#include "tutti/inventory.hpp"

namespace tests {

using namespace std::chrono_literals;
using namespace tutti::services;
using ::testing::HasSubstr;
using ::testing::Not;
using tutti::Boottime;

namespace {

std::vector<std::string> with_password(std::vector<std::string> config, const char* password) {
    config.push_back(std::string("requirepass ") + password);
    return config;
}

std::array<std::shared_ptr<PlayedDiscord>, 2> make_discords(bool one_each) {
    const auto first = std::make_shared<PlayedDiscord>();
    return {first, one_each ? std::make_shared<PlayedDiscord>() : first};
}

}  // namespace

Platform::Platform(std::vector<std::string> redis_config, Discords kind)
    : redis({.config = with_password(std::move(redis_config), redis_password),
             .password = redis_password}),
      discords(make_discords(kind == Discords::one_each)) {}

Variables Platform::gateway_variables(std::uint16_t port, const std::string& name) const {
    return {{"INTERNAL_SERVICE_SECRET", secret},
            {"API_GATEWAY_PORT", std::to_string(port)},
            {"INSTANCE_NAME", name},
            {"BOT_OWNER_ID", bot_owner},
            {"OPENROUTER_BASE_URL", "http://127.0.0.1:" + std::to_string(provider_port)},
            {"DISCORD_CDN_BASE_URL", "http://127.0.0.1:" + std::to_string(provider_port)},
            {"ATTACHMENT_DIR", folder.file("attachments")},
            {"PUBLIC_GATEWAY_URL", "http://127.0.0.1:" + std::to_string(port)},
            {"DATABASE_URL", postgres.url()},
            {"REDIS_URL", redis.url()},
            {"LOG_LEVEL", "trace"}};
}

Variables Platform::bot_variables(std::size_t bot) const {
    Variables variables = discords[bot]->variables();
    variables.insert({{"INTERNAL_SERVICE_SECRET", secret},
                      {"BOT_CLIENT_PORT", std::to_string(bot_ports[bot])},
                      {"INSTANCE_NAME", "bot-" + std::to_string(bot + 1)},
                      {"GATEWAY_URL", fronts[bot]->url()},
                      {"JOB_LEASE_SECONDS", "3"},
                      {"REDIS_URL", redis.url()},
                      {"LOG_LEVEL", "trace"}});
    return variables;
}

void Platform::SetUp() {
    provider.start();
    for (Service& gateway : gateways) gateway.start();
    for (const Service& gateway : gateways) await_health(gateway, 200, R"("ready":true)");
    for (Service& bot : bots) bot.start();
    await_all_ready();
    ASSERT_TRUE(eventually([this] { return get(provider, "/calls").status == 200; }));
    // A service answers just before it says so; `expect_no_secret` wants its log.
    for (const Service* service : {&gateways[0], &gateways[1], &bots[0], &bots[1]}) {
        ASSERT_TRUE(eventually([&] { return service->written().contains("listen"); }));
    }
}

http::Response Platform::send(const std::string& url, const char* method, const std::string& path,
                              std::string body, const char* user) {
    http::Request request{.method = method, .path = path, .body = std::move(body)};
    request.headers.set("X-Service-Auth", secret);
    if (path == "/metrics") request.headers.set("Accept", "text/plain");  // as Prometheus does
    if (*user != '\0') request.headers.set("X-User-Id", user);
    auto response = http.send(url, request, Boottime::now() + 20s);
    if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
    return *std::move(response);
}

void Platform::open(const std::string& channel, const std::string& parent) {
    for (const auto& discord : discords) {
        if (!parent.empty()) discord->open(parent);
        discord->open(channel, parent);
    }
}

std::size_t Platform::sample(const Service& service, const std::string& name) {
    const std::string body = get(service, "/metrics").body;
    const std::size_t found = body.find('\n' + name + ' ');
    return found == std::string::npos ? 0 : std::stoul(body.substr(found + name.size() + 2));
}

std::size_t Platform::hits_of(std::size_t bot) {
    const auto rows = tutti::parse_inventory(get(bots[bot], "/audit").body);
    if (!rows) return 0;
    for (const auto& row : *rows) {
        if (row.declaration.name == "channel-activation") return row.counters.hits;
    }
    return 0;
}

Platform::Heard Platform::say(std::size_t bot, const std::string& channel,
                              const std::string& parent) {
    open(channel, parent);
    const std::size_t asked = fronts[bot]->count("POST /ai/generate");
    const std::size_t hits = hits_of(bot);
    const std::size_t heard = heard_by(bot);
    discords[bot]->say(channel, "hello");
    EXPECT_TRUE(eventually([&] { return heard_by(bot) > heard; }));
    return {.handled = fronts[bot]->count("POST /ai/generate") > asked,
            .from_memory = hits_of(bot) > hits};
}

Platform::Command Platform::command(std::size_t bot, const std::string& name,
                                    const std::string& channel, const std::string& parent) {
    open(channel, parent);
    const bool names_one = name == "channel activate";
    return discords[bot]->command(
        name, names_one ? R"({"name":"personality","type":3,"value":"maestro"})" : "", channel);
}

void Platform::await_health(const Service& service, int status, const std::string& text) {
    http::Response last;
    EXPECT_TRUE(eventually([&] {
        last = get(service, "/health");
        return last.status == status && last.body.contains(text);
    })) << "wanted "
        << status << ' ' << text << ", got " << last.status << ' ' << last.body
        << service.written();
}

void Platform::await_all_ready() {
    for (const Service& gateway : gateways) {
        await_health(gateway, 200, R"("status":"healthy")");
        await_health(gateway, 200, R"("ready":true)");
    }
    for (const Service& bot : bots) await_health(bot, 200, R"("ready":true)");
}

void Platform::expect_no_secret() const {
    for (const Service* service : {&gateways[0], &gateways[1], &bots[0], &bots[1]}) {
        const std::string written = service->written();
        EXPECT_THAT(written, HasSubstr("listen")) << "what is searched is its log";
        for (const char* hidden :
             {secret, redis_password, PostgresServer::password, model_key, user_key}) {
            EXPECT_THAT(written, Not(HasSubstr(hidden)));
        }
        for (const auto& discord : discords) {
            EXPECT_THAT(written, Not(HasSubstr(discord->token())));
        }
    }
}

}  // namespace tests
