// What a bot does for every message and every keystroke, with everything in memory: the message
// chain of a channel that is not activated (1000 warm channels), and the choices of a list of 100
// (500 warm users). And what the gateway does for one model: the catalogue of 300 in memory, and
// one of them found by its id. Against the same path in Node with lru-cache and an ioredis
// subscriber (peers/decisions.mjs; needs `npm ci` in peers/), in the same run, on one redis-server.
// One thread each; the reading of the clock is included.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/statistics.hpp"
#include "bot-client/autocomplete.hpp"
#include "bot-client/message_chain.hpp"
#include "common/caches/catalogue.hpp"
#include "support/line_process.hpp"
#include "support/redis_server.hpp"
#include "tutti/clock.hpp"
#include "tutti/node.hpp"

namespace {

using namespace tutti;
using namespace tutti::services;

constexpr std::size_t messages = 200'000;
constexpr std::size_t keystrokes = 10'000;
constexpr std::size_t lookups = 10'000;
constexpr std::size_t models_in_catalogue = 300;
constexpr int rounds = 5;

struct Figures {
    double decisions_a_second = 0;
    double p50 = 0;  // microseconds
    double p99 = 0;
    double keystroke_p50 = 0;
    double keystroke_p99 = 0;
    double lookup_p50 = 0;
    double lookup_p99 = 0;
};

class Silent final : public bot::ReplySink, public bot::PersonalityHandler {
public:
    Result<void> send(bot::BotReply /*reply*/) override { return {}; }
    Result<std::string> handle(const bot::Turn& /*turn*/) override { return "llm-1"; }
};

std::vector<domain::PersonalitySummary> list_of_100() {
    std::vector<domain::PersonalitySummary> list(100);
    for (std::size_t n = 0; n < list.size(); ++n) {
        list[n].id = "id-" + std::to_string(n);
        list[n].name = "Personality " + std::to_string(n);
        list[n].slug = "personality-" + std::to_string(n);
        list[n].is_public = true;
    }
    return list;
}

std::string model_id(std::size_t n) {
    return "provider/model-" + std::to_string(n % models_in_catalogue);
}

domain::ModelCatalogue catalogue() {
    domain::ModelCatalogue models(models_in_catalogue);
    for (std::size_t n = 0; n < models.size(); ++n) {
        models[n].id = model_id(n);
        models[n].name = "Model " + std::to_string(n);
    }
    return models;
}

class Bot {
public:
    explicit Bot(const std::string& redis)
        : node_(Node::create({.name = "bench", .redis = redis, .app = "bench"}).value()),
          activations_(
              caches::declare_channel_activations(*node_, {},
                                                  [](const std::string&, LoadContext&) {
                                                      return domain::GetChannelActivationResponse{};
                                                  })),
          lists_(caches::declare_personality_lists(
              *node_, [](const std::string&, LoadContext&) { return list_of_100(); })),
          models_(caches::declare_models(
              *node_, [](const std::string&, LoadContext&) { return catalogue(); })),
          chain_(processors()),
          autocomplete_({.personalities = [this](const std::string& id) { return lists_.get(id); },
                         .personas = {},
                         .global_configs = {}},
                        std::nullopt) {
        node_->start().value();
        for (std::size_t n = 0; n < 1000; ++n) decide(n);
        for (std::size_t n = 0; n < 500; ++n) type(n);
        look_up(0);
    }

    void decide(std::size_t n) {
        message_.channel_id = std::to_string(n % 1000);
        if (!chain_.run(message_, silent_).handled_by.empty()) throw std::logic_error("handled");
    }
    void type(std::size_t n) {
        const auto chosen = autocomplete_.choose({.command = "channel activate",
                                                  .option = "personality",
                                                  .text = "y " + std::to_string(n % 10),
                                                  .user_id = std::to_string(n % 500)});
        if (chosen.choices.empty()) throw std::logic_error("nothing to choose");
    }

