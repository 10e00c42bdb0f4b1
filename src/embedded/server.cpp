#include "embedded/server.hpp"

#include <algorithm>
#include <utility>

#include "coherence/wire.hpp"

namespace tutti::embedded {

namespace {

std::uint64_t fresh_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

// Posts a call of the session's listener; nothing happens when the session was closed by then.
template <class F>
void deliver(const std::shared_ptr<Session>& session, F call) {
    session->executor.post([session, call = std::move(call)]() mutable {
        if (!session->closed.load(std::memory_order_acquire)) call(*session->listener);
    });
}

Result<void> check_key(const std::string& key, std::string operation) {
    if (key.size() <= Store::key_bytes_max) return {};
    return fail(Errc::too_large, std::move(operation),
                "the key has " + std::to_string(key.size()) + " bytes, allowed are " +
                    std::to_string(Store::key_bytes_max));
}

Result<void> check_put(const std::string& key, const std::string& value,
                       const Store::PutOptions& options) {
    if (auto valid = check_key(key, "embedded put"); !valid) return valid;
    if (value.size() > Store::value_bytes_max) {
        return fail(Errc::too_large, "embedded put",
                    "the value has " + std::to_string(value.size()) + " bytes, allowed are " +
                        std::to_string(Store::value_bytes_max));
    }
    if (!options.ttl.valid()) {
        return fail(Errc::invalid_option, "embedded put",
                    "ttl must be above zero; Ttl::never() keeps a value for ever");
    }
    return {};
}

// "<number> <what>, allowed are <maximum>: split, or publish `all`"
std::unexpected<Error> publication_too_large(std::size_t number, const char* what,
                                             std::size_t maximum) {
    return fail(Errc::too_large, "embedded publish",
                std::to_string(number) + " " + what + ", allowed are " + std::to_string(maximum) +
                    ": split, or publish `all`");
}

Result<void> check_publication(const PublishRequest& request) {
    const std::size_t keys = request.changed.keys.size();
    const std::size_t bytes = wire::encoded_bytes(request.changed);
    const std::size_t events = request.plain_events.size();
    if (keys > Bus::keys_max) return publication_too_large(keys, "keys", Bus::keys_max);
    if (bytes > Bus::key_bytes_max) {
        return publication_too_large(bytes, "bytes of keys", Bus::key_bytes_max);
    }
    if (events > wire::plain_events_max) {
        return publication_too_large(events, "plain events", wire::plain_events_max);
    }
    return {};
}

}  // namespace

Server::Server(const EmbeddedHub::Options& options)
    : clock_(options.clock),
      store_bytes_max_(options.store_bytes_max),
      random_(options.seed ? *options.seed : fresh_seed()),
      data_{.identity = Identity{random_()},
            .channels = {},
            .values = Values(options.store_bytes_max)} {}

Result<Values::Bytes> Server::get(const std::string& key) {
    if (auto valid = check_key(key, "embedded get"); !valid) return fail(valid.error());
    const std::lock_guard lock(mutex_);
    if (auto error = away("get")) return fail(*error);
    return data_.values.get(key, clock_.now());
}

Result<bool> Server::put(const std::string& key, std::string value, Store::PutOptions options) {
    if (auto valid = check_put(key, value, options); !valid) return fail(valid.error());
    auto bytes = std::make_shared<const std::string>(std::move(value));
    const std::lock_guard lock(mutex_);
    if (auto error = away("put")) return fail(*error);
    switch (data_.values.put(key, std::move(bytes), options, clock_.now())) {
    case Values::Put::written: return true;
    case Values::Put::condition_failed: return false;
    case Values::Put::full: break;
    }
    return fail(Errc::overloaded, "embedded put",
                "the store holds its " + std::to_string(store_bytes_max_) +
                    " bytes: raise store_bytes_max, or shorten the TTLs");
}

Result<bool> Server::erase(const std::string& key) {
    if (auto valid = check_key(key, "embedded erase"); !valid) return fail(valid.error());
    const std::lock_guard lock(mutex_);
    if (auto error = away("erase")) return fail(*error);
    return data_.values.erase(key, clock_.now());
}

Result<bool> Server::erase_if_equal(const std::string& key, const std::string& expected) {
    if (auto valid = check_key(key, "embedded erase_if_equal"); !valid) return fail(valid.error());
    const std::lock_guard lock(mutex_);
    if (auto error = away("erase_if_equal")) return fail(*error);
    return data_.values.erase_if_equal(key, expected, clock_.now());
}

Result<Published> Server::publish(PublishRequest request) {
    if (auto valid = check_publication(request); !valid) return fail(valid.error());
    const std::lock_guard lock(mutex_);
    if (auto error = away("publish")) return fail(*error);
    Channel& channel = checked(request.channel);
    const Channel::Entry entry = channel.append(std::move(request.changed));
    push_entry(request.channel, entry);
    // Our own nodes subscribe to the channel itself, so to them these events are an echo of the entry.
    for (const std::string& event : request.plain_events) push_to_watches(request.channel, event);
    return Published{.position = entry->position, .lease = channel.lease()};
}

Result<Published> Server::renew(const RenewRequest& request) {
    const std::lock_guard lock(mutex_);
    if (auto error = away("renew")) return fail(*error);
    Channel& channel = checked(request.channel);
    channel.renew(request);
    return Published{.position = channel.position(), .lease = channel.lease()};
}

Result<std::vector<Channel::Entry>> Server::replay(const std::string& channel, Sequence first,
                                                   Sequence last) {
    const std::lock_guard lock(mutex_);
    if (auto error = away("replay")) return fail(*error);
    // Nothing is checked here: the entries are linked, and the reader sees whether they continue its own.
    const auto place = data_.channels.find(channel);
    if (place == data_.channels.end() || !place->second.state()) return {};
    return place->second.range(first, last);
}

Result<void> Server::leave(const std::string& channel, const std::string& member) {
    const std::lock_guard lock(mutex_);
    if (auto error = away("leave")) return fail(*error);
    checked(channel).leave(member);
    return {};
}

Result<void> Server::probe(const Session& session) {
    const std::lock_guard lock(mutex_);
    if (session.connected) return {};
    return fail(Errc::unavailable, "embedded probe", "the subscription is not connected");
}

void Server::attach(const std::shared_ptr<Session>& session) {
    const std::lock_guard lock(mutex_);
    sessions_.push_back(session);
    connect(session);
}

void Server::detach(const std::shared_ptr<Session>& session) {
    const std::lock_guard lock(mutex_);
    session->connected = false;
    std::erase(sessions_, session);
}

void Server::publish_plain(const std::string& channel, const std::string& payload) {
    if (payload.size() > Bus::plain_event_bytes_max) return;
    const std::lock_guard lock(mutex_);
    if (!reachable_) return;
    push_to_watches(channel, payload);
    for (const auto& session : sessions_) {
        const auto subscription = session->channels.find(channel);
        if (!session->connected || subscription == session->channels.end()) continue;
        if (!subscription->second) continue;
        deliver(session, [channel, payload](BusListener& to) { to.on_plain(channel, payload); });
    }
}

Server::WatchId Server::watch_plain(std::string channel) {
    const std::lock_guard lock(mutex_);
    watches_.emplace(++last_watch_, Watch{.channel = std::move(channel), .payloads = {}});
    return last_watch_;
}

std::vector<std::string> Server::take_plain(WatchId id) {
    const std::lock_guard lock(mutex_);
    return std::exchange(watches_.at(id).payloads, {});
}

void Server::unwatch_plain(WatchId id) {
    const std::lock_guard lock(mutex_);
    watches_.erase(id);
}

void Server::restart_empty() {
    const std::lock_guard lock(mutex_);
    data_ = Data{.identity = new_identity(), .channels = {}, .values = Values(store_bytes_max_)};
    break_subscriptions();
}

Server::Data Server::snapshot() const {
    const std::lock_guard lock(mutex_);
    return data_;
}

void Server::restore(Data older, Restored how) {
    const std::lock_guard lock(mutex_);
    data_ = std::move(older);
    if (how == Restored::under_new_identity) data_.identity = new_identity();
    break_subscriptions();
}

void Server::set_reachable() {
    const std::lock_guard lock(mutex_);
    reachable_ = true;
}

void Server::set_unreachable() {
    const std::lock_guard lock(mutex_);
    reachable_ = false;
    break_subscriptions();
}

void Server::disconnect() {
    const std::lock_guard lock(mutex_);
    break_subscriptions();
}

void Server::reconnect() {
    const std::lock_guard lock(mutex_);
    connectable_ = true;
    for (const auto& session : sessions_) connect(session);
}

void Server::push_undecodable(const std::string& channel) {
    const std::lock_guard lock(mutex_);
    for (const auto& session : sessions_) {
        if (!session->connected || !session->channels.contains(channel)) continue;
        deliver(session, [channel](BusListener& to) { to.on_undecodable(channel); });
    }
}

void Server::drop_store() {
    const std::lock_guard lock(mutex_);
    data_.values.clear();
}

void Server::rotate(const std::string& channel) {
    const std::lock_guard lock(mutex_);
    data_.channels[channel].rotate(data_.identity, random_);
}

Channel Server::channel(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto place = data_.channels.find(name);
    return place == data_.channels.end() ? Channel{} : place->second;
}

std::optional<Error> Server::away(std::string_view operation) const {
    if (reachable_) return std::nullopt;
    return Error{.code = Errc::unavailable,
                 .operation = "embedded " + std::string(operation),
                 .cause = "the server is away"};
}

Channel& Server::checked(const std::string& name) {
    Channel& channel = data_.channels[name];
    channel.check(data_.identity, random_);
    return channel;
}

Identity Server::new_identity() {
    Identity drawn{random_()};
    while (drawn == data_.identity) drawn = Identity{random_()};
    return drawn;
}

void Server::connect(const std::shared_ptr<Session>& session) {
    if (!connectable_ || session->connected) return;
    session->connected = true;
    deliver(session, [](BusListener& to) { to.on_subscribed(); });
}

void Server::break_subscriptions() {
    connectable_ = false;
    for (const auto& session : sessions_) {
        if (!std::exchange(session->connected, false)) continue;
        deliver(session, [](BusListener& to) { to.on_disconnected(); });
    }
}

void Server::push_entry(const std::string& channel, const Channel::Entry& entry) {
    for (const auto& session : sessions_) {
        if (!session->connected || !session->channels.contains(channel)) continue;
        deliver(session, [channel, entry](BusListener& to) { to.on_entry(channel, *entry); });
    }
}

void Server::push_to_watches(const std::string& channel, const std::string& payload) {
    if (payload.size() > Bus::plain_event_bytes_max) return;
    for (auto& [id, watch] : watches_) {
        if (watch.channel == channel) watch.payloads.push_back(payload);
    }
}

}  // namespace tutti::embedded
