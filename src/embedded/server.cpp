#include "embedded/server.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/system_random.hpp"
#include "coherence/publication.hpp"
#include "coherence/store_rules.hpp"

namespace tutti::embedded {

namespace {

// Posts a call of the listener; nothing happens when the subscriptions were closed by then.
template <class F>
void deliver(const std::shared_ptr<Subscriptions>& subscriptions, F call) {
    subscriptions->executor.post([subscriptions, call = std::move(call)]() mutable {
        if (!subscriptions->closed.load(std::memory_order_acquire)) call(*subscriptions->listener);
    });
}

}  // namespace

Server::Server(const EmbeddedHub::Options& options)
    : clock_(options.clock),
      store_bytes_max_(options.store_bytes_max),
      random_(options.seed ? *options.seed : system_random()),
      data_{.identity = Identity{random_()},
            .channels = {},
            .values = Values(options.store_bytes_max)} {}

template <class F>
void Server::push(const std::string& channel, const F& call) {
    for (const auto& subscriptions : attached_) {
        if (!subscriptions->connected || !subscriptions->channels.contains(channel)) continue;
        deliver(subscriptions, call);
    }
}

Result<Published> Server::publish(PublishRequest request) {
    if (auto error = publication::check("embedded publish", request)) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto error = away("publish")) return fail(*error);
    ServerChannel& channel = checked(request.channel);
    std::vector<std::string> woken = remove_values(channel, request.changed);
    const ServerChannel::Entry entry = channel.append(std::move(request.changed), random_);
    push_entry(request.channel, entry);
    // Our own nodes subscribe to the channel itself, so to them these events are an echo of the
    // entry.
    for (const std::string& event : request.plain_events) push_to_watches(request.channel, event);
    if (request.acknowledge) {
        channel.want_acks();
        want_acks(request.channel, entry->position);
    }
    // Last: a load that begins before the entry arrives would count as older than it.
    wake(woken);
    return Published{.position = entry->position,
                     .lease = channel.lease(),
                     .renewals = channel.renewals(),
                     .members = channel.members().size()};
}

template <class F>
void Server::watch_low_water(const std::string& name, ServerChannel& channel, F change) {
    const Sequence before = channel.low_water().value_or(0);
    change();
    const auto now = channel.low_water();
    if (!now || *now <= before || before >= channel.wanted()) return;
    const Epoch epoch = channel.position().epoch;
    push(name, [name, epoch, low = *now](BusListener& to) { to.on_all_acked(name, epoch, low); });
}

Result<Renewed> Server::renew(const RenewRequest& request) {
    if (auto error = publication::check("embedded renew", request)) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto error = away("renew")) return fail(*error);
    ServerChannel& channel = checked(request.channel);
    watch_low_water(request.channel, channel, [&] { channel.renew(request, clock_.now()); });
    return Renewed{.position = channel.position(), .lease = channel.lease()};
}

Result<std::vector<ServerChannel::Entry>> Server::replay(const std::string& channel, Sequence first,
                                                         Sequence last) {
    if (auto error = store_rules::check_name("embedded replay", "the channel", channel)) {
        return fail(*error);
    }
    const detail::Lock lock(mutex_);
    if (auto error = away("replay")) return fail(*error);
    // Nothing is checked here: the entries are linked, and the reader sees whether they continue
    // its own.
    const auto place = data_.channels.find(channel);
    if (place == data_.channels.end() || !place->second.state()) return {};
    return place->second.range(first, last);
}

Result<void> Server::leave(const std::string& channel, const std::string& member) {
    if (auto error = publication::check_member("embedded leave", channel, member)) {
        return fail(*error);
    }
    const detail::Lock lock(mutex_);
    if (auto error = away("leave")) return fail(*error);
    ServerChannel& left = checked(channel);
    watch_low_water(channel, left, [&] { left.leave(member, clock_.now()); });
    return {};
}

