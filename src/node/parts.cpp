#include "node/parts.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/name_rule.hpp"
#include "base/option_problems.hpp"
#include "base/system_random.hpp"
#include "base/text.hpp"
#include "coherence/wire.hpp"
#include "embedded/bus.hpp"
#include "embedded/server.hpp"
#include "embedded/store.hpp"
#include "redis/doctor.hpp"
#include "redis/open.hpp"
#include "tutti/inventory.hpp"
#include "tutti/redis_url.hpp"

namespace tutti {

namespace {

// 128 random bits: two processes of one name must never be taken for each other.
std::string unique_member(std::string_view name) {
    return std::string(name) + "-" + wire::hex(system_random()) + wire::hex(system_random());
}

// What the server is set to and weakens a promise.
void warn_of(const redis::ServerFacts& server, const redis::Url& url, const Log& log) {
    for (const Finding& finding : redis::judge_server(server, url)) {
        if (finding.verdict < Verdict::warning) continue;
        log(LogLevel::warning, "redis: " + finding.subject + " " + finding.found + ": " +
                                   finding.means + "; " + finding.advice);
    }
}

// The part, and with it the threads that it works on, which go after it.
template <class Part>
std::shared_ptr<Part> with_threads(std::shared_ptr<NodeThreads> threads,
                                   std::unique_ptr<Part> part) {
    struct Both {
        std::shared_ptr<NodeThreads> threads;
        std::unique_ptr<Part> part;
    };
    auto both = std::make_shared<Both>(std::move(threads), std::move(part));
    return {both, both->part.get()};
}

// CLIENT SETNAME takes no blanks.
std::string client_name(std::string name) {
    std::ranges::replace_if(name, [](char c) { return c <= ' ' || c > '~'; }, '-');
    return name;
}

}  // namespace

NodeThreads::NodeThreads(const NodeOptions& options)
    : workers_({.threads = options.workers, .queued_max = options.worker_queue_max}) {
    runtime_.start();
}

Result<void> check(const NodeOptions& options) {
    OptionProblems problems;
    problems.add_if("name", wrong_with_name(options.name, short_name_bytes_max));
    problems.unless(is_plain_text(options.service), "service",
                    "must be UTF-8 without control characters");
    if (!options.redis.empty()) {
        const auto url = redis::Url::parse(options.redis);
        problems.unless(url.has_value(), "redis", url ? "" : url.error().cause);
        problems.unless(!options.app.empty(), "app",
                        "is missing; it separates applications that share a server");
    }
    if (!options.app.empty()) problems.add_if("app", wrong_with_app(options.app));
    problems.unless(options.redis.empty() || !options.embedded, "embedded",
                    "and redis exclude each other");
    problems.unless(
        options.lease >= NodeOptions::lease_min && options.lease <= NodeOptions::lease_max, "lease",
        "must be from 100 ms (it is renewed every third of it) to 10 min (every writer of its "
        "channels waits it out); on_suspect = serve_up_to(age) bridges longer outages");
    problems.unless(options.clock_drift_max >= 0 && options.clock_drift_max < 1, "clock_drift_max",
                    "is a fraction from 0 to below 1");
    problems.unless(options.wait_out_margin >= Duration::zero() &&
                        options.wait_out_margin <= NodeOptions::lease_max,
                    "wait_out_margin", "must be from zero to 10 min");
    problems.unless(options.command_deadline >= NodeOptions::command_deadline_min,
                    "command_deadline",
                    "must be at least 1 ms: no command is answered before, and each is sent again");
    problems.unless(options.workers > 0, "workers", "must be positive");
    problems.unless(options.worker_queue_max > 0, "worker_queue_max", "must be positive");
    problems.unless(options.stop_deadline >= Duration::zero(), "stop_deadline",
                    "must not be negative");
    problems.unless(!options.start_degraded || !options.redis.empty(), "start_degraded",
                    "means nothing without redis: nothing else can be away");
    problems.unless(!options.embedded || !options.embedded->server().left(), "embedded",
                    "is the hub of a process that has forked this one: create another");
    if (problems.empty()) return {};
    return fail(Errc::invalid_option, "Node::create", in_lines(problems.take()));
}

Result<EngineParts> make_parts(const NodeOptions& options,
                               const std::shared_ptr<NodeThreads>& threads) {
    Executor& executor = threads->runtime().executor();
    EngineParts parts{
        .store = nullptr,
        .bus = nullptr,
        .executor = {threads, &executor},
        .workers = {threads, &threads->workers()},
        .member = unique_member(options.name),
        .random = [numbers = std::make_shared<RandomNumbers>()] { return numbers->next(); }};
    if (!options.redis.empty()) {
        auto opened = redis::open_redis(
            threads->runtime(),
            {.url = options.redis,
             .app = options.app,
             .client_name = client_name(options.name),
             .connect_timeout = saturating_multiply(options.command_deadline, 2),
             .stall_timeout = options.command_deadline,
             .may_be_away = options.start_degraded,
             .met = [log = Log(options.log), url = *redis::Url::parse(options.redis)](
                        const auto& server) { warn_of(server, url, log); }},
            saturating_add(Boottime::now(), saturating_multiply(options.command_deadline, 5)));
        if (!opened) return fail(std::move(opened).error());
        parts.where = "Redis at " + redis::Url::parse(options.redis)->endpoint();
        parts.deaf = [bus = opened->bus.get()] { return bus->subscription_error(); };
        parts.store = with_threads(threads, std::move(opened->store));
        parts.check = [bus = opened->bus.get()](Usage usage, TimePoint until, auto done) {
            bus->check(std::move(usage), until, std::move(done));
        };
        parts.backend = [bus = opened->bus.get()] { return bus->backend(); };
        parts.bus = with_threads(threads, std::move(opened->bus));
        return parts;
    }
    const auto hub = options.embedded ? options.embedded : EmbeddedHub::create();
    parts.backend = [hub, app = options.app] {
        return Backend{.server = "hub " + wire::hex(std::to_underlying(hub->server().identity())),
                       .app = app,
                       .done = Assurance::one_server};
    };
    parts.store = with_threads(threads, std::make_unique<embedded::EmbeddedStore>(hub, executor));
    parts.bus = with_threads(threads, std::make_unique<embedded::EmbeddedBus>(hub, executor));
    return parts;
}

}  // namespace tutti
