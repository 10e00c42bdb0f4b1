#include "embedded/values.hpp"

#include <algorithm>
#include <limits>

#include "coherence/store_rules.hpp"

namespace tutti::embedded {

namespace {

constexpr std::size_t collected_per_put = 16;  // more than one, so that the dead cannot pile up

TimePoint expiry(Ttl ttl, TimePoint now) {
    if (ttl.is_never()) return never;
    return saturating_add(now, store_rules::rounded_up(ttl.lifetime()));
}

}  // namespace

const Values::Value* Values::find(const std::string& key, TimePoint now) const {
    const auto place = values_.find(key);
    if (place == values_.end() || now > place->second.expires) return nullptr;
    return &place->second;
}

Values::Bytes Values::get(const std::string& key, TimePoint now) const {
    const Value* const value = find(key, now);
    return value != nullptr ? value->bytes : nullptr;
}

std::size_t Values::count(std::string_view prefix, TimePoint now) const {
    return static_cast<std::size_t>(std::ranges::count_if(values_, [&](const auto& entry) {
        return entry.first.starts_with(prefix) && now <= entry.second.expires;
    }));
}

Values::Put Values::put(const std::string& key, Bytes value, Store::PutOptions options,
                        TimePoint now, std::optional<Label> label) {
    if (options.condition == Store::Condition::if_absent && get(key, now)) {
        return Put::condition_failed;
    }
    collect(now, collected_per_put);
    if (!has_room(key, value->size())) collect(now, std::numeric_limits<std::size_t>::max());
    if (!has_room(key, value->size())) return Put::full;

    if (const auto old = values_.find(key); old != values_.end()) remove(old);
    const TimePoint expires = expiry(options.ttl, now);
    bytes_ += key.size() + value->size();
    if (expires != never) expiries_.emplace(expires, key);
    values_.emplace(
        key, Value{.bytes = std::move(value), .expires = expires, .label = std::move(label)});
    return Put::written;
}

void Values::relabel(const std::string& key, const Label& label) {
    values_.find(key)->second.label = label;
}

bool Values::erase(const std::string& key, TimePoint now) {
    const auto place = values_.find(key);
    if (place == values_.end()) return false;
    const bool alive = now <= place->second.expires;
    remove(place);
    return alive;
}

bool Values::erase_if_equal(const std::string& key, std::string_view expected, TimePoint now) {
    const Bytes found = get(key, now);
    return found && *found == expected && erase(key, now);
}

void Values::clear() {
    values_.clear();
    expiries_.clear();
    bytes_ = 0;
}

Error Values::full(std::string operation) const {
    return {.code = Errc::overloaded,
            .operation = std::move(operation),
            .cause = "the store holds its " + std::to_string(bytes_max_) +
                     " bytes: raise store_bytes_max, or shorten the TTLs"};
}

bool Values::has_room(const std::string& key, std::size_t value_bytes) const {
    const auto old = values_.find(key);
    const std::size_t freed =
        old == values_.end() ? 0 : old->first.size() + old->second.bytes->size();
    return bytes_ - freed + key.size() + value_bytes <= bytes_max_;
}

void Values::collect(TimePoint now, std::size_t count_max) {
    for (std::size_t i = 0; i < count_max; ++i) {
        if (expiries_.empty() || expiries_.begin()->first >= now) return;
        remove(values_.find(expiries_.begin()->second));
    }
}

void Values::remove(Map::iterator place) {
    bytes_ -= place->first.size() + place->second.bytes->size();
    if (place->second.expires != never) {
        expiries_.erase({place->second.expires, place->first});
    }
    values_.erase(place);
}

}  // namespace tutti::embedded
