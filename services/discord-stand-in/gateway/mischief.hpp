// What becomes of events on their way, on request: they come twice, late or not at all.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe/enum.hpp>

namespace tutti::services::discord::gateway {

enum class MischiefKind : std::uint8_t { duplicate, delay, lose };
BOOST_DESCRIBE_ENUM(MischiefKind, duplicate, delay, lose)

struct Mischief {
    MischiefKind does = MischiefKind::duplicate;
    std::string event{};                   // "MESSAGE_CREATE"; empty: each
    std::chrono::milliseconds delay{100};  // of `delay`
    std::size_t times = 1;
};

class Mischiefs {
public:
    static constexpr std::size_t mischiefs_max = 1'000;

    // False: there are too many.
    [[nodiscard]] bool add(Mischief one) {
        if (all_.size() >= mischiefs_max || one.times == 0) return false;
        all_.push_back(std::move(one));
        return true;
    }
    void clear() { all_.clear(); }
    // The one that this event meets; the oldest first.
    [[nodiscard]] std::optional<Mischief> next(std::string_view event) {
        for (auto at = all_.begin(); at != all_.end(); ++at) {
            if (!at->event.empty() && at->event != event) continue;
            Mischief met = *at;
            if (--at->times == 0) all_.erase(at);
            return met;
        }
        return std::nullopt;
    }

private:
    std::vector<Mischief> all_;
};

}  // namespace tutti::services::discord::gateway
