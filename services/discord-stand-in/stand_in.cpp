// One mutex guards the core. REST and control calls run on workers of the HTTP server, frames of
// the gateway on the thread of the sockets; what they have changed is told to the gateway before
// the mutex is released, so that events have the order of the changes. The sockets only take what
// is sent, so they are used with the mutex held.
#include "discord-stand-in/stand_in.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <map>
#include <optional>
#include <utility>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "common/http/router.hpp"
#include "common/http/server.hpp"
#include "common/net/rough_relay.hpp"
#include "common/net/url.hpp"
#include "common/process/problem_list.hpp"
#include "common/process/timestamps.hpp"
#include "discord-stand-in/control/endpoint.hpp"
#include "discord-stand-in/control/told.hpp"
#include "discord-stand-in/core.hpp"
#include "discord-stand-in/gateway/sockets.hpp"
#include "discord-stand-in/rest/faults.hpp"
#include "discord-stand-in/world/snowflake.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/json.hpp"

namespace tutti::services::discord {
namespace {

using namespace std::chrono_literals;
using control::Endpoint;
using control::Told;
using std::chrono::milliseconds;

constexpr std::size_t workers = 64;
constexpr std::size_t control_workers = 32;
constexpr std::size_t hanging_max = 2'048;
constexpr std::int64_t wait_ms_max = 600'000;
constexpr std::size_t guilds_at_first_max = 10'000;

struct EndpointChange {
    std::optional<std::string> url;
};
struct PingOrder {
    std::optional<control::Signature> signature;
};
BOOST_DESCRIBE_STRUCT(EndpointChange, (), (url))
BOOST_DESCRIBE_STRUCT(PingOrder, (), (signature))

Result<void> check(const DiscordStandIn::Options& options) {
    process::ProblemList problems;
    if (options.guilds > guilds_at_first_max) problems.add("guilds must be at most 10000");
    if (options.shards < 1) problems.add("shards must be at least 1");
    if (options.max_concurrency < 1) problems.add("max_concurrency must be at least 1");
    if (options.session_starts < 1) problems.add("session_starts must be at least 1");
    if (options.identify_every < 0ms) problems.add("identify_every must not be negative");
    if (options.heartbeat_interval < 100ms) {
        problems.add("heartbeat_interval must be at least 100 ms");
    }
    if (options.session_kept < 0ms) problems.add("session_kept must not be negative");
    if (options.replay_max < 1) problems.add("replay_max must be at least 1");
    if (options.machine >= world::machines_max) problems.add("machine must be below 1024");
    if (problems.empty()) return {};
    return fail(Errc::invalid_option, "start the stand-in of Discord", problems.text());
}

milliseconds wait_of(const http::Request& request) {
    std::int64_t ms = 0;
    const auto text = request.query_value("waitMs").value_or("0");
    std::from_chars(text.data(), text.data() + text.size(), ms);
    return milliseconds(std::clamp<std::int64_t>(ms, 0, wait_ms_max));
}

}  // namespace

struct DiscordStandIn::Impl final : gateway::Gateway::Effects {
    explicit Impl(control::SigningKey key) : endpoint(key) {}

    Result<void> start(const Options& options);
    Result<void> start_gateway(const Options& options);
    void add_routes() TUTTI_REQUIRES(mutex);
    void stop();

    // REST.
    http::Response serve(const rest::Route& route, const http::Request& request);
    http::Response hang();
    void delay(milliseconds time);

    // Control.
    http::Response control(const control::ControlRoute& route, const http::Request& request);
    Told ask(const control::ControlRoute& route, const http::Request& request);
    void deliver_all();
    http::Response clear_faults();
    http::Response set_endpoint(const http::Request& request);
    http::Response ping_endpoint(const http::Request& request);

