#include "simulation/trace.hpp"

#include <chrono>
#include <cstdio>
#include <ranges>

namespace tutti::simulation {

std::string_view to_string(Event event) noexcept {
    static constexpr std::array<std::string_view, 55> names{
        "start",       "started",   "stop",       "stopped",       "crash",      "pause",
        "resume",      "freeze",    "thaw",       "cut",           "heal",       "half open",
        "disconnect",  "reconnect", "outage",     "restart empty", "restore",    "lose log",
        "trim",        "rotate",    "lose state", "lose members",  "lose tags",  "flush all",
        "undecodable", "evict",     "full",       "refuse",        "unreadable", "replicas",
        "failover",    "fine",      "get",        "refresh",       "offer",      "got",
        "failed",      "peek",      "commit",     "invalidate",    "published",  "done",
        "unconfirmed", "executed",  "load",       "source read",   "loaded",     "foreign",
        "reserve",     "reserved",  "confirmed",  "released",      "calm",       "stale check",
        "VIOLATION"};
    return names.at(static_cast<std::size_t>(event));
}

void Trace::add(const Entry& entry) {
    mix(static_cast<std::uint64_t>(entry.at.time_since_epoch().count()));
    mix(static_cast<std::uint64_t>(entry.event));
    mix(entry.node);
    mix(entry.row);
    mix(entry.number);
    entries_.push_back(entry);
}

void Trace::mix(std::uint64_t number) noexcept {
    hash_ = (hash_ ^ number) * 0x100000001b3;
    hash_ ^= hash_ >> 29;
}

std::string Trace::tail(std::size_t row, std::size_t count, TimePoint until) const {
    std::vector<const Entry*> chosen;
    for (auto entry = entries_.rbegin(); entry != entries_.rend() && chosen.size() < count;
         ++entry) {
        if (entry->at > until) continue;
        if (entry->row == row || entry->row == nobody) chosen.push_back(&*entry);
    }
    std::string text;
    const auto name = [](std::size_t number) {
        return number == nobody ? std::string("-") : std::to_string(number);
    };
    for (const Entry* entry : chosen | std::views::reverse) {
        const double seconds =
            std::chrono::duration<double>(entry->at.time_since_epoch()).count() - 3600;
        std::array<char, 128> line{};
        std::snprintf(line.data(), line.size(), "  %10.6f node %s row %s %s %llu\n", seconds,
                      name(entry->node).c_str(), name(entry->row).c_str(),
                      to_string(entry->event).data(),
                      static_cast<unsigned long long>(entry->number));
        text += line.data();
    }
    return text;
}

}  // namespace tutti::simulation
