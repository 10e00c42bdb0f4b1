// What the typed facades (`Coherent`, `Local`) stand on. Keys are text and values are shared void
// pointers here, so that there is one implementation, compiled once, behind caches of every type.
// A plain hit does not come here: see typed_memory.hpp.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/detail/wait_for.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/lookup.hpp"
#include "tutti/store.hpp"

namespace tutti::detail {

class Memory;

struct RawLoaded {
    std::shared_ptr<const void> value;  // null unless `found`
    Answer answer = Answer::absent;
    std::string
        detail;  // the category of a negative answer, the reason of an unknown or guessed one
    bool guessed = false;
    std::optional<Ttl> ttl = std::nullopt;
    bool cacheable = true;
    bool not_modified = false;  // the value is the former one, which the source has confirmed
    std::size_t weight = 0;     // of the value, in a memory tier whose bound is in bytes
    std::vector<std::string> tags = {};
};

// Exactly one of the two is set. `typed_key` is the user's own, as given to `get`.
struct RawLoader {
    std::function<Result<RawLoaded>(const void* typed_key, LoadContext& context)> blocking;
    std::function<void(std::shared_ptr<const void> typed_key, LoadContext context,
                       Completion<RawLoaded> done)>
        asynchronous;
};

struct RawKey {
    std::string_view text;
    const void* typed;  // the user's own
};
// Answers in the order of the keys, one for each.
using RawBulkLoader = std::function<Result<std::vector<Result<RawLoaded>>>(
    std::span<const RawKey> keys, LoadContext& context)>;

// One of several reads.
struct RawRead {
    std::string key;
    std::shared_ptr<const void> typed_key;
    Completion<RawLookup> done;
};

// What takes the invalidations of a handle.
class Invalidated {
public:
    // Where its publications go: what is equal there can be told in one.
    struct Destination {
        const void* publisher = nullptr;  // null: nowhere
        std::string channel = {};
        std::string plain_type = {};  // empty: the shape of all that the channel has
        std::string plain_key = {};

        friend bool operator==(const Destination&, const Destination&) = default;
    };

    virtual ~Invalidated() = default;

    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    // A function of the user's has thrown where no caller is left to be told: a line in the log.
    virtual void report(std::string_view function, const Error& error) noexcept = 0;

    // Drops the keys here at once, if it keeps any, then everywhere by way of the bus, if it has
    // one. `done` runs once, on the node's executor or on this thread.
    virtual void invalidate(KeySet changed, InvalidateOptions options,
                            std::move_only_function<void(Invalidation)> done) = 0;

    // From when the node is started.
    [[nodiscard]] virtual Destination destination() const = 0;
    // Whether one publication can hold all that.
    [[nodiscard]] virtual bool takes_at_once(const KeySet& changed) const = 0;
};

class Cache : public Invalidated {
public:
    // Where a handle looks first; null: there is none. Lives as long as the cache.
    [[nodiscard]] virtual Memory* memory() const noexcept = 0;

    // An answer from memory that may be served now, or an error that ends the read (not started,
    // suspect and declared `fail`), or nullopt: load. Never blocks on I/O. age_max: as GetOptions.
    virtual std::optional<Result<RawLookup>> hit(std::string_view key, Duration age_max) = 0;

    // Where hits are watched (Serving::Phase) a handle asks for the time, looks by itself, and says
    // that it has had one. Nothing: they are not.
    [[nodiscard]] virtual std::optional<TimePoint> watch_begins() const { return std::nullopt; }
    virtual void was_hit(std::string_view, TimePoint) {}

    // Joins or starts a flight. `done` runs once, on an unspecified thread. `typed_key` is the
    // user's key and `key` its text. Looks into memory once more first.
    virtual void load(std::string key, std::shared_ptr<const void> typed_key,
                      const GetOptions& options, Completion<RawLookup> done) = 0;

    // The same of several keys, no two of which are equal; those that reach the source do so
    // together, where it is asked for several at once.
    virtual void load_many(std::vector<RawRead> reads, const GetOptions& options) {
        for (RawRead& read : reads) {
            load(std::move(read.key), std::move(read.typed_key), options, std::move(read.done));
        }
    }

    // As `load`, and never answered by a load that began before: the value replaces what is there.
    virtual void refresh(std::string key, std::shared_ptr<const void> typed_key, Duration timeout,
                         Completion<RawLookup> done) = 0;

    // A hit has found the key's entry, of that age, near its end: loads it again, unless a load
    // runs. Returns at once, and nothing is told of the outcome.
    virtual void refresh_ahead(std::string key, std::shared_ptr<const void> typed_key,
                               Duration age) = 0;
    // A hit of the key is a sample: loads it again and compares, unless a load runs. The same.
    virtual void check(std::string key, std::shared_ptr<const void> typed_key) = 0;

    // Stores a value that the caller has come by, as if it had been loaded now. Only with a store.
    virtual void offer(std::string key, std::shared_ptr<const void> value, Duration timeout,
                       Completion<Filled> done) = 0;
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
