#include "fleet/process_fleet.hpp"

#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "common/http/client.hpp"
#include "fleet/child.hpp"
#include "tutti/node.hpp"

namespace tutti::services::fleet {
namespace {

using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string>;

constexpr auto start_timeout = 20s;
constexpr auto stop_timeout = 12s;  // their own bound is 10 s

std::filesystem::path beside_this_program(const char* name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

// The children would say the same, three times and later.
Result<void> check_redis(const std::string& url) {
    auto node = Node::create(
        {.name = "fleet", .redis = url, .app = std::string(caches::app_name), .workers = 1});
    if (!node) return fail(std::move(node).error());
    return {};
}

class ProcessFleet final : public Fleet {
public:
    explicit ProcessFleet(Plan plan) : plan_(std::move(plan)) {}
    ~ProcessFleet() override { ProcessFleet::stop(); }

    [[nodiscard]] std::string description() const override {
        return std::to_string(1 + bot_count + worker_count) + " processes, Redis, " +
               plan_.database_name();
    }

    Result<void> start() {
        if (auto reachable = check_redis(*plan_.settings.redis_url); !reachable) return reachable;
        if (plan_.provider_stand_in) {
            if (auto started = start_provider(plan_.settings); !started) return started;
        }
        if (auto started = start_discord(plan_.settings); !started) return started;
        gateway_ = local_instance("api-gateway", plan_.gateway_port);
        if (auto started = run_gateway(); !started) return started;
        if (auto started = run_workers(); !started) return started;
        for (std::size_t i = 0; i < bot_count; ++i) {
            bots_.push_back(
                local_instance("bot-client-" + std::to_string(i + 1), plan_.bot_ports[i]));
        }
        for (std::size_t i = 0; i < bots_.size(); ++i) {
            auto started = run_bot(bots_[i], plan_.bot_ports[i], plan_.settings, {}, bot_clients_);
            if (!started) return started;
        }
        return await_bots(bots_, bot_clients_);
    }

    Result<std::vector<Demonstrator>> start_demonstration(
        const caches::Demonstration& demonstration) override {
        Variables variables{{"TUTTI_DEMO_CHANNEL_ACTIVATION", "local"}};
        if (demonstration.local_ttl) {
            variables["TUTTI_DEMO_TTL_MS"] = std::to_string(demonstration.local_ttl->count());
        }
        std::vector<Demonstrator> all;
        std::vector<Instance> bots;
        for (const std::uint16_t port : plan_.demonstration_ports) {
            process::Settings settings = plan_.settings;
            const auto discord = start_own_discord(settings);
            if (!discord) return fail(discord.error());
            bots.push_back(local_instance("demonstration-" + std::to_string(all.size() + 1), port));
            all.push_back({.bot = bots.back(), .discord = *discord});
            auto started = run_bot(bots.back(), port, settings, variables, demonstration_);
            if (!started) return fail(std::move(started).error());
        }
        if (auto well = await_bots(bots, demonstration_); !well) return fail(well.error());
        return all;
    }

    void stop_demonstration() override {
        stop_children(demonstration_);
        stop_own_discords();
    }

    [[nodiscard]] bool has_processes() const noexcept override { return true; }
    Result<void> kill_worker(std::size_t which) override {
        ai_workers_[which].kill();
        return {};
    }
    Result<void> start_worker(std::size_t which) override {
        auto child = run_worker(which);
        if (!child) return fail(std::move(child).error());
        ai_workers_[which] = *std::move(child);
        return await_health(workers_[which], ai_workers_[which]);
    }

    void stop() override {
        stop_demonstration();
        stop_children(bot_clients_);
        stop_children(ai_workers_);
        stop_children(api_gateway_);
        discord_stand_in_.reset();
        stand_in_.reset();
    }

private:
    using Children = std::vector<Child>;

    [[nodiscard]] Variables common_variables() const {
        return {{"INTERNAL_SERVICE_SECRET", plan_.settings.internal_service_secret.reveal()},
                {"LISTEN_ADDRESS", plan_.settings.listen_address},
                {"REDIS_URL", *plan_.settings.redis_url},
                {"GATEWAY_URL", gateway_.url}};
    }

    Result<void> run_gateway() {
        auto variables = common_variables();
        variables["DATABASE_URL"] = plan_.database_url;
        variables["OPENROUTER_BASE_URL"] = plan_.settings.openrouter_base_url;
        if (plan_.settings.discord_cdn_base_url) {
            variables["DISCORD_CDN_BASE_URL"] = *plan_.settings.discord_cdn_base_url;
        }
        variables["ATTACHMENT_DIR"] = *plan_.settings.attachment_dir;
        variables["PUBLIC_GATEWAY_URL"] = plan_.settings.public_gateway_url.value_or(gateway_.url);
        variables["API_GATEWAY_PORT"] = std::to_string(plan_.gateway_port);
        auto child = Child::start(beside_this_program("api-gateway"), variables);
        if (!child) return fail(std::move(child).error());
        api_gateway_.push_back(*std::move(child));
        return await_health(gateway_, api_gateway_.back());
    }

    Result<Child> run_worker(std::size_t which) {
        auto variables = common_variables();
        variables["OPENROUTER_BASE_URL"] = plan_.settings.openrouter_base_url;
        if (plan_.settings.discord_cdn_base_url) {
            variables["DISCORD_CDN_BASE_URL"] = *plan_.settings.discord_cdn_base_url;
        }
        variables["PUBLIC_GATEWAY_URL"] = plan_.settings.public_gateway_url.value_or(gateway_.url);
        variables["INSTANCE_NAME"] = workers_[which].name;
        variables["AI_WORKER_PORT"] = std::to_string(plan_.worker_ports[which]);
        return Child::start(beside_this_program("ai-worker"), variables);
    }

    Result<void> run_workers() {
        for (const std::uint16_t port : plan_.worker_ports) {
            workers_.push_back(
                local_instance("ai-worker-" + std::to_string(workers_.size() + 1), port));
            auto child = run_worker(workers_.size() - 1);
            if (!child) return fail(std::move(child).error());
            ai_workers_.push_back(*std::move(child));
        }
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            if (auto well = await_health(workers_[i], ai_workers_[i]); !well) return well;
        }
        return {};
    }

    Result<void> run_bot(const Instance& instance, std::uint16_t port,
                         const process::Settings& settings, const Variables& added,
                         Children& children) {
        auto variables = common_variables();
        // Of the fleet's own environment no switch leaks into the bot-clients that show how it
        // works.
        variables["TUTTI_DEMO_CHANNEL_ACTIVATION"] = "";
        variables["TUTTI_DEMO_TTL_MS"] = "";
        for (const auto& [name, value] : added) variables[name] = value;
        variables["INSTANCE_NAME"] = instance.name;
        variables["BOT_CLIENT_PORT"] = std::to_string(port);
        variables["DISCORD_API_URL"] = settings.discord_api_url;
        variables["DISCORD_TOKEN"] = settings.discord_token->reveal();
        variables["SHARD_ID"] = "0";
        variables["SHARD_COUNT"] = "1";
        auto child = Child::start(beside_this_program("bot-client"), variables);
        if (!child) return fail(std::move(child).error());
        children.push_back(*std::move(child));
        return {};
    }

    Result<void> await_bots(const std::vector<Instance>& instances, Children& children) {
        for (std::size_t i = 0; i < instances.size(); ++i) {
            if (auto well = await_health(instances[i], children[i]); !well) return well;
        }
        return {};
    }

    Result<void> await_health(const Instance& instance, Child& child) {
        const TimePoint end = Boottime::now() + start_timeout;
        while (Boottime::now() < end) {
            const auto answer = http_.send(instance.url + "/health", {}, Boottime::now() + 1s);
            if (answer && answer->ok()) return {};
            if (const auto how = child.ended()) {
                return fail(Errc::unavailable, "start " + instance.name,
                            "it ended with " + *how + "; its own message is above");
            }
            std::this_thread::sleep_for(10ms);
        }
        return fail(Errc::timeout, "start " + instance.name, "it is not healthy after 20 s");
    }

    static void stop_children(Children& children) {
        for (const Child& child : children) child.terminate();
        for (Child& child : children) child.await(stop_timeout);
        children.clear();
    }

    Plan plan_;
    http::Client http_{{.name = "fleet"}};
    Children api_gateway_;
    Children ai_workers_;
    Children bot_clients_;
    Children demonstration_;
};

}  // namespace

Result<std::unique_ptr<Fleet>> start_process_fleet(Plan plan) {
    auto fleet = std::make_unique<ProcessFleet>(std::move(plan));
    if (auto started = fleet->start(); !started) return fail(std::move(started).error());
    return fleet;
}

}  // namespace tutti::services::fleet
