// A message from POST /ai/generate until its reply can be read from the stream of results, over
// HTTP and Redis, with a model that answers at once: a gateway and a worker of ours, and the same
// path in Node (peers/reply.mjs; needs `npm ci` in peers/), with the same stand-in and
// redis-server, in the same run, in turns. One message after the other; and the model alone, asked
// as the worker asks it.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "ai-worker/ai_worker.hpp"
#include "api-gateway/gateway.hpp"
#include "bench/statistics.hpp"
#include "common/http/client.hpp"
#include "common/process/settings.hpp"
#include "common/redis/client.hpp"
#include "provider-stand-in/stand_in.hpp"
#include "support/line_process.hpp"
#include "support/redis_server.hpp"
#include "support/temporary_folder.hpp"
#include "tutti/clock.hpp"

namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;

constexpr const char* secret = "the-secret-of-the-bench";
constexpr int messages_a_round = 150;
constexpr int warm_up = 30;
constexpr int rounds = 7;

struct Way {
    std::string url;
    std::string stream;  // of results
    std::string last_read = "0-0";
    std::vector<double> p50{};  // microseconds
    std::vector<double> p99{};
};

class Bench {
public:
    Bench() {
        process::Settings settings;
        settings.redis_url = redis_.url();
        settings.openrouter_base_url = model_->url();
        settings.internal_service_secret = process::Secret(secret);
        auto gateway = gateway::Gateway::Options::from(settings);
        gateway.port = 0;
        gateway.database_path = folder_.file("tutti.db");
        gateway_ = gateway::Gateway::start(gateway).value();
        auto worker = worker::AiWorker::Options::from(settings);
        worker.port = 0;
        worker_ = worker::AiWorker::start(worker).value();
        results_ = redis::RedisClient::create({.url = redis_.url()}).value();
        ours_ = {.url = "http://127.0.0.1:" + std::to_string(gateway_->port()),
                 .stream = "job-results"};
        if (std::filesystem::exists(TUTTI_PEERS "/node_modules/bullmq")) {
            peer_ = std::make_unique<tests::LineProcess>(std::vector<std::string>{
                "node", TUTTI_PEERS "/reply.mjs", redis_.url(), model_->llm_url(), "peer-results"});
            theirs_ = {.url = "http://127.0.0.1:" + peer_->read(), .stream = "peer-results"};
        } else {
            std::printf("Node is left out: run `npm ci` in bench/peers first\n");
        }
    }

    void run() {
        std::vector<double> model;
        for (int n = 0; n < warm_up; ++n) {
            (void)reply(ours_);
            if (peer_) (void)reply(theirs_);
        }
        for (int round = 0; round < rounds; ++round) {
            measure(ours_);
            if (peer_) measure(theirs_);
            for (int n = 0; n < messages_a_round; ++n) model.push_back(ask_model());
        }
        std::printf("medians of %d rounds of %d messages, in turns\n", rounds, messages_a_round);
        std::printf("  the model alone, p50 %.0f us\n", bench::percentile(model, 0.5));
        print("reply, p50 us", ours_.p50, theirs_.p50);
        print("reply, p99 us", ours_.p99, theirs_.p99);
    }

private:
    static double micros(Duration duration) {
        return std::chrono::duration<double, std::micro>(duration).count();
    }

    void measure(Way& way) {
        std::vector<double> took;
        for (int n = 0; n < messages_a_round; ++n) took.push_back(reply(way));
        way.p50.push_back(bench::percentile(took, 0.5));
        way.p99.push_back(bench::percentile(took, 0.99));
    }

    double reply(Way& way) {
        const std::string text = "hello " + std::to_string(next_++);
        const std::string body =
            R"({"personality":{"name":"maestro","model":"a/model","systemPrompt":"You conduct."},)"
            R"("message":")" +
            text + R"(","context":{"userId":"100","channelId":"200","messageId":"300"}})";
        const TimePoint from = Boottime::now();
        const auto accepted = post(way.url, "/ai/generate", body);
        if (accepted.status != 202) throw std::runtime_error("not queued: " + accepted.body);
        const std::string result = read_result(way);
        const Duration took = Boottime::now() - from;
        if (!result.contains(text)) throw std::runtime_error("another reply: " + result);
        return micros(took);
    }
    std::string read_result(Way& way) {
        const auto reply = results_->command(
            {"XREAD", "COUNT", "1", "BLOCK", "1500", "STREAMS", way.stream, way.last_read},
            Boottime::now() + 2s);
        if (!reply || reply->elements.empty()) throw std::runtime_error("no reply came");
        const auto& entry = reply->elements[0].elements.at(1).elements.at(0);
        way.last_read = entry.elements.at(0).text;
        const auto& fields = entry.elements.at(1).elements;
        for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
            if (fields[i].text == "result") return fields[i + 1].text;
        }
        return {};
    }
    double ask_model() {
        const TimePoint from = Boottime::now();
        const auto answer =
            post(model_->url(), "/api/v1/chat/completions",
                 R"({"model":"a/model","messages":[{"role":"user","content":"hello"}]})");
        if (answer.status != 200) throw std::runtime_error("the model failed: " + answer.body);
        return micros(Boottime::now() - from);
    }
    http::Response post(const std::string& url, const std::string& path, std::string body) {
        http::Request request{.method = "POST", .path = path, .body = std::move(body)};
        request.headers.set("X-Service-Auth", secret);
        request.headers.set("Content-Type", "application/json");
        return client_.send(url, request, Boottime::now() + 5s).value();
    }

    static void print(const char* what, const std::vector<double>& ours,
                      const std::vector<double>& theirs) {
        const double a = bench::percentile(ours, 0.5);
        std::printf("  %-16s %8.0f (%.0f to %.0f)", what, a, std::ranges::min(ours),
                    std::ranges::max(ours));
        if (!theirs.empty()) {
            const double b = bench::percentile(theirs, 0.5);
            std::printf(" %8.0f (%.0f to %.0f)   tutti / node %.2f", b, std::ranges::min(theirs),
                        std::ranges::max(theirs), a / b);
        }
        std::printf("\n");
    }

    tests::TemporaryFolder folder_;
    tests::RedisServer redis_;
    std::unique_ptr<stand_in::ProviderStandIn> model_ =
        stand_in::ProviderStandIn::start({}).value();
    std::unique_ptr<gateway::Gateway> gateway_;
    std::unique_ptr<worker::AiWorker> worker_;
    std::unique_ptr<tests::LineProcess> peer_;
    std::unique_ptr<redis::RedisClient> results_;
    http::Client client_{{.name = "bench"}};
    Way ours_;
    Way theirs_;
    std::uint64_t next_ = 0;
};

}  // namespace

int main() { Bench().run(); }