    // What the gateway wants.
    void send(gateway::Gateway::Connection connection, const std::string& payload) override {
        sockets->send(connection, payload);
    }
    void compress_payloads(gateway::Gateway::Connection connection) override {
        sockets->compress_payloads(connection);
    }
    void close(gateway::Gateway::Connection connection, std::uint16_t code) override {
        sockets->close(connection, code);
    }
    void drop(gateway::Gateway::Connection connection) override { sockets->drop(connection); }

    // Something has changed that a call may wait for.
    void changed_at(process::UnixTime now) TUTTI_REQUIRES(mutex) {
        core->publish(now);
        changed.notify_all();
    }
    // With the core, when there is one already.
    template <class Do>
    void with_core(const Do& what) {
        const detail::Lock lock(mutex);
        if (!core) return;
        const auto now = process::unix_now();
        what(*core, now);
        changed_at(now);
    }

    process::Secret token;
    Endpoint endpoint;
    std::string gateway_url;

    detail::Mutex mutex;
    std::condition_variable changed;
    std::unique_ptr<Core> core TUTTI_GUARDED_BY(mutex);
    std::map<std::uint64_t, http::Answer> hanging TUTTI_GUARDED_BY(mutex);
    std::uint64_t last_hanging TUTTI_GUARDED_BY(mutex) = 0;
    std::uint64_t clearings TUTTI_GUARDED_BY(mutex) = 0;  // of the faults
    bool stopping TUTTI_GUARDED_BY(mutex) = false;

