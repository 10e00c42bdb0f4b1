// What a reservation's handle stands on: keys and what is stored under them as text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/clock.hpp"
#include "tutti/detail/wait_for.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti::detail {

struct RawAttempt {
    bool granted = false;
    bool guarded = true;
    std::string stored;    // by this attempt, or by the holder
    std::string degraded;  // why it is not guarded
};

class ReservationCore {
public:
    virtual ~ReservationCore() = default;
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    // As Invalidated::report.
    virtual void report(std::string_view function, const Error& error) noexcept = 0;
    virtual void reserve(std::string key, std::string note, Duration timeout,
                         Completion<RawAttempt> done) = 0;
    virtual void confirm(std::string key, std::string stored, Duration timeout,
                         Completion<bool> done) = 0;
    virtual void release(std::string key, std::string stored, Duration timeout,
                         Completion<bool> done) = 0;
    virtual void count(Duration timeout, Completion<std::size_t> done) = 0;
    // The note in what is stored; nullopt: not ours.
    [[nodiscard]] virtual std::optional<std::string_view> note_of(
        std::string_view stored) const = 0;
};

}  // namespace tutti::detail
