// What the typed facades (`Coherent`, `Local`) stand on. Keys are text and values are shared void
// pointers here, so that there is one implementation, compiled once, behind caches of every type.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/detail/wait_for.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/lookup.hpp"
#include "tutti/store.hpp"

namespace tutti::detail {

struct RawLoaded {
    std::shared_ptr<const void> value;  // null unless `found`
    Answer answer = Answer::absent;
    std::string
        detail;  // the category of a negative answer, the reason of an unknown or guessed one
    bool guessed = false;
    std::optional<Ttl> ttl = std::nullopt;
    bool cacheable = true;
    std::size_t weight = 0;  // of the value, in a memory tier whose bound is in bytes
};

// Exactly one of the two is set. The key is the user's own, as given to `get`.
struct RawLoader {
    std::function<Result<RawLoaded>(const void* key, LoadContext& context)> blocking;
    std::function<void(std::shared_ptr<const void> key, LoadContext context,
                       Completion<RawLoaded> done)>
        asynchronous;
};

class Cache {
public:
    virtual ~Cache() = default;

    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    // A function of the user's has thrown where no caller is left to be told: a line in the log.
    virtual void report(std::string_view function, const Error& error) noexcept = 0;

    // An answer from memory that may be served now, or an error that ends the read (not started,
    // suspect and declared `fail`), or nullopt: load. Never blocks on I/O.
    virtual std::optional<Result<RawLookup>> hit(std::string_view key) = 0;

    // Joins or starts a flight. `done` runs once, on an unspecified thread. `key` is the user's key
    // and `text` its text. Looks into memory once more first.
    virtual void load(std::string text, std::shared_ptr<const void> key, Duration timeout,
                      Completion<RawLookup> done) = 0;

    // As `load`, and never answered by a load that began before: the value replaces what is there.
    virtual void refresh(std::string text, std::shared_ptr<const void> key, Duration timeout,
                         Completion<RawLookup> done) = 0;

    // Stores a value that the caller has come by, as if it had been loaded now. Only with a store.
    virtual void offer(std::string text, std::shared_ptr<const void> value, Duration timeout,
                       Completion<Filled> done) = 0;

    // Drops the key (all keys for nullopt) here at once, then everywhere by way of the bus, if the
    // cache has one. `done` runs once, on the node's executor or on this thread.
    virtual void invalidate(std::optional<std::string> key, InvalidateOptions options,
                            std::move_only_function<void(Invalidation)> done) = 0;
};

template <>
struct NoAnswer<Invalidation> {
    static Invalidation because(Errc, std::string why) {
        return {.outcome = Invalidation::Outcome::unconfirmed,
                .position = {},
                .reason = std::move(why)};
    }
};

}  // namespace tutti::detail
