// Takes reservations and claims back whose writing failed without an answer: the store may have
// carried the write out, or carry it out later, and would then hold a key for an attempt that its
// caller was told has failed, or a load that all others wait for and that does not run.
//
// A compare-and-delete follows the write at once, on the same connection: operations of one caller
// take effect in the order of their calls, so what the write leaves, this removes. When the
// connection broke, its last commands may arrive behind those of the next one. So it is repeated,
// after pauses that double, until the store has removed something, or has said for as long as one
// window that there is nothing to remove.
//
// Bounded: at most `owed_max` keys are asked about again; beyond that only the first question is
// asked, and what it misses ends with its window. A write that was never sent leaves nothing to
// take back: an outage has many of them, and the whole fleet would ask the server about all of them
// when it is back.
//
// Thread-safety: all functions may be called from any thread. Blocking: never. Lifetime: owns what
// it works on; the clock lives for the whole program.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"
#include "tutti/executor.hpp"
#include "tutti/store.hpp"

namespace tutti {

class TakeBack : public std::enable_shared_from_this<TakeBack> {
public:
    static constexpr std::size_t owed_max = 1000;

    // Deletes what the attempt has written, and nothing else; says whether it was there.
    using Remove = std::function<void(TimePoint deadline, Completion<bool> done)>;

    TakeBack(const Clock& clock, std::shared_ptr<Executor> executor, Duration window);

    // Whether a write that ended so may have taken effect, or will.
    [[nodiscard]] static bool may_be_written(const Error& error) noexcept;
    // Whether a removal that ended so may have left what it was to remove, and is worth repeating.
    [[nodiscard]] static bool may_be_left(const Error& error) noexcept;

    void take(Remove remove);
    // What is owed is left to end with its window.
    void close();

private:
    struct Owed {
        Remove remove;
        Duration pause;
        std::optional<TimePoint> absent_since{};  // as the store says
    };

    [[nodiscard]] bool is_closed();
    void ask(const std::shared_ptr<Owed>& owed);
    void answered(const std::shared_ptr<Owed>& owed, const Result<bool>& removed);
    [[nodiscard]] bool is_settled(Owed& owed, const Result<bool>& removed) const;
    void ask_later(const std::shared_ptr<Owed>& owed) TUTTI_REQUIRES(mutex_);

    const Clock& clock_;
    const std::shared_ptr<Executor> executor_;
    const Duration window_;
    const Duration pause_max_;  // without an answer; also what one question may take
    detail::Mutex mutex_;
    std::size_t owed_ TUTTI_GUARDED_BY(mutex_) = 0;  // those that are asked about again
    bool closed_ TUTTI_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti
