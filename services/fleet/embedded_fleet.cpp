#include "fleet/embedded_fleet.hpp"

#include <utility>

#include "ai-worker/ai_worker.hpp"
#include "api-gateway/gateway.hpp"
#include "bot-client/bot_client.hpp"
#include "common/jobs/deliveries.hpp"

namespace tutti::services::fleet {
namespace {

class EmbeddedFleet final : public Fleet {
public:
    explicit EmbeddedFleet(Plan plan) : plan_(std::move(plan)) {}
    ~EmbeddedFleet() override { EmbeddedFleet::stop(); }

    [[nodiscard]] std::string description() const override {
        return std::string("one process, embedded hub, ") + plan_.database_name();
    }

    Result<void> start() {
        if (plan_.provider_stand_in) {
            if (auto started = start_provider(plan_.settings); !started) return started;
        }
        if (auto started = start_discord(plan_.settings); !started) return started;
        if (auto started = start_gateway(); !started) return started;
        if (auto started = start_workers(); !started) return started;
        for (std::size_t i = 0; i < bot_count; ++i) {
            auto options =
                bot_options("bot-client-" + std::to_string(i + 1), plan_.bot_ports[i], {});
            bots_.push_back(local_instance(options.name, options.port));
            if (auto started = start_bot(options, bot_clients_); !started) return started;
        }
        for (const Instance& bot : bots_) {
            if (auto well = await_health(bot); !well) return well;
        }
        return {};
    }

    Result<std::vector<Demonstrator>> start_demonstration(
        const caches::Demonstration& demonstration) override {
        std::vector<Demonstrator> all;
        for (const std::uint16_t port : plan_.demonstration_ports) {
            process::Settings settings = plan_.settings;
            auto discord = start_own_discord(settings);
            if (!discord) return fail(std::move(discord).error());
            auto options =
                bot_options("demonstration-" + std::to_string(all.size() + 1), port, demonstration);
            options.discord_api_url = settings.discord_api_url;
            options.discord_token = *settings.discord_token;
            options.deliveries.reset();  // its Discord is not where replies belong
            auto started = start_bot(options, demonstration_);
            if (!started) return fail(std::move(started).error());
            all.push_back({.bot = local_instance(options.name, port), .discord = *discord});
            if (auto well = await_health(all.back().bot); !well) return fail(well.error());
        }
        return all;
    }

    void stop_demonstration() override {
        demonstration_.clear();
        stop_own_discords();
    }

    void stop() override {
        stop_demonstration();
        bot_clients_.clear();
        ai_workers_.clear();
        api_gateway_.reset();
        discord_stand_in_.reset();
        stand_in_.reset();
    }

private:
    using BotClients = std::vector<std::unique_ptr<bot::BotClient>>;

    Result<void> start_gateway() {
        auto options = gateway::Gateway::Options::from(plan_.settings);
        options.port = plan_.gateway_port;
        options.hub = hub_;
        options.queue = queue_;
        if (!plan_.settings.public_gateway_url) {
            options.public_url = local_instance("api-gateway", plan_.gateway_port).url;
        }
        auto gateway = gateway::Gateway::start(options);
        if (!gateway) return fail(std::move(gateway).error());
        api_gateway_ = *std::move(gateway);
        gateway_ = local_instance("api-gateway", api_gateway_->port());
        return {};
    }

    Result<void> start_workers() {
        auto settings = plan_.settings;
        settings.gateway_url = gateway_.url;
        auto options = worker::AiWorker::Options::from(settings);
        options.node.hub = hub_;
        options.source = queue_;
        for (const std::uint16_t port : plan_.worker_ports) {
            options.node.name = "ai-worker-" + std::to_string(workers_.size() + 1);
            options.port = port;
            auto worker = worker::AiWorker::start(options);
            if (!worker) return fail(std::move(worker).error());
            workers_.push_back(local_instance(options.node.name, (*worker)->port()));
            ai_workers_.push_back(*std::move(worker));
        }
        return {};
    }

    [[nodiscard]] bot::BotClient::Options bot_options(
        std::string name, std::uint16_t port, const caches::Demonstration& demonstration) const {
        const process::Settings& settings = plan_.settings;
        return {.name = std::move(name),
                .address = settings.listen_address,
                .port = port,
                .gateway_url = gateway_.url,
                .secret = settings.internal_service_secret,
                .redis_url = {},
                .hub = hub_,
                .deliveries = deliveries_,
                .discord_token = settings.discord_token.value_or(process::Secret{}),
                .discord_api_url = settings.discord_api_url,
                .gateway_interactive = settings.gateway_interactive,
                .gateway_background = settings.gateway_background,
                .demonstration = demonstration};
    }

    static Result<void> start_bot(const bot::BotClient::Options& options, BotClients& bots) {
        auto bot = bot::BotClient::start(options);
        if (!bot) return fail(std::move(bot).error());
        bots.push_back(*std::move(bot));
        return {};
    }

    Plan plan_;
    std::shared_ptr<EmbeddedHub> hub_ = EmbeddedHub::create();
    std::shared_ptr<jobs::InProcessJobQueue> deliveries_ =
        std::make_shared<jobs::InProcessJobQueue>(jobs::deliveries_in_process());
    std::shared_ptr<jobs::InProcessJobQueue> queue_ = std::make_shared<jobs::InProcessJobQueue>(
        jobs::InProcessJobQueue::Options{.deliveries = deliveries_});
    std::unique_ptr<gateway::Gateway> api_gateway_;
    std::vector<std::unique_ptr<worker::AiWorker>> ai_workers_;
    BotClients bot_clients_;
    BotClients demonstration_;
};

}  // namespace

Result<std::unique_ptr<Fleet>> start_embedded_fleet(Plan plan) {
    auto fleet = std::make_unique<EmbeddedFleet>(std::move(plan));
    if (auto started = fleet->start(); !started) return fail(std::move(started).error());
    return fleet;
}

}  // namespace tutti::services::fleet