// Not checked: what a restarted server has is an older log, in which nothing that was published
// since can be acknowledged.
Result<void> Server::acknowledge(const AckRequest& request) {
    constexpr const char* operation = "embedded acknowledge";
    if (auto error = publication::check_member(operation, request.channel, request.member)) {
        return fail(*error);
    }
    const detail::Lock lock(mutex_);
    if (auto error = away("acknowledge")) return fail(*error);
    const auto place = data_.channels.find(request.channel);
    if (place == data_.channels.end() || !place->second.state()) return {};
    watch_low_water(request.channel, place->second,
                    [&] { place->second.acknowledge(request.member, request.applied); });
    return {};
}

Result<Laggards> Server::laggards(const std::string& channel, Sequence sequence) {
    if (auto error = store_rules::check_name("embedded laggards", "the channel", channel)) {
        return fail(*error);
    }
    const detail::Lock lock(mutex_);
    if (auto error = away("laggards")) return fail(*error);
    const ServerChannel& asked = checked(channel);
    Laggards laggards{.epoch = asked.position().epoch};
    for (const auto& [name, member] : asked.members()) {
        if (member.applied < sequence)
            laggards.members.push_back({.name = name, .applied = member.applied});
    }
    std::ranges::sort(laggards.members, {}, [](const Laggards::Member& member) {
        return std::tie(member.applied, member.name);
    });
    if (laggards.members.size() > Bus::laggards_max) laggards.members.resize(Bus::laggards_max);
    return laggards;
}

Result<void> Server::reap(const std::string& channel, Epoch epoch, std::uint64_t renewals) {
    if (auto error = store_rules::check_name("embedded reap", "the channel", channel)) {
        return fail(*error);
    }
    const detail::Lock lock(mutex_);
    if (auto error = away("reap")) return fail(*error);
    ServerChannel& reaped = checked(channel);
    if (reaped.position().epoch != epoch) return {};
    watch_low_water(channel, reaped, [&] { reaped.reap(renewals, clock_.now()); });
    return {};
}

Result<void> Server::probe(const Subscriptions& subscriptions) {
    const detail::Lock lock(mutex_);
    if (subscriptions.connected) return {};
    return fail(Errc::unavailable, "embedded probe", "the subscription is not connected");
}

Identity Server::identity() const {
    const detail::Lock lock(mutex_);
    return data_.identity;
}

void Server::attach(const std::shared_ptr<Subscriptions>& subscriptions) {
    const detail::Lock lock(mutex_);
    attached_.push_back(subscriptions);
    connect(subscriptions);
}

void Server::detach(const std::shared_ptr<Subscriptions>& subscriptions) {
    const detail::Lock lock(mutex_);
    subscriptions->connected = false;
    std::erase(attached_, subscriptions);
}

void Server::publish_plain(const std::string& channel, const std::string& payload) {
    const detail::Lock lock(mutex_);
    if (!reachable_) return;
    push_to_watches(channel, payload);
    for (const auto& subscriptions : attached_) {
        const auto subscription = subscriptions->channels.find(channel);
        if (!subscriptions->connected || subscription == subscriptions->channels.end()) continue;
        if (!subscription->second) continue;
        if (payload.size() > Bus::plain_event_bytes_max) {
            deliver(subscriptions, [channel, bytes = payload.size()](BusListener& to) {
                to.on_oversized_plain(channel, bytes);
            });
        } else {
            deliver(subscriptions,
                    [channel, payload](BusListener& to) { to.on_plain(channel, payload); });
        }
    }
}

Server::WatchId Server::watch_plain(std::string channel) {
    const detail::Lock lock(mutex_);
    watches_.emplace(++last_watch_, Watch{.channel = std::move(channel), .payloads = {}});
    return last_watch_;
}

std::vector<std::string> Server::take_plain(WatchId id) {
    const detail::Lock lock(mutex_);
    return std::exchange(watches_.at(id).payloads, {});
}

