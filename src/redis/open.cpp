#include "redis/open.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

#include "base/name_rule.hpp"
#include "base/system_random.hpp"
#include "coherence/wire.hpp"
#include "redis/blocking.hpp"
#include "redis/socket_link.hpp"
#include "redis/tls.hpp"

namespace tutti::redis {
namespace {

constexpr const char* open_operation = "redis open";
constexpr const char* check_channel = "check";

bool is_blank_or_odd(char c) { return c <= ' ' || c > '~'; }

Result<void> check_options(const OpenOptions& options) {
    if (const auto wrong = wrong_with_app(options.app)) {
        return fail(Errc::invalid_option, open_operation,
                    "app " + *wrong +
                        ": all nodes of the application share the name, and no other "
                        "application on that Redis does");
    }
    if (std::ranges::any_of(options.client_name, is_blank_or_odd)) {
        return fail(Errc::invalid_option, open_operation,
                    "client_name must be printable, without blanks");
    }
    if (options.connect_timeout <= Duration::zero() || options.stall_timeout <= Duration::zero()) {
        return fail(Errc::invalid_option, open_operation,
                    "connect_timeout and stall_timeout must be above zero");
    }
    return {};
}

Duration patience_for_replicas(const OpenOptions& options) { return options.stall_timeout / 2; }

struct Connections {
    std::shared_ptr<CommandConnection> store;
    std::shared_ptr<CommandConnection> bus;
};

// One for both; two where the bus waits for replicas, so that no read waits behind it.
Connections make_connections(Runtime& runtime, const SessionOptions& session,
                             OpenOptions& options) {
    using Caller = CommandConnection::Caller;
    CommandConnection::Options shared{
        .session = session, .stall_timeout = options.stall_timeout, .met = std::move(options.met)};
    if (session.url.replicas == 0) {
        auto both = std::make_shared<CommandConnection>(network_of(runtime), std::move(shared));
        return {.store = both, .bus = both};
    }
    CommandConnection::Options of_bus{
        .session = session, .stall_timeout = options.stall_timeout, .only = Caller::bus};
    // An answer behind a WAIT is not late.
    of_bus.session.suspect_after += patience_for_replicas(options);
    shared.only = Caller::store;
    return {.store = std::make_shared<CommandConnection>(network_of(runtime), std::move(shared)),
            .bus = std::make_shared<CommandConnection>(network_of(runtime), std::move(of_bus))};
}

Replicated make_replicated(Runtime& runtime, const SessionOptions& session,
                           const Connections& connections, const OpenOptions& options) {
    if (session.url.replicas == 0) return {};
    ReplicaWait::Options wait{.copies = Copies(session.url.replicas),
                              .patience = patience_for_replicas(options)};
    if (session.sentinels) {
        wait.in_doubt = [sentinels = session.sentinels] { sentinels->doubt(); };
    }
    return {.wait = std::make_shared<ReplicaWait>(connections.bus, std::move(wait),
                                                  runtime.executor(), system_clock()),
            .fence = std::make_shared<StoreFence>()};
}

}  // namespace

Result<RedisPair> open_redis(Runtime& runtime, OpenOptions options, TimePoint deadline) {
    assert(!runtime.on_thread());
    if (auto valid = check_options(options); !valid) return fail(valid.error());
    auto url = Url::parse(options.url);
    if (!url) return fail(url.error());
    std::shared_ptr<const TlsContext> tls;
    if (url->tls) {
        auto loaded = load_tls(*url->tls);
        if (!loaded) return fail(loaded.error());
        tls = *std::move(loaded);
    }
    SessionOptions session{
        .url = std::move(*url),
        .tls = std::move(tls),
        .client_name = std::move(options.client_name),
        .connect_timeout = options.connect_timeout,
        .limits = {},
        .random = options.random ? std::move(options.random) : RandomSource(system_random)};
    if (session.url.sentinel) {
        session.sentinels = std::make_shared<Sentinels>(
            network_of(runtime), Sentinels::Options{.url = session.url,
                                                    .tls = session.tls,
                                                    .random = session.random,
                                                    .ask_timeout = options.connect_timeout / 4});
    }
    const auto connections = make_connections(runtime, session, options);
    const auto& connection = connections.store;
    const Replicated replicated = make_replicated(runtime, session, connections, options);
    SessionOptions subscription = session;
    // A push is at most an entry or a plain event. What is larger is skipped and breaks nothing:
    // every program that may publish there could break every node otherwise.
    subscription.limits.text_bytes_max = wire::push_bytes_max;
    const Names names(options.app, session.url.database);
    RedisPair pair{.store = std::make_unique<RedisStore>(runtime, connection, session.random, names,
                                                         replicated.fence),
                   .bus = std::make_unique<RedisBus>(runtime, connections.bus,
                                                     std::move(subscription), names, replicated)};
    const std::string where = session.url.endpoint();
    auto facts = wait<ServerFacts>(
        open_operation, where + " to be connected", deadline, [&](Completion<ServerFacts> first) {
            runtime.executor().post([connections, first = std::move(first)]() mutable {
                if (connections.bus != connections.store) connections.bus->start(nullptr);
                connections.store->start(std::move(first));
            });
        });
    const auto is_away = [&](const Error& error) {
        return options.may_be_away && error.retryable();
    };
    if (!facts) {
        if (is_away(facts.error())) return pair;
        return fail(facts.error());
    }
    auto allowed = wait<void>(open_operation, where + " to say what its user may do", deadline,
                              [&](Completion<void> done) {
                                  pair.bus->check({.channels = {{.channel = check_channel}}},
                                                  deadline, std::move(done));
                              });
    if (!allowed && !is_away(allowed.error())) return fail(allowed.error());
    return pair;
}

}  // namespace tutti::redis
