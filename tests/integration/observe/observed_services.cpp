#include "integration/observe/observed_services.hpp"

#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include <boost/describe/class.hpp>

#include "common/http/router.hpp"
#include "tutti/json.hpp"

namespace tests {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;

namespace {

// The shape of OTLP in JSON, as its specification says it, apart from the services' own.
struct AnyValue {
    std::optional<std::string> string_value;
};
BOOST_DESCRIBE_STRUCT(AnyValue, (), (string_value))
struct KeyValue {
    std::string key;
    AnyValue value;
};
BOOST_DESCRIBE_STRUCT(KeyValue, (), (key, value))
struct WireSpan {
    std::string trace_id;
    std::string span_id;
    std::optional<std::string> parent_span_id;
    std::string name;
    std::int64_t kind = 0;
    std::string start_time_unix_nano;
    std::string end_time_unix_nano;
};
BOOST_DESCRIBE_STRUCT(WireSpan, (),
                      (trace_id, span_id, parent_span_id, name, kind, start_time_unix_nano,
                       end_time_unix_nano))
struct ScopeSpans {
    std::vector<WireSpan> spans;
};
BOOST_DESCRIBE_STRUCT(ScopeSpans, (), (spans))
struct WireResource {
    std::vector<KeyValue> attributes;
};
BOOST_DESCRIBE_STRUCT(WireResource, (), (attributes))
struct ResourceSpans {
    WireResource resource;
    std::vector<ScopeSpans> scope_spans;
};
BOOST_DESCRIBE_STRUCT(ResourceSpans, (), (resource, scope_spans))
struct TracesBody {
    std::vector<ResourceSpans> resource_spans;
};
BOOST_DESCRIBE_STRUCT(TracesBody, (), (resource_spans))

std::string service_of(const WireResource& resource) {
    for (const KeyValue& attribute : resource.attributes) {
        if (attribute.key == "service.name") return attribute.value.string_value.value_or("");
    }
    return {};
}

}  // namespace

ObservedServices::ObservedServices() {
    http::Router router;
    router.add("POST", "/v1/traces", [this](const http::Request& r) { return collect(r); });
    router.add("POST", "/chat/completions", [this](const http::Request& r) { return answer(r); });
    auto started = http::Server::start({}, std::move(router));
    if (!started) throw std::runtime_error(started.error().message());
    server_ = *std::move(started);
}

ObservedServices::~ObservedServices() {
    for (auto* program : {&bot, &worker, &gateway}) program->reset();
    server_->stop();
}

std::string ObservedServices::own_url() const {
    return "http://127.0.0.1:" + std::to_string(server_->port());
}

Variables ObservedServices::variables(const std::string& name, const Variables& more) const {
    Variables variables = more;
    variables.merge(discord.variables());
    variables.insert({{"INTERNAL_SERVICE_SECRET", secret},
                      {"INSTANCE_NAME", name},
                      {"API_GATEWAY_PORT", std::to_string(gateway_port)},
                      {"BOT_CLIENT_PORT", std::to_string(bot_port)},
                      {"AI_WORKER_PORT", std::to_string(worker_port)},
                      {"GATEWAY_URL", "http://127.0.0.1:" + std::to_string(gateway_port)},
                      {"DATABASE_URL", "sqlite:" + folder.file("tutti.db")},
                      {"ATTACHMENT_DIR", folder.file("attachments")},
                      {"OPENROUTER_BASE_URL", own_url()},
                      {"LLM_BASE_URL", own_url()},
                      {"REDIS_URL", redis.url()}});
    return variables;
}

void ObservedServices::start_gateway(const Variables& more) {
    gateway = std::make_unique<Program>(API_GATEWAY_PROGRAM, std::vector<std::string>{},
                                        variables("gateway-1", more));
    await_ready(gateway_port, *gateway);
}
void ObservedServices::start_bot(const Variables& more) {
    bot = std::make_unique<Program>(BOT_CLIENT_PROGRAM, std::vector<std::string>{},
                                    variables("bot-1", more));
    await_ready(bot_port, *bot);
}
void ObservedServices::start_worker(const Variables& more) {
    worker = std::make_unique<Program>(AI_WORKER_PROGRAM, std::vector<std::string>{},
                                       variables("worker-1", more));
    await_ready(worker_port, *worker);
}
void ObservedServices::start_all(const Variables& more) {
    start_gateway(more);
    start_bot(more);
    start_worker(more);
}

void ObservedServices::await_ready(std::uint16_t port, const Program& program) {
    const bool ready = eventually([&] {
        return send(port, "GET", "/health").body.contains(R"("ready":true)") || !program.runs();
    });
    if (!ready || !program.runs()) throw std::runtime_error("not ready: " + program.err());
}

http::Response ObservedServices::send(std::uint16_t port, const std::string& method,
                                      const std::string& path, const std::string& body,
                                      const std::string& traceparent) {
    http::Request request{.method = method, .path = path, .body = body};
    request.headers.set("X-Service-Auth", secret);
    request.headers.set("Accept", "text/plain");
    if (!traceparent.empty()) request.headers.set("traceparent", traceparent);
    auto response =
        http_.send("http://127.0.0.1:" + std::to_string(port), request, Boottime::now() + 20s);
    if (!response) return {.status = 0, .headers = {}, .body = response.error().message()};
    return *std::move(response);
}

http::Response ObservedServices::collect(const http::Request& request) {
    if (before_collecting) before_collecting();
    const auto body = json::read<TracesBody>(request.body);
    if (!body) return http::text_response(400, body.error().message());
    const detail::Lock lock(mutex_);
    for (const ResourceSpans& resource : body->resource_spans) {
        for (const ScopeSpans& scope : resource.scope_spans) {
            for (const WireSpan& span : scope.spans) {
                spans_.push_back({.service = service_of(resource.resource),
                                  .trace_id = span.trace_id,
                                  .span_id = span.span_id,
                                  .parent_id = span.parent_span_id.value_or(""),
                                  .name = span.name,
                                  .kind = span.kind});
            }
        }
    }
    return http::json_response(200, "{}");
}

http::Response ObservedServices::answer(const http::Request& request) {
    const detail::Lock lock(mutex_);
    model_calls_.emplace_back(request.headers.find("traceparent").value_or(""));
    return http::json_response(
        200, R"({"choices":[{"message":{"role":"assistant","content":"good evening"}}]})");
}

std::vector<SeenSpan> ObservedServices::spans() const {
    const detail::Lock lock(mutex_);
    return spans_;
}
std::vector<std::string> ObservedServices::model_calls() const {
    const detail::Lock lock(mutex_);
    return model_calls_;
}

}  // namespace tests