void Server::unwatch_plain(WatchId id) {
    const detail::Lock lock(mutex_);
    watches_.erase(id);
}

void Server::restart_empty() {
    const detail::Lock lock(mutex_);
    data_ = Data{.identity = new_identity(), .channels = {}, .values = Values(store_bytes_max_)};
    break_subscriptions();
}

Server::Data Server::snapshot() const {
    const detail::Lock lock(mutex_);
    return data_;
}

void Server::restore(Data older, Restored how) {
    const detail::Lock lock(mutex_);
    data_ = std::move(older);
    if (how == Restored::under_new_identity) data_.identity = new_identity();
    break_subscriptions();
}

void Server::set_reachable() {
    const detail::Lock lock(mutex_);
    reachable_ = true;
}

void Server::set_unreachable() {
    const detail::Lock lock(mutex_);
    reachable_ = false;
    break_subscriptions();
}

void Server::disconnect() {
    const detail::Lock lock(mutex_);
    break_subscriptions();
}

void Server::reconnect() {
    const detail::Lock lock(mutex_);
    connectable_ = true;
    for (const auto& subscriptions : attached_) connect(subscriptions);
}

void Server::push_undecodable(const std::string& channel) {
    const detail::Lock lock(mutex_);
    push(channel, [channel](BusListener& to) { to.on_undecodable(channel); });
}

void Server::drop_store() {
    const detail::Lock lock(mutex_);
    data_.values.clear();
}

void Server::rotate(const std::string& channel) {
    const detail::Lock lock(mutex_);
    data_.channels[channel].rotate(data_.identity, random_);
}

ServerChannel Server::channel(const std::string& name) const {
    const detail::Lock lock(mutex_);
    const auto place = data_.channels.find(name);
    return place == data_.channels.end() ? ServerChannel{} : place->second;
}

std::optional<Error> Server::away(std::string_view operation) const {
    if (reachable_) return std::nullopt;
    return Error{.code = Errc::unavailable,
                 .operation = "embedded " + std::string(operation),
                 .cause = "the server is away",
                 .unsent = true};
}

ServerChannel& Server::checked(const std::string& name) {
    ServerChannel& channel = data_.channels[name];
    channel.check(data_.identity, random_);
    return channel;
}

Identity Server::new_identity() {
    Identity drawn{random_()};
    while (drawn == data_.identity) drawn = Identity{random_()};
    return drawn;
}

void Server::connect(const std::shared_ptr<Subscriptions>& subscriptions) {
    if (!connectable_ || subscriptions->connected) return;
    subscriptions->connected = true;
    deliver(subscriptions, [](BusListener& to) { to.on_subscribed(); });
}

void Server::break_subscriptions() {
    connectable_ = false;
    for (const auto& subscriptions : attached_) {
        if (!std::exchange(subscriptions->connected, false)) continue;
        deliver(subscriptions, [](BusListener& to) { to.on_disconnected(); });
    }
}

void Server::push_entry(const std::string& channel, const ServerChannel::Entry& entry) {
    push(channel, [channel, entry](BusListener& to) { to.on_entry(channel, *entry); });
}

void Server::want_acks(const std::string& channel, const BusPosition& position) {
    push(channel, [channel, position](BusListener& to) {
        to.on_ack_wanted(channel, position.epoch, position.sequence);
    });
}

void Server::wake(const std::vector<std::string>& store_keys) {
    for (const std::string& key : store_keys) {
        for (const auto& subscriptions : attached_) {
            if (!subscriptions->connected) continue;
            deliver(subscriptions, [key](BusListener& to) { to.on_woken(key); });
        }
    }
}

void Server::push_to_watches(const std::string& channel, const std::string& payload) {
    for (auto& [id, watch] : watches_) {
        if (watch.channel == channel) watch.payloads.push_back(payload);
    }
}

}  // namespace tutti::embedded
