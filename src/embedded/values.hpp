// The server's values: bytes by key until they expire, within a number of bytes.
//
// Expired values answer nobody; their memory is given back bit by bit, by later puts, because the
// server has no thread that could sweep.
//
// Invariant: `expiries_` holds exactly the keys of values that expire, by time.
// Thread-safety: none; the server's mutex.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/store.hpp"

namespace tutti::embedded {

class Values {
public:
    using Bytes = std::shared_ptr<const std::string>;

    enum class Put : unsigned char { written, condition_failed, full };

    explicit Values(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // nullptr: no such key.
    [[nodiscard]] Bytes get(const std::string& key, TimePoint now) const;
    Put put(const std::string& key, Bytes value, Store::PutOptions options, TimePoint now);
    bool erase(const std::string& key, TimePoint now);
    bool erase_if_equal(const std::string& key, std::string_view expected, TimePoint now);
    void clear();

private:
    struct Value {
        Bytes bytes;
        TimePoint expires;  // alive at this moment, dead after it; max: never
    };
    using Map = std::unordered_map<std::string, Value>;

    [[nodiscard]] bool has_room(const std::string& key, std::size_t value_bytes) const;
    void collect(TimePoint now, std::size_t count_max);
    void remove(Map::iterator place);

    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    Map values_;
    std::set<std::pair<TimePoint, std::string>> expiries_;
};

}  // namespace tutti::embedded
