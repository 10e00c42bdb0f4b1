#include "fleet/platform.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include <utility>

namespace tests {

using namespace std::chrono_literals;
using namespace tutti::services;
using testing::HasSubstr;
using testing::Not;
using tutti::Boottime;

Service::Service(std::string path, std::vector<std::string> arguments, Variables environment,
                 std::uint16_t port)
    : path_(std::move(path)),
      arguments_(std::move(arguments)),
      environment_(std::move(environment)),
      port_(port) {}

void Service::start() { program_ = std::make_unique<Program>(path_, arguments_, environment_); }

void Service::kill() {
    program_->signal(SIGKILL);
    program_->wait();
    before_ = written();
    program_.reset();
}

std::string Service::written() const {
    return program_ ? before_ + program_->out() + program_->err() : before_;
}

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
    return {{"INTERNAL_SERVICE_SECRET", secret},
            {"BOT_CLIENT_PORT", std::to_string(bot_ports[bot])},
            {"INSTANCE_NAME", "bot-" + std::to_string(bot + 1)},
            {"GATEWAY_URL", fronts[bot]->url()},
            {"LLM_API_KEY", model_key},
            {"REDIS_URL", redis.url()},
            {"LOG_LEVEL", "trace"}};
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

namespace {

std::string parent_member(const std::string& parent) {
    return parent.empty() ? "" : R"("parentChannelId":")" + parent + "\",";
}

}  // namespace

Platform::Message Platform::say(std::size_t bot, const std::string& channel,
                                const std::string& parent) {
    return read<Message>(send(bots[bot].url(), "POST", "/driver/message",
                              '{' + parent_member(parent) + R"("content":"hello","authorId":")" +
                                  moderator + R"(","channelId":")" + channel + "\"}"));
}

Platform::Command Platform::command(std::size_t bot, const std::string& name,
                                    const std::string& channel, const std::string& parent) {
    return read<Command>(send(bots[bot].url(), "POST", "/driver/command",
                              '{' + parent_member(parent) + R"("command":")" + name +
                                  R"(","options":{"personality":"maestro"},"userId":")" +
                                  moderator + R"(","channelId":")" + channel +
                                  R"(","guildId":"900","permissions":["MANAGE_MESSAGES"]})"));
}

bool Platform::eventually(const std::function<bool()>& holds, std::chrono::milliseconds within) {
    const auto give_up = Boottime::now() + within;
    while (!holds()) {
        if (Boottime::now() > give_up) return false;
        std::this_thread::sleep_for(10ms);
    }
    return true;
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
    }
}

}  // namespace tests
