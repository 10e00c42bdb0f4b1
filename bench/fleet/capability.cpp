// A worker's look-up of whether a model takes pictures, found in memory: 300 models of a list that
// a gateway keeps in Redis, every third asked for as its free variant. Against the same path in
// Node, a Map of 5 minutes over the same key (peers/capability.mjs; needs `npm ci` in peers/), in
// the same run, in turns. One thread each; the reading of the clock is included.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "ai-worker/capability/model_capability.hpp"
#include "bench/statistics.hpp"
#include "common/caches/catalogue.hpp"
#include "support/line_process.hpp"
#include "support/redis_server.hpp"
#include "tutti/clock.hpp"
#include "tutti/node.hpp"

namespace {

using namespace tutti;
using namespace tutti::services;

constexpr std::size_t models = 300;
constexpr std::size_t lookups = 200'000;
constexpr int rounds = 9;

struct Figures {
    std::vector<double> rate{};
    std::vector<double> p50{};  // nanoseconds
    std::vector<double> p99{};
};

domain::ModelCatalogue catalogue() {
    domain::ModelCatalogue list(models);
    for (std::size_t n = 0; n < models; ++n) {
        list[n].id = "provider/model-" + std::to_string(n);
        list[n].architecture.input_modalities = {"text"};
        if (n % 2 == 0) list[n].architecture.input_modalities.emplace_back("image");
    }
    return list;
}

class Worker {
public:
    explicit Worker(const std::string& redis)
        : gateway_(Node::create(
                       {.name = "gateway", .redis = redis, .app = std::string(caches::app_name)})
                       .value()),
          list_(caches::declare_models(
              *gateway_, [](const std::string&, LoadContext&) { return catalogue(); })),
          node_(
              Node::create({.name = "worker", .redis = redis, .app = std::string(caches::app_name)})
                  .value()),
          capability_(caches::declare_model_capabilities(*node_)) {
        gateway_->start().value();
        node_->start().value();
        (void)list_.get(caches::models_key).value();
        for (std::size_t n = 0; n < models; ++n) {
            ids_.push_back("provider/model-" + std::to_string(n) + (n % 3 == 0 ? ":free" : ""));
            if (capability_.supports_vision(ids_[n]) != (n % 2 == 0)) std::abort();
        }
    }

    void measure(Figures& figures) const {
        std::vector<double> took(lookups);
        const TimePoint begun = Boottime::now();
        for (std::size_t n = 0; n < lookups; ++n) {
            const TimePoint from = Boottime::now();
            if (capability_.supports_vision(ids_[n % models]) != (n % models % 2 == 0)) {
                std::abort();
            }
            took[n] = std::chrono::duration<double, std::nano>(Boottime::now() - from).count();
        }
        const std::chrono::duration<double> all = Boottime::now() - begun;
        figures.rate.push_back(lookups / all.count());
        figures.p50.push_back(bench::percentile(took, 0.5));
        figures.p99.push_back(bench::percentile(took, 0.99));
    }

private:
    std::unique_ptr<Node> gateway_;
    caches::Models list_;
    std::unique_ptr<Node> node_;
    worker::capability::ModelCapability capability_;
    std::vector<std::string> ids_;
};

void measure(tests::LineProcess& node, Figures& figures) {
    node.write(std::to_string(lookups));
    std::istringstream line(node.read(std::chrono::minutes{1}));
    double rate = 0;
    double p50 = 0;
    double p99 = 0;
    line >> rate >> p50 >> p99;
    figures.rate.push_back(rate);
    figures.p50.push_back(p50);
    figures.p99.push_back(p99);
}

void print(const char* what, const std::vector<double>& ours, const std::vector<double>& theirs) {
    const double a = bench::percentile(ours, 0.5);
    std::printf("  %-18s %10.0f", what, a);
    if (!theirs.empty()) {
        const double b = bench::percentile(theirs, 0.5);
        std::printf(" %10.0f   tutti / node %.2f", b, a / b);
    }
    std::printf("\n");
}

}  // namespace

int main() {
    tests::RedisServer redis;
    const Worker worker(redis.url());
    std::unique_ptr<tests::LineProcess> node;
    if (std::filesystem::exists(TUTTI_PEERS "/node_modules")) {
        node = std::make_unique<tests::LineProcess>(
            std::vector<std::string>{"node", TUTTI_PEERS "/capability.mjs", redis.url()});
        (void)node->read();  // it is ready
    } else {
        std::printf("Node is left out: run `npm ci` in bench/peers first\n");
    }
    Figures ours;
    Figures theirs;
    for (int round = 0; round < rounds; ++round) {
        worker.measure(ours);
        if (node) measure(*node, theirs);
    }
    std::printf("medians of %d rounds in turns: tutti, node\n", rounds);
    print("look-ups a second", ours.rate, theirs.rate);
    print("p50, ns", ours.p50, theirs.p50);
    print("p99, ns", ours.p99, theirs.p99);
    return 0;
}
