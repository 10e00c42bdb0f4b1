// A message's spans, exported by the processes that worked on it.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "integration/observe/observed_services.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using tutti::Boottime;

constexpr const char* root_trace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* root_span = "00f067aa0ba902b7";
constexpr const char* channel = "300000000000000001";
constexpr const char* request =
    R"({"personality":{"name":"maestro","systemPrompt":"Be brief."},"context":{"userId":"7"},)"
    R"("message":"hello"})";

std::string root() { return std::string("00-") + root_trace + '-' + root_span + "-01"; }

class Traces : public ObservedServices {
protected:
    Variables exported() const { return {{"OTEL_EXPORTER_OTLP_ENDPOINT", own_url()}}; }

    // Of that trace, by "service: name"; several of one name count once.
    [[nodiscard]] std::map<std::string, SeenSpan> tree(const std::string& trace) const {
        std::map<std::string, SeenSpan> found;
        for (const SeenSpan& span : spans()) {
            if (span.trace_id == trace) found[span.service + ": " + span.name] = span;
        }
        return found;
    }
    // The trace that the message has begun, when it has ended.
    [[nodiscard]] std::string trace_of_message() const {
        for (const SeenSpan& span : spans()) {
            if (span.name == "MESSAGE_CREATE") return span.trace_id;
        }
        return "";
    }
};

TEST_F(Traces, OfOneMessageAreOneTreeAcrossTheProcesses) {
    start_all(exported());

    discord.open(channel);
    discord.say(channel, "hello");
    ASSERT_EQ(send(gateway_port, "POST", "/ai/generate", request, root()).status, 202);
    ASSERT_TRUE(eventually([&] {
        const auto seen = tree(root_trace);
        return seen.contains("ai-worker: llm-generation") && seen.contains("ai-worker: POST llm") &&
               tree(trace_of_message()).contains("api-gateway: GET /user/channel/:channelId");
    })) << worker->err();

    auto all = tree(root_trace);
    all.merge(tree(trace_of_message()));
    const auto parent = [&](const std::string& child, const std::string& of) {
        ASSERT_TRUE(all.contains(child)) << child;
        ASSERT_TRUE(all.contains(of)) << of;
        EXPECT_EQ(all.at(child).parent_id, all.at(of).span_id) << child;
    };
    EXPECT_EQ(all.at("bot-client: MESSAGE_CREATE").parent_id, "");
    EXPECT_EQ(all.at("api-gateway: POST /ai/generate").parent_id, root_span);
    parent("bot-client: GET gateway-interactive", "bot-client: MESSAGE_CREATE");
    parent("api-gateway: GET /user/channel/:channelId", "bot-client: GET gateway-interactive");
    parent("ai-worker: llm-generation", "api-gateway: POST /ai/generate");
    parent("ai-worker: POST llm", "ai-worker: llm-generation");
    EXPECT_THAT(model_calls(), testing::ElementsAre(std::string("00-") + root_trace + '-' +
                                                    all.at("ai-worker: POST llm").span_id + "-01"));
}

TEST_F(Traces, BeginAnewWhereWhatComesIsMalformed) {
    start_gateway(exported());

    EXPECT_EQ(send(gateway_port, "GET", "/user/channel/1", {}, "00-not-a-trace-01").status, 200);

    ASSERT_TRUE(eventually([&] { return !spans().empty(); }));
    EXPECT_EQ(spans()[0].parent_id, "");
    EXPECT_EQ(spans()[0].trace_id.size(), 32U);
}

TEST_F(Traces, WithoutACollectorAForeignOneIsHandedOnAsItCame) {
    start_gateway();
    start_worker();

    ASSERT_EQ(send(gateway_port, "POST", "/ai/generate", request, root()).status, 202);
    ASSERT_TRUE(eventually([&] { return !model_calls().empty(); }));

    EXPECT_EQ(model_calls()[0], root());
    EXPECT_THAT(spans(), IsEmpty());
}

TEST_F(Traces, ACollectorThatHangsHoldsUpNoRequestAndNoStop) {
    const auto hangs = std::make_shared<std::atomic<bool>>(true);
    before_collecting = [hangs] {  // and outlives this test's body
        const auto end = Boottime::now() + 30s;
        while (*hangs && Boottime::now() < end) std::this_thread::sleep_for(10ms);
    };
    start_gateway(exported());
    ASSERT_EQ(send(gateway_port, "GET", "/user/channel/1").status, 200);
    std::this_thread::sleep_for(1500ms);  // it is asked by now

    for (int i = 0; i < 100; ++i) {
        const auto begun = Boottime::now();
        EXPECT_EQ(send(gateway_port, "GET", "/user/channel/1").status, 200);
        EXPECT_LT(Boottime::now() - begun, 1s);
    }
    EXPECT_TRUE(eventually([&] {
        const std::string metrics = send(gateway_port, "GET", "/metrics").body;
        return !metrics.contains("tutti_trace_spans_total{outcome=\"lost\"} 0\n");
    }));
    gateway->signal(SIGTERM);
    EXPECT_EQ(gateway->wait(20s), 0);
    *hangs = false;
}

}  // namespace
}  // namespace tests
