// The server's values: bytes by key until they expire, within a number of bytes. A value may carry
// a label, which is what a header in front of the bytes is in Redis: who writes the key without one
// takes it away.
//
// Expired values are not served; their memory is given back bit by bit, by later puts, because the
// server has no thread that could sweep.
//
// Invariant: `expiries_` holds exactly the keys of values that expire, by time.
// Thread-safety: none; the server's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti::embedded {

inline constexpr TimePoint never = TimePoint::max();  // when a value expires that does not

// What a coordinated value belongs to; one of another epoch or generation is absent.
struct Era {
    Epoch epoch = Epoch::none;
    std::uint64_t generation = 0;

    friend bool operator==(const Era&, const Era&) = default;
};

struct Label {
    Era era;
    Duration fresh_for{};  // of a value
    Duration kept_for{};
    std::optional<std::int64_t> rank = std::nullopt;
    std::uint64_t digest = 0;  // beside a raw value: of its bytes
    bool waiting = false;      // of a claim: a load wants to know when it ends
    // Of a claim, and of a tagged value that was stored under it: the channel's sequence when it
    // was given.
    Sequence claimed_at = 0;
    std::optional<std::vector<std::string>> tags = std::nullopt;  // of a tagged value
};

class Values {
public:
    using Bytes = std::shared_ptr<const std::string>;

    struct Value {
        Bytes bytes;
        TimePoint expires;  // alive at this moment, dead after it
        std::optional<Label> label;
    };

    enum class Put : unsigned char { written, condition_failed, full };

    explicit Values(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // nullptr: no such key.
    [[nodiscard]] const Value* find(const std::string& key, TimePoint now) const;
    [[nodiscard]] Bytes get(const std::string& key, TimePoint now) const;
    [[nodiscard]] std::size_t count(std::string_view prefix, TimePoint now) const;
    Put put(const std::string& key, Bytes value, Store::PutOptions options, TimePoint now,
            std::optional<Label> label = std::nullopt);
    // Requires: the value is there.
    void relabel(const std::string& key, const Label& label);
    bool erase(const std::string& key, TimePoint now);
    bool erase_if_equal(const std::string& key, std::string_view expected, TimePoint now);
    void clear();

    // What `Put::full` means to a caller.
    [[nodiscard]] Error full(std::string operation) const;

private:
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
