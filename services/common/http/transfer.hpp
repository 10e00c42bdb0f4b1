// What bodies may cost while they travel: how many bytes of them all are held at once, and how
// slowly one may come or go.
//
// Thread-safety: none, the server's I/O thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <list>
#include <utility>

namespace tutti::services::http {

// A number of bytes that claims share.
class Budget {
public:
    // Part of the budget, given back by the destructor.
    class Claim {
    public:
        explicit Claim(Budget& budget) noexcept : budget_(&budget) {}
        ~Claim() { release(); }
        Claim(const Claim&) = delete;
        Claim& operator=(const Claim&) = delete;

        // False, and nothing changed, when there is not so much left. Never shrinks.
        [[nodiscard]] bool grow_to(std::size_t bytes) noexcept {
            if (bytes <= bytes_) return true;
            if (budget_->used_ + (bytes - bytes_) > budget_->bytes_max_) return false;
            budget_->used_ += bytes - bytes_;
            bytes_ = bytes;
            return true;
        }
        void release() noexcept { budget_->used_ -= std::exchange(bytes_, 0); }

    private:
        Budget* budget_;
        std::size_t bytes_ = 0;
    };

    explicit Budget(std::size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

private:
    std::size_t bytes_max_;
    std::size_t used_ = 0;
};

// How long a transfer may go on: `idle_max` without progress, and as a whole `idle_max` and what
// `bytes_per_second_min` takes for the bytes that have passed, so that a byte now and then is not
// progress.
class Pace {
public:
    using Time = std::chrono::steady_clock::time_point;

    Pace(std::chrono::milliseconds idle_max, std::size_t bytes_per_second_min, Time now) noexcept
        : idle_max_(idle_max), bytes_per_second_min_(bytes_per_second_min), begun_(now) {}

    // When the next step has to be done, when `bytes` have passed so far.
    [[nodiscard]] Time next(std::size_t bytes, Time now) const {
        const auto earned = std::chrono::milliseconds(
            static_cast<std::chrono::milliseconds::rep>(bytes * 1000 / bytes_per_second_min_));
        return std::min(now, begun_ + earned) + idle_max_;
    }

private:
    std::chrono::milliseconds idle_max_;
    std::size_t bytes_per_second_min_;
    Time begun_;
};

// The responses of one kind of route that are on their way.
template <class Owner>
class Sending {
    using Time = Pace::Time;
    struct Entry {
        Owner* owner;
        std::size_t bytes;  // zero: given up
        Time begun;
        std::size_t sent = 0;
    };

public:
    // One response; left by the destructor.
    class Part {
    public:
        Part(Sending& sending, Owner& owner, std::size_t bytes, Time now)
            : sending_(sending),
              at_(sending.parts_.insert(sending.parts_.end(),
                                        {.owner = &owner, .bytes = bytes, .begun = now})) {
            sending_.bytes_ += bytes;
        }
        ~Part() {
            sending_.bytes_ -= at_->bytes;
            sending_.parts_.erase(at_);
        }
        Part(const Part&) = delete;
        Part& operator=(const Part&) = delete;

        void sent(std::size_t bytes) { at_->sent += bytes; }

    private:
        friend class Sending;
        Sending& sending_;
        typename std::list<Entry>::iterator at_;
    };

    explicit Sending(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // Whether a response of that size may begin. When nothing else is sent, one of any size may.
    [[nodiscard]] bool has_room(std::size_t bytes) const {
        return bytes_ == 0 || bytes_ + bytes <= bytes_max_;
    }
    // The owner of the slowest of those that began before `before`, or null. It counts no longer:
    // its owner ends it.
    [[nodiscard]] Owner* give_up_slowest(Time before, Time now) {
        const auto rate = [now](const Entry& part) {
            const std::chrono::duration<double> taken = now - part.begun;
            return static_cast<double>(part.sent) / std::max(taken.count(), 1e-3);
        };
        Entry* slowest = nullptr;
        for (Entry& part : parts_) {
            if (part.bytes == 0 || part.begun >= before) continue;
            if (slowest == nullptr || rate(part) < rate(*slowest)) slowest = &part;
        }
        if (slowest == nullptr) return nullptr;
        bytes_ -= std::exchange(slowest->bytes, 0);
        return slowest->owner;
    }

private:
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::list<Entry> parts_;
};

}  // namespace tutti::services::http
