// Between the commit and the publication. A process that dies there leaves the other instances with
// the old value until their TTL. With an outbox the transaction that changes the data also writes a
// row that says what is to be invalidated, and whichever process is alive publishes it.
//
//     const outbox::Sql sql(
//         {.dialect = outbox::Dialect::sqlite, .channels = {"cache:users"}, .tags = true});
//     outbox::Publisher::start({.channels = {outbox::channel("cache:users", users)}}, rows);
//
//     BEGIN
//     UPDATE users ...
//     INSERT INTO tutti_outbox (channel, cache_key) VALUES ('cache:users', '42')   -- or a trigger
//     INSERT INTO tutti_outbox (channel, cache_tag) VALUES ('cache:users', 'team:10')  -- add_tags
//     <sql.take()>                                     -- "I publish these": read_rows(its answer)
//     COMMIT
//     publisher.publish(rows)                          // (examples/outbox.cpp)
//
// A row is *taken* for a while: nobody else publishes it meanwhile, and when its taker has died it
// is due again. So there is no leader, and a wake-up of a hundred processes is one small statement
// each and one publication. A transaction that takes its own rows before it commits publishes them
// itself, at once; the others never see them due.
//
// Why any order is right, and more than once: an invalidation says "forget", and what is forgotten
// is loaded from the source as it is then. Two of them commute, and a repeated one costs a load.
// Only one may not be: published before its commit, hence the row in the transaction.
//
// Promised: a committed row is published as long as one publisher lives that reaches database and
// bus; after the death of its taker within `Table::taken_for` and `poll_every`. Not promised:
// rows that are deleted unpublished by others (but see `rows_kept`), and `done` for a row of reach
// `published`.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/log.hpp"

namespace tutti::outbox {

using RowId = std::int64_t;  // never used again by the database

struct Row {
    RowId id = 0;
    std::string channel;
    // Of a key, or of what carries a tag; with neither of every key of the channel.
    std::optional<std::string> key = std::nullopt;
    std::string reach = "published";  // or "done": Ack::every_instance
    std::optional<std::string> tag = std::nullopt;

    friend bool operator==(const Row&, const Row&) = default;
};

// The table, as the publisher uses it. Called on the publisher's thread, one call at a time; may
// block, and should not for longer than a few seconds. What it throws is an error.
class Rows {
public:
    virtual ~Rows() = default;

    // Some rows that are due, the oldest first, which are due for no process for a while then. In a
    // transaction of its own.
    [[nodiscard]] virtual Result<std::vector<Row>> take() = 0;
    // One that is gone already is no error.
    [[nodiscard]] virtual Result<void> remove(std::span<const RowId> ids) = 0;
};

// The table and its statements as text, for any driver. They hold no parameters. The texts of
// `create` and `add_tags` may be steps of a migration: their form does not change, another one
// would have another name.
enum class Dialect : std::uint8_t { postgresql, sqlite };  // SQLite 3.35 or newer

[[nodiscard]] constexpr std::string_view to_string(Dialect dialect) noexcept {
    switch (dialect) {
    case Dialect::postgresql: return "postgresql";
    case Dialect::sqlite: return "sqlite";
    }
    return "unknown";
}

struct Table {
    Dialect dialect{};
    std::vector<std::string> channels;  // rows of others are left to who knows them
    // It has the column of `Sql::add_tags`: without that `take` fails. False where it has: a row
    // for a tag is one for every key.
    bool tags = false;
    // How long a taker has the rows for itself. Above what a publication takes at most.
    OptionDuration taken_for = std::chrono::seconds{10};
};

class Sql {
public:
    static constexpr std::size_t rows_max = 10'000;     // that one `take` takes
    static constexpr std::size_t key_bytes_max = 1024;  // above it a row says: every key
    static constexpr std::string_view name = "tutti_outbox";

    explicit Sql(Table table) : table_(std::move(table)) {}

