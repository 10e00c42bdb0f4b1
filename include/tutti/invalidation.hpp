// What `invalidate` does and what it says about it.
//
// Call it after the source has committed. The key is gone from this node when the call begins to
// talk to the bus; the outcome tells what is known about the others.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti {

// What to wait for.
enum class Ack : unsigned char {
    none,            // the publication: one round trip
    every_instance,  // every instance has applied it or serves nothing from memory
};

[[nodiscard]] constexpr std::string_view to_string(Ack ack) noexcept {
    switch (ack) {
    case Ack::none: return "none";
    case Ack::every_instance: return "every_instance";
    }
    return "unknown";
}

struct InvalidateOptions {
    Ack ack = Ack::none;
    // Waits no longer than this. Where every instance answers, `every_instance` takes about two
    // round trips. To be `done` without an instance that has died or is cut off it must exceed the
    // node's wait-out (lease x 1.2 + 50 ms: 3.65 s by default), and so it must for that long after
    // the node has started.
    OptionDuration deadline = std::chrono::seconds{5};
};

namespace detail {

class Invalidated;
struct Together;

}  // namespace detail

// A key or a tag and whose it is: `users.key(7)`, `users.tag("team:10")`, for `invalidate_together`
// (<tutti/invalidator.hpp>). Plain value; it may outlive its cache's node.
class ChangedKey {
public:
    ChangedKey(std::shared_ptr<detail::Invalidated> of, Result<KeySet> changed) noexcept
        : of_(std::move(of)), changed_(std::move(changed)) {}

private:
    friend struct detail::Together;

    std::shared_ptr<detail::Invalidated> of_;  // never null
    Result<KeySet> changed_;                   // one of either
};

// The outcome of one `invalidate`.
struct Invalidation {
    enum class Outcome : unsigned char {
        published,    // in the log: no instance serves an older value after the lease bound
        done,         // no read that begins from now on, anywhere, yields a value loaded before
        unconfirmed,  // neither is known; `reason` says why
    };

    Outcome outcome = Outcome::unconfirmed;
    // Where the publication stands in the log; of the last part when it was split.
    BusPosition position;
    // Empty unless `unconfirmed`. An unpublished invalidation is not lost: the node keeps
    // publishing it in the background until the bus takes it or the node stops.
    std::string reason;
    // How it became known to be `done`.
    enum class By : unsigned char {
        nothing,           // it is not, or there was nothing to invalidate
        acknowledgements,  // every instance has said that it has applied it
        wait_out,          // some have not, and serve nothing from memory any more
    };
    By by = By::nothing;
    Duration took{};  // from the call on
    // Instances that had not answered when this was last looked at, Bus::laggards_max at most.
    // Empty where none was waited for.
    std::vector<std::string> silent = {};

    [[nodiscard]] bool done() const noexcept { return outcome == Outcome::done; }
    [[nodiscard]] bool published() const noexcept { return outcome != Outcome::unconfirmed; }
};

[[nodiscard]] constexpr std::string_view to_string(Invalidation::Outcome outcome) noexcept {
    switch (outcome) {
    case Invalidation::Outcome::published: return "published";
    case Invalidation::Outcome::done: return "done";
    case Invalidation::Outcome::unconfirmed: return "unconfirmed";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(Invalidation::By by) noexcept {
    switch (by) {
    case Invalidation::By::nothing: return "nothing";
    case Invalidation::By::acknowledgements: return "acknowledgements";
    case Invalidation::By::wait_out: return "wait-out";
    }
    return "unknown";
}

}  // namespace tutti
