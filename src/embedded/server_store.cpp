// What the server does for the store.
#include <memory>
#include <utility>

#include "coherence/store_rules.hpp"
#include "embedded/server.hpp"

namespace tutti::embedded {

Result<Values::Bytes> Server::get(const std::string& key) {
    if (auto error = store_rules::check_key("embedded get", key)) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto error = away("get")) return fail(*error);
    return data_.values.get(key, clock_.now());
}

Result<bool> Server::put(const std::string& key, std::string value, Store::PutOptions options) {
    constexpr const char* operation = "embedded put";
    auto error = store_rules::check_key(operation, key);
    if (!error) error = store_rules::check_value(operation, value);
    if (!error) error = store_rules::check_ttl(operation, options.ttl);
    if (error) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto away_error = away("put")) return fail(*away_error);
    return put_checked(operation, key, std::move(value), options);
}

Result<bool> Server::put_checked(const char* operation, const std::string& key, std::string value,
                                 Store::PutOptions options) {
    auto bytes = std::make_shared<const std::string>(std::move(value));
    switch (data_.values.put(key, std::move(bytes), options, clock_.now())) {
    case Values::Put::written: return true;
    case Values::Put::condition_failed: return false;
    case Values::Put::full: break;
    }
    return fail(data_.values.full(operation));
}

Result<bool> Server::erase(const std::string& key) {
    if (auto error = store_rules::check_key("embedded erase", key)) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto error = away("erase")) return fail(*error);
    return data_.values.erase(key, clock_.now());
}

Result<bool> Server::erase_if_equal(const std::string& key, const std::string& expected) {
    constexpr const char* operation = "embedded erase_if_equal";
    auto error = store_rules::check_key(operation, key);
    if (!error) error = store_rules::check_value(operation, expected);
    if (error) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto away_error = away("erase_if_equal")) return fail(*away_error);
    return data_.values.erase_if_equal(key, expected, clock_.now());
}

Result<bool> Server::replace_if_equal(const std::string& key, const std::string& expected,
                                      std::string value, Ttl ttl) {
    constexpr const char* operation = "embedded replace_if_equal";
    auto error = store_rules::check_key(operation, key);
    if (!error) error = store_rules::check_value(operation, expected);
    if (!error) error = store_rules::check_value(operation, value);
    if (!error) error = store_rules::check_ttl(operation, ttl);
    if (error) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto away_error = away("replace_if_equal")) return fail(*away_error);
    const Values::Bytes found = data_.values.get(key, clock_.now());
    if (!found || *found != expected) return false;
    return put_checked(operation, key, std::move(value), {.ttl = ttl});
}

Result<std::size_t> Server::count(const std::string& prefix) {
    if (auto error = store_rules::check_key("embedded count", prefix)) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto error = away("count")) return fail(*error);
    return data_.values.count(prefix, clock_.now());
}

Result<Fetched> Server::fetch(const FetchRequest& request) {
    constexpr const char* operation = "embedded fetch";
    if (auto error = store_rules::check(operation, request)) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto error = away("fetch")) return fail(*error);
    ServerChannel& channel = checked(request.address.channel);
    if (!channel.remember(request.address.prefix)) {
        return fail(store_rules::too_many_prefixes(operation));
    }
    auto fetched = coordinated(channel).fetch(request);
    if (fetched) fetched->epoch = channel.position().epoch;
    return fetched;
}

Result<Filled> Server::fill(FillRequest request) {
    constexpr const char* operation = "embedded fill";
    if (auto error = store_rules::check(operation, request)) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto error = away("fill")) return fail(*error);
    ServerChannel& channel = checked(request.address.channel);
    Coordinated values = coordinated(channel);
    if (!values.may_fill(request.address, request.token)) return Filled::claim_lost;
    if (!channel.remember(request.address.prefix)) {
        return fail(store_rules::too_many_prefixes(operation));
    }
    auto filled = values.fill(std::move(request));
    wake(values.woken());
    return filled;
}

Result<bool> Server::release(const ValueAddress& address, const LoadToken& token) {
    if (auto error = store_rules::check_release("embedded release", address, token)) {
        return fail(*error);
    }
    const detail::Lock lock(mutex_);
    if (auto error = away("release")) return fail(*error);
    Coordinated values = coordinated(checked(address.channel));
    const bool released = values.release(address, token);
    wake(values.woken());
    return released;
}

Result<void> Server::drop(const std::string& channel, const KeySet& changed) {
    constexpr const char* operation = "embedded drop";
    auto error = store_rules::check_name(operation, "the channel", channel);
    if (!error) error = store_rules::check_changed(operation, changed);
    if (error) return fail(*error);
    const detail::Lock lock(mutex_);
    if (auto away_error = away("drop")) return fail(*away_error);
    wake(remove_values(checked(channel), changed));
    return {};
}

Coordinated Server::coordinated(ServerChannel& channel) {
    return {data_.values, channel, clock_.now()};
}

std::vector<std::string> Server::remove_values(ServerChannel& channel, const KeySet& changed) {
    if (changed.all) {
        channel.next_generation();
        return {""};
    }
    Coordinated values = coordinated(channel);
    for (const std::string& key : changed.keys) {
        for (const std::string& prefix : channel.prefixes()) {
            values.remove(prefix + key);
        }
    }
    channel.invalidate_tags(changed.tags);
    return values.woken();
}

}  // namespace tutti::embedded
