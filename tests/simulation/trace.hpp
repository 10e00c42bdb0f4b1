// What happened, in order: a hash over all of it, which is how two runs are compared, and the last
// part of it in words, which is how a violation is understood.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"

namespace tutti::simulation {

enum class Event : std::uint8_t {
    start,
    started,
    stop,
    stopped,
    crash,
    pause,
    resume,
    freeze,
    thaw,
    cut,
    heal,
    half_open,
    disconnect,
    reconnect,
    outage,
    restart_empty,
    restore,
    lose_log,
    trim,
    rotate,
    lose_state,
    lose_members,
    lose_tags,
    flush_all,
    undecodable,
    evict,
    full,
    refuse,
    unreadable,
    replicas,
    failover,
    fine,
    get,
    refresh,
    offer,
    got,
    failed,
    peek,
    commit,
    invalidate,
    published,
    done,
    unconfirmed,
    executed,
    load,
    source_read,
    loaded,
    foreign,
    reserve,
    reserved,
    confirmed,
    released,
    calm,
    stale_check,
    violation,
};

[[nodiscard]] std::string_view to_string(Event event) noexcept;

class Trace {
public:
    static constexpr std::size_t nobody = ~std::size_t{0};

    struct Entry {
        TimePoint at;
        Event event;
        std::size_t node;
        std::size_t row;
        std::uint64_t number;
    };

    void add(const Entry& entry);
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    // The last ones until then that concern `row`, or no row.
    [[nodiscard]] std::string tail(std::size_t row, std::size_t count, TimePoint until) const;

private:
    void mix(std::uint64_t number) noexcept;

    std::vector<Entry> entries_;
    std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace tutti::simulation