    void look_up(std::size_t n) {
        const auto found = models_.get(caches::models_key).value();
        const auto model = std::ranges::find(*found, model_id(n), &domain::CatalogueModel::id);
        if (model == found->end()) throw std::logic_error("no such model");
    }

private:
    std::vector<std::unique_ptr<bot::MessageProcessor>> processors() {
        std::vector<std::unique_ptr<bot::MessageProcessor>> all;
        all.push_back(std::make_unique<bot::BotAuthorFilter>());
        all.push_back(std::make_unique<bot::EmptyMessageFilter>());
        all.push_back(std::make_unique<bot::ActivatedChannel>(bot::ActivatedChannel::Parts{
            .activation = [this](const std::string& id) { return activations_.get(id); },
            .personality = {},
            .notices = caches::declare_notification_cooldown(*node_),
            .handler = silent_}));
        return all;
    }

    Silent silent_;
    std::unique_ptr<Node> node_;
    caches::ChannelActivations activations_;
    caches::PersonalityLists lists_;
    caches::Models models_;
    bot::MessageChain chain_;
    bot::Autocomplete autocomplete_;
    bot::Message message_{.author_id = "200",
                          .channel_id = "",
                          .content = "hello",
                          .attachments = {},
                          .voice_transcript = "",
                          .forwarded = {}};
};

// Per second, p50, p99.
std::array<double, 3> measure(std::size_t count, const std::function<void(std::size_t)>& call) {
    std::vector<double> took(count);
    const TimePoint begun = Boottime::now();
    for (std::size_t n = 0; n < count; ++n) {
        const TimePoint from = Boottime::now();
        call(n);
        took[n] = std::chrono::duration<double, std::micro>(Boottime::now() - from).count();
    }
    const double seconds = std::chrono::duration<double>(Boottime::now() - begun).count();
    return {static_cast<double>(count) / seconds, bench::percentile(took, 0.5),
            bench::percentile(took, 0.99)};
}

Figures measure_tutti(Bot& bot) {
    const auto decisions = measure(messages, [&](std::size_t n) { bot.decide(n); });
    const auto typed = measure(keystrokes, [&](std::size_t n) { bot.type(n); });
    const auto looked_up = measure(lookups, [&](std::size_t n) { bot.look_up(n); });
    return {decisions[0], decisions[1], decisions[2], typed[1],
            typed[2],     looked_up[1], looked_up[2]};
}

Figures measure_node(tests::LineProcess& peer) {
    peer.write(std::to_string(messages) + ' ' + std::to_string(keystrokes) + ' ' +
               std::to_string(lookups));
    std::istringstream line(peer.read(std::chrono::minutes{1}));
    Figures f;
    line >> f.decisions_a_second >> f.p50 >> f.p99 >> f.keystroke_p50 >> f.keystroke_p99 >>
        f.lookup_p50 >> f.lookup_p99;
    return f;
}

void print(const char* who, const Figures& f) {
    std::printf("  %-10s %12.0f %10.2f %10.2f %14.2f %14.2f %11.2f %11.2f\n", who,
                f.decisions_a_second, f.p50, f.p99, f.keystroke_p50, f.keystroke_p99, f.lookup_p50,
                f.lookup_p99);
}

}  // namespace

int main() {
    tests::RedisServer redis;
    Bot bot(redis.url());
    std::unique_ptr<tests::LineProcess> peer;
    if (std::filesystem::exists(TUTTI_PEERS "/node_modules")) {
        peer = std::make_unique<tests::LineProcess>(
            std::vector<std::string>{"node", TUTTI_PEERS "/decisions.mjs", redis.url()});
        (void)peer->read();  // it is ready
    } else {
        std::printf("Node is left out: run `npm ci` in bench/peers first\n");
    }
    std::printf("  %-10s %12s %10s %10s %14s %14s %11s %11s\n", "", "decisions/s", "p50 us",
                "p99 us", "keystroke p50", "keystroke p99", "model p50", "model p99");
    // In turns, so that neither has the quieter machine.
    for (int round = 0; round < rounds; ++round) {
        print("tutti", measure_tutti(bot));
        if (peer) print("node", measure_node(*peer));
    }
    return 0;
}