    // Columns: id, channel, cache_key (null: every key of the channel), reach ('published' unless
    // said otherwise), due (from when on it may be taken, by the clock of the database).
    [[nodiscard]] std::string create() const;
    // Behind `create`, of both dialects: the column cache_tag. A row that has one has no key, as
    // the table checks, so a process that reads no tags takes it for every key, which is never
    // wrong. In a rolling upgrade this comes first, then the processes whose `Table::tags` is true,
    // beside the others; rows that were there before mean what they meant.
    [[nodiscard]] static std::string add_tags();
    // Answers with a row for each that it took: id, channel, key, reach; with `Table::tags` also
    // tag.
    [[nodiscard]] std::string take() const;
    // Requires: at least one.
    [[nodiscard]] std::string remove(std::span<const RowId> ids) const;

private:
    Table table_;
};

using Cells = std::vector<std::optional<std::string>>;  // of one row, as text; nullopt: NULL

// What `take` has answered. Errors: protocol, when it is no answer of that form.
[[nodiscard]] Result<std::vector<Row>> read_rows(std::span<const Cells> answer);

// Where the rows of a channel are published.
struct Channel {
    std::string name;
    // Of everything, of keys or of tags (where rows for tags are written). Has to call `done` once,
    // from any thread; see Coherent::invalidate.
    std::function<void(const KeySet& changed, InvalidateOptions options,
                       std::move_only_function<void(Invalidation)> done)>
        invalidate;
};

// Through a handle whose keys are texts: a Coherent cache, or an Invalidator.
template <class Handle>
    requires requires(const Handle& handle, const std::vector<std::string>& keys) {
        { handle.invalidate(keys) } -> std::same_as<Invalidation>;
    }
[[nodiscard]] Channel channel(std::string_view name, Handle handle) {
    return {.name = std::string(name),
            .invalidate = [handle = std::move(handle)](
                              const KeySet& changed, InvalidateOptions options,
                              std::move_only_function<void(Invalidation)> done) {
                if (changed.all) return handle.invalidate_all(options, std::move(done));
                if (!changed.tags.empty())
                    return handle.invalidate_tags(changed.tags, options, std::move(done));
                handle.invalidate(changed.keys, options, std::move(done));
            }};
}

struct PublisherOptions {
    std::vector<Channel> channels;
    // Looks for rows that others have left behind so often, and when it is woken. After a failure
    // less often, up to every 30 s.
    OptionDuration poll_every = std::chrono::seconds{1};
    // Of a publication. Below Table::taken_for; for rows of reach `done` as
    // InvalidateOptions::deadline says.
    OptionDuration deadline = std::chrono::seconds{5};
    // When more keys and tags of one channel are due at once, it is told "every key".
    std::size_t keys_max = 1000;
    // When a job of yours deletes rows that are older than this, published or not: then a publisher
    // tells every channel "every key" at its start, and when it could not look for so long. Zero:
    // rows stay until they are published, and the table grows while no publisher lives.
    OptionDuration rows_kept = Duration::zero();
    // Called from any thread, with no lock held. Default: nothing is logged.
    std::function<void(LogLevel, std::string_view)> log = nullptr;
};

class Publisher {
public:
    // Since the start.
    struct Figures {
        std::uint64_t published = 0;    // rows
        std::uint64_t unconfirmed = 0;  // attempts: rows whose publication was not taken
        // Rows with a channel or a reach that does not exist, or with a tag that is none.
        std::uint64_t malformed = 0;
        std::uint64_t flushes = 0;  // times that a channel was told "every key" for safety
        std::string failure = {};   // of the last look at the table; empty: none
    };

    // Starts a thread. Errors: invalid_option.
    [[nodiscard]] static Result<std::unique_ptr<Publisher>> start(PublisherOptions options,
                                                                  std::shared_ptr<Rows> rows);
    // Blocking: until the call of Rows or the publication that is under way has ended. Stop it
    // before the node, whose caches answer `stopped` afterwards.
    ~Publisher();
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    // After the commit, what the transaction took. When it returns, this instance has forgotten
    // all of it. True: and it is published (or done). False: it stays, and is published later.
    // Blocking: until `deadline`; not in a completion, whose thread the outcome needs. From any
    // other thread. The rows are removed later, on the publisher's own.
    bool publish(const std::vector<Row>& rows);

    // Rows are due, says a notification of the database. Never blocks.
    void wake() noexcept;

    [[nodiscard]] Figures figures() const;

private:
    class Impl;
    explicit Publisher(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::outbox
