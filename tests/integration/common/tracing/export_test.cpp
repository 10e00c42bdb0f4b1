// Spans of real servers and clients, exported to a collector of the test's own.
#include "common/tracing/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "common/http/client.hpp"
#include "common/http/router.hpp"
#include "common/http/server.hpp"
#include "common/process/settings.hpp"
#include "common/process/span.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::tracing {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;

constexpr const char* root = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string text(const boost::json::value& value) {
    return {value.as_string().data(), value.as_string().size()};
}

class Export : public ::testing::Test {
protected:
    Export() {
        http::Router collector;
        collector.add("POST", "/v1/traces", [this](const http::Request& r) { return collect(r); },
                      {.kind = http::RouteKind::observability, .guard = {}, .body_bytes_max = {}});
        collector_ = serve(std::move(collector));
        http::Router model;
        model.add("POST", "/answer", [this](const http::Request& r) {
            asked_with_ = r.headers.find("traceparent").value_or("");
            return http::text_response(200, "hello");
        });
        model_ = serve(std::move(model));
        http::Router front;
        front.add("GET", "/message/:id", [this](const http::Request&) {
            const auto answer =
                http_.send(url(*model_), {.method = "POST", .path = "/answer"}, soon());
            return http::text_response(answer ? 200 : 502, "done");
        });
        front_ = serve(std::move(front));
    }

    static std::unique_ptr<http::Server> serve(http::Router router) {
        return http::Server::start({}, std::move(router)).value();
    }
    static std::string url(const http::Server& server) {
        return "http://127.0.0.1:" + std::to_string(server.port());
    }
    static TimePoint soon() { return Boottime::now() + 20s; }
    process::Ending begin() {
        process::Settings settings;
        settings.otlp_endpoint = url(*collector_);
        return export_traces(settings, {.service = "front", .instance = "front-1"});
    }
    int ask() {
        http::Request request{.path = "/message/1", .headers = {{"traceparent", root}}};
        const auto answer = caller_.send(url(*front_), request, soon());
        return answer ? answer->status : 0;
    }
    http::Response collect(const http::Request& request) {
        while (hangs_) std::this_thread::sleep_for(1ms);
        const detail::Lock lock(mutex_);
        bodies_.push_back(boost::json::parse(request.body));
        return refuses_ ? http::text_response(503, "full") : http::json_response(200, "{}");
    }
    std::vector<boost::json::object> spans() {
        std::vector<boost::json::object> all;
        const detail::Lock lock(mutex_);
        for (const auto& body : bodies_) {
            for (const auto& span :
                 body.at_pointer("/resourceSpans/0/scopeSpans/0/spans").as_array())
                all.push_back(span.as_object());
        }
        return all;
    }

    std::atomic<bool> hangs_ = false;
    std::atomic<bool> refuses_ = false;
    std::string asked_with_;
    detail::Mutex mutex_;
    std::vector<boost::json::value> bodies_ TUTTI_GUARDED_BY(mutex_);
    http::Client caller_{{.name = "caller"}};
    http::Client http_{{.name = "model"}};
    std::unique_ptr<http::Server> collector_;
    std::unique_ptr<http::Server> model_;
    std::unique_ptr<http::Server> front_;
};

TEST_F(Export, CallOfARequestIsItsChildAndSaysSoOnTheWire) {
    {
        const auto traces = begin();
        ASSERT_EQ(ask(), 200);
    }

    // Those of the model's server are exported, too: it is of this process.
    std::map<std::string, boost::json::object> named;
    for (auto& span : spans()) named[text(span.at("name"))] = span;
    ASSERT_THAT(named, SizeIs(3));
    const auto& request = named.at("GET /message/:id");
    const auto& call = named.at("POST model");
    const auto& answer = named.at("POST /answer");
    EXPECT_EQ(text(request.at("parentSpanId")), "00f067aa0ba902b7");
    EXPECT_EQ(text(call.at("parentSpanId")), text(request.at("spanId")));
    EXPECT_EQ(text(answer.at("parentSpanId")), text(call.at("spanId")));
    for (const auto& [name, span] : named) {
        EXPECT_EQ(text(span.at("traceId")), "4bf92f3577b34da6a3ce929d0e0e4736") << name;
        EXPECT_LE(std::stoull(text(span.at("startTimeUnixNano"))),
                  std::stoull(text(span.at("endTimeUnixNano"))));
    }
    EXPECT_EQ(asked_with_,
              "00-4bf92f3577b34da6a3ce929d0e0e4736-" + text(call.at("spanId")) + "-01");
}

TEST_F(Export, WithoutACollectorATraceIsHandedOnAsItCame) {
    ASSERT_EQ(ask(), 200);

    EXPECT_EQ(asked_with_, root);
    EXPECT_TRUE(spans().empty());
}

TEST_F(Export, CollectorThatRefusesLosesSpans) {
    refuses_ = true;
    const auto traces = begin();
    ASSERT_EQ(ask(), 200);

    const auto end = soon();
    while (process::span_figures().lost == 0 && Boottime::now() < end) {
        std::this_thread::sleep_for(5ms);
    }

    EXPECT_GT(process::span_figures().lost, 0U);
    EXPECT_EQ(process::span_figures().exported, 0U);
}

TEST_F(Export, CollectorThatHangsHoldsUpNoRequestAndAStopForFourSecondsAtMost) {
    hangs_ = true;
    auto begun = Boottime::now();
    {
        const auto traces = begin();
        for (int i = 0; i < 200; ++i) ASSERT_EQ(ask(), 200);
        std::this_thread::sleep_for(1500ms);  // a batch is under way
        begun = Boottime::now();
        for (int i = 0; i < 200; ++i) {
            const auto asked = Boottime::now();
            ASSERT_EQ(ask(), 200);
            EXPECT_LT(Boottime::now() - asked, 1s);
        }
        begun = Boottime::now();
    }
    EXPECT_LT(Boottime::now() - begun, 6s);
    hangs_ = false;
}

}  // namespace
}  // namespace tutti::services::tracing
