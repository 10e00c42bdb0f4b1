// What a trace costs a request, as a ratio: the same handler behind a route that makes no spans
// (monitoring) and behind one that does, with traces off, with ids only, and exported to a sink
// that takes every span and keeps none.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/http/message.hpp"
#include "common/http/router.hpp"
#include "common/process/span.hpp"

namespace {

using namespace tutti::services;

constexpr int rounds = 7;
constexpr int requests = 200'000;

struct Nowhere final : process::SpanSink {
    void ended(process::SpanRecord) noexcept override {}
    [[nodiscard]] process::SpanFigures figures() const override { return {}; }
};

// Of the fastest round.
double nanoseconds_each(const http::Router& router, const http::Request& request) {
    double best = 1e12;
    for (int round = 0; round < rounds; ++round) {
        const auto begun = std::chrono::steady_clock::now();
        int status = 0;
        for (int i = 0; i < requests; ++i) status |= router.handle(request).status;
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - begun;
        if (status == 200) best = std::min(best, took.count() / requests);
    }
    return best;
}

http::Request request_for(const std::string& path) {
    // As a bot sends it.
    return {.path = path,
            .headers = {{"Host", "127.0.0.1:3000"},
                        {"User-Agent", "tutti"},
                        {"X-Service-Auth", "the-secret-of-all-services"}}};
}

}  // namespace

int main() {
    http::Router router;
    const auto answer = [](const http::Request&) { return http::Response{}; };
    router.add("GET", "/plain/:id", answer,
               {.kind = http::RouteKind::observability, .guard = {}, .body_bytes_max = {}});
    router.add("GET", "/traced/:id", answer);
    const http::Request traced = request_for("/traced/1");
    http::Request foreign = traced;
    foreign.headers.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

    const double plain = nanoseconds_each(router, request_for("/plain/1"));
    const auto print = [&](const char* what, double took) {
        std::printf("%-34s %7.0f ns  %5.2f\n", what, took, took / plain);
    };
    print("a route without spans", plain);
    print("traces off", nanoseconds_each(router, traced));
    print("traces off, a foreign one passes", nanoseconds_each(router, foreign));
    process::begin_traces(nullptr);
    print("ids for the log", nanoseconds_each(router, traced));
    process::begin_traces(std::make_shared<Nowhere>());
    print("exported", nanoseconds_each(router, traced));
    process::end_traces();
}