    http::Router router;
    std::unique_ptr<gateway::Sockets> sockets;
    std::unique_ptr<http::Server> server;
    std::unique_ptr<net::RoughRelay> relay;
};

Result<void> DiscordStandIn::Impl::start_gateway(const Options& options) {
    using Connection = gateway::Sockets::Connection;
    using process::UnixTime;
    auto started = gateway::Sockets::start(
        {.port = options.gateway_port,
         .callbacks = {
             .opened =
                 [this](Connection connection, const std::string& query) {
                     with_core([&](Core& all, UnixTime now) {
                         all.gateway.opened(connection, query, now);
                     });
                 },
             .received =
                 [this](Connection connection, const std::string& text) {
                     with_core([&](Core& all, UnixTime now) {
                         all.gateway.received(connection, text, now);
                     });
                 },
             .closed =
                 [this](Connection connection, std::optional<std::uint16_t> code) {
                     with_core([&](Core& all, UnixTime now) {
                         all.gateway.closed(connection, code, now);
                     });
                 },
             .tick =
                 [this] { with_core([](Core& all, UnixTime now) { all.gateway.tick(now); }); }}});
    if (!started) return fail(std::move(started).error());
    sockets = *std::move(started);
    gateway_url = "ws://127.0.0.1:" + std::to_string(sockets->port());
    return {};
}

Result<void> DiscordStandIn::Impl::start(const Options& options) {
    token = options.token.empty() ? process::Secret::random() : options.token;
    if (auto started = start_gateway(options); !started) return started;
    {
        const detail::Lock lock(mutex);
        const auto now = process::unix_now();
        const auto all = world::Intent::all;
        const std::string told_url =
            options.gateway_url.empty() ? gateway_url : options.gateway_url;
        core = std::make_unique<Core>(
            world::World::Options{.token = token,
                                  .public_key = endpoint.key().public_key(),
                                  .machine = options.machine},
            gateway::Gateway::Options{
                .url = told_url,
                .resume_url = told_url + "/resume",
                .shards = options.shards,
                .starts = {.total = options.session_starts,
                           .max_concurrency = options.max_concurrency,
                           .every = options.identify_every},
                .heartbeat_interval = options.heartbeat_interval,
                .session_kept = options.session_kept,
                .replay_max = options.replay_max,
                .allowed_intents =
                    options.message_content ? all : all & ~world::Intent::message_content},
            *this, [this] { return endpoint.url().has_value(); }, now);
        core->api.limits().set({.on = options.limits});
        core->scene.populate(options.guilds, now);
        add_routes();
    }
    auto http =
        http::Server::start({.limits = {.internal = {.workers = workers, .queued_max = 1'024},
                                        .open = {.workers = control_workers},
                                        .deferred_max = hanging_max}},
                            router);
    if (!http) return fail(std::move(http).error());
    server = *std::move(http);
    auto rough = net::RoughRelay::start(options.port, server->port());
    if (!rough) return fail(std::move(rough).error());
    relay = *std::move(rough);
    return {};
}

// The core and its routes stay where they are.
void DiscordStandIn::Impl::add_routes() {
    for (const rest::Route& route : core->api.routes()) {
        router.add(route.method, rest::api_prefix + route.pattern,
                   [this, &route](const http::Request& request) { return serve(route, request); });
    }
    const http::Router::Terms open{.kind = http::RouteKind::open};
    const auto add = [&](const char* method, const std::string& pattern, http::Handler handler) {
        router.add(method, control::control_prefix + pattern, std::move(handler), open);
    };
    for (const control::ControlRoute& route : core->control_routes()) {
        add(route.method, route.pattern,
            [this, route](const http::Request& request) { return control(route, request); });
    }
    add("DELETE", "/faults", [this](const http::Request&) { return clear_faults(); });
    add("PUT", "/endpoint", [this](const http::Request& request) { return set_endpoint(request); });
    add("POST", "/endpoint/ping",
        [this](const http::Request& request) { return ping_endpoint(request); });
}

http::Response DiscordStandIn::Impl::serve(const rest::Route& route, const http::Request& request) {
    using rest::FaultKind;
    detail::Lock lock(mutex);
    const auto fault = core->api.faults().next(route.name());
    lock.unlock();
    const bool is_slow = fault && fault->does == FaultKind::slow;
    const bool has_effect = !fault || is_slow || fault->after_effect;
    if (is_slow && !fault->after_effect) delay(fault->delay);

    http::Response response;
    if (has_effect) {
        lock.lock();
        const auto now = process::unix_now();
        response = core->api.answer(route, request, now);
        core->api.count(route, response);
        changed_at(now);
        lock.unlock();
    }
    if (!fault || (is_slow && !fault->after_effect)) return response;
    switch (fault->does) {
    case FaultKind::slow: delay(fault->delay); return response;
    case FaultKind::hang: return hang();
    case FaultKind::drop:
        response.status = has_effect ? response.status : 200;
        response.headers.set(net::rough_field, "cut");
        return response;
    case FaultKind::status:
    case FaultKind::limited: return rest::Api::answer(*fault);
    }
    return response;
}

// Until the faults are cleared, at most.
void DiscordStandIn::Impl::delay(milliseconds time) {
    detail::Lock lock(mutex);
    const auto ends = [this, before = clearings]()
                          TUTTI_REQUIRES(mutex) { return stopping || clearings != before; };
    changed.wait_for(lock.waiting(), time, ends);
}

http::Response DiscordStandIn::Impl::hang() {
    return http::deferred_response([this](http::Answer answer) -> std::function<void()> {
        const detail::Lock lock(mutex);
        const auto number = ++last_hanging;
        hanging.emplace(number, std::move(answer));
        return [this, number] {
            const detail::Lock until_gone(mutex);
            hanging.erase(number);
        };
    });
}

http::Response DiscordStandIn::Impl::clear_faults() {
    std::map<std::uint64_t, http::Answer> answered;
    {
        const detail::Lock lock(mutex);
        core->api.faults().clear();
        core->gateway.mischiefs().clear();
        ++clearings;
        answered.swap(hanging);
    }
    changed.notify_all();
    for (const auto& [number, answer] : answered) answer(http::Response{.status = 503});
    return http::Response{.status = 204};
}

http::Response DiscordStandIn::Impl::control(const control::ControlRoute& route,
                                             const http::Request& request) {
    Told told = ask(route, request);
    deliver_all();
    return std::move(told.response);
}

// Waits as long as the request says for what it asks about.
Told DiscordStandIn::Impl::ask(const control::ControlRoute& route, const http::Request& request) {
    const auto until = std::chrono::steady_clock::now() + wait_of(request);
    detail::Lock lock(mutex);
    while (true) {
        const auto now = process::unix_now();
        Told told = route.handler(request, now);
        if (request.method != "GET") changed_at(now);
        const bool over = stopping || std::chrono::steady_clock::now() >= until;
        if (told.is_enough || over) return told;
        changed.wait_until(lock.waiting(), until);
    }
}

void DiscordStandIn::Impl::deliver_all() {
    detail::Lock lock(mutex);
    const auto deliveries = core->scene.take_deliveries();
    lock.unlock();
    for (const control::Delivery& delivery : deliveries) {
        const auto response =
            endpoint.send(delivery.body, control::Signature::right, process::unix_now());
        with_core([&](Core& all, process::UnixTime now) {
            all.scene.delivered(delivery, response, now);
        });
    }
}

http::Response DiscordStandIn::Impl::set_endpoint(const http::Request& request) {
    const auto wanted = json::read<EndpointChange>(request.body);
    if (!wanted) return control::wrong(wanted.error().cause).response;
    if (wanted->url && !net::HttpUrl::parse(*wanted->url)) {
        return control::wrong("url: expected http://host:port/path").response;
    }
    endpoint.set(wanted->url);
    if (!wanted->url) return http::Response{.status = 204};
    if (const auto verified = endpoint.verify(process::unix_now()); !verified) {
        endpoint.set({});
        return control::wrong("url: " + verified.error().cause).response;
    }
    return http::Response{.status = 204};
}

http::Response DiscordStandIn::Impl::ping_endpoint(const http::Request& request) {
    const auto wanted = json::read<PingOrder>(request.body.empty() ? "{}" : request.body);
    if (!wanted) return control::wrong(wanted.error().cause).response;
    const auto response =
        endpoint.ping(wanted->signature.value_or(control::Signature::right), process::unix_now());
    if (!response) return control::wrong(response.error().message()).response;
    return control::tell(world::JsonObject{{"status", response->status}}).response;
}

void DiscordStandIn::Impl::stop() {
    {
        const detail::Lock lock(mutex);
        stopping = true;
    }
    changed.notify_all();
    endpoint.stop();
    if (relay) relay->stop();
    if (server) server->stop();
    if (sockets) sockets->stop();
}

Result<std::unique_ptr<DiscordStandIn>> DiscordStandIn::start(const Options& options) {
    if (auto good = check(options); !good) return fail(std::move(good).error());
    const auto key = control::SigningKey::make();
    if (!key) return fail(key.error());
    std::unique_ptr<DiscordStandIn> made(new DiscordStandIn(std::make_unique<Impl>(*key)));
    if (auto started = made->impl_->start(options); !started) {
        return fail(std::move(started).error());
    }
    return made;
}

DiscordStandIn::DiscordStandIn(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DiscordStandIn::~DiscordStandIn() { impl_->stop(); }

std::uint16_t DiscordStandIn::port() const noexcept { return impl_->relay->port(); }
std::string DiscordStandIn::api_url() const {
    return "http://127.0.0.1:" + std::to_string(port()) + rest::api_prefix;
}
std::string DiscordStandIn::control_url() const {
    return "http://127.0.0.1:" + std::to_string(port()) + control::control_prefix;
}
std::string DiscordStandIn::gateway_url() const { return impl_->gateway_url; }
const process::Secret& DiscordStandIn::token() const noexcept { return impl_->token; }
std::string DiscordStandIn::public_key() const { return impl_->endpoint.key().public_key(); }

http::Response DiscordStandIn::control(std::string_view method, std::string_view path,
                                       std::string_view body) {
    const std::size_t mark = std::min(path.find('?'), path.size());
    return impl_->router.handle(
        {.method = std::string(method),
         .path = control::control_prefix + std::string(path.substr(0, mark)),
         .query = std::string(path.substr(std::min(mark + 1, path.size()))),
         .body = std::string(body)});
}

}  // namespace tutti::services::discord
