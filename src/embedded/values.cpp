#include "embedded/values.hpp"

#include <chrono>
#include <limits>

namespace tutti::embedded {

namespace {

constexpr TimePoint never = TimePoint::max();
constexpr std::size_t collected_per_put = 16;  // more than one, so that the dead cannot pile up

TimePoint expiry(Ttl ttl, TimePoint now) {
    if (ttl.is_never() || ttl.lifetime() > never - now - std::chrono::milliseconds{1}) return never;
    return now + std::chrono::ceil<std::chrono::milliseconds>(ttl.lifetime());
}

}  // namespace

Values::Bytes Values::get(const std::string& key, TimePoint now) const {
    const auto place = values_.find(key);
    if (place == values_.end() || now > place->second.expires) return nullptr;
    return place->second.bytes;
}

Values::Put Values::put(const std::string& key, Bytes value, Store::PutOptions options,
                        TimePoint now) {
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
    values_.emplace(key, Value{.bytes = std::move(value), .expires = expires});
    return Put::written;
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
