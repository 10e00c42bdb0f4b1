// Commands of your own on the Redis that the nodes use: streams, hashes, scripts, what store and
// bus have no word for. It understands the same URLs, certificates and refusals as a node does,
// without a second client library in the program.
//
//     const auto server = tutti::redis::Connector::create("redis://127.0.0.1:6379");
//     auto connection = server->connect(Boottime::now() + 1s);
//     auto length = connection->command({"XLEN", "jobs"}, Boottime::now() + 2s);
//
// (examples/redis_commands.cpp)
//
// A connection carries one command at a time, and the calling thread does its I/O until the answer
// is there. So a command that waits in the server (BLPOP, XREAD BLOCK) holds up its own thread and
// connection and nothing else. There is no pool, no reconnecting and no second attempt here: a
// command is sent once, and the error says whether it may have been carried out. A connection that
// is not `usable` is replaced by a new one.
//
// It is no part of a node: it appears in no inventory, its commands invalidate nothing, and what it
// writes below a cache's prefix is a write behind the cache's back.
//
// Thread-safety: a Connector from any thread; a Connection is used by one thread at a time.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/redis/reply.hpp"

namespace tutti::redis {

struct Url;

class Connection {
public:
    // Closes it. Never blocks.
    ~Connection();
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;

    // Returns the reply, which may be of Type::error: the server has read the command and refused
    // it.
    //
    // Errors: timeout (no reply: the deadline passed or the connection broke, and the command may
    // have been carried out), protocol (bytes that are no reply, or one of too many items; may have
    // been carried out), unavailable (was not `usable`; not sent), invalid_option (no word; not
    // sent). After each but the last the connection is of no use. Blocking: until `deadline`. Not
    // on the thread of a completion, which would hold up the node. Cost: one round trip, no other
    // thread.
    [[nodiscard]] Result<Reply> command(std::span<const std::string_view> words,
                                        TimePoint deadline);
    [[nodiscard]] Result<Reply> command(std::initializer_list<std::string_view> words,
                                        TimePoint deadline) {
        return command(std::span(words.begin(), words.size()), deadline);
    }

    // False after an error, or when the server has closed the connection meanwhile, or has said
    // something that nothing asked for. True is no promise: the server may close it a moment later.
    // Never blocks.
    [[nodiscard]] bool usable();

private:
    friend class Connector;
    class Impl;
    explicit Connection(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;  // null: moved from
};

// A server, and what is needed to connect to it.
class Connector {
public:
    // Reads the URL (tutti/redis_url.hpp) and the files that it names, once, and connects to
    // nothing. Errors: invalid_option.
    [[nodiscard]] static Result<Connector> create(std::string_view url, ReplyLimits limits = {});
    ~Connector();
    Connector(const Connector&);
    Connector& operator=(const Connector&);

    // Looks the host up, connects, secures the connection if the URL asks for it, logs in and
    // chooses the database. The server may be of any version and role; where the URL names
    // Sentinels it is the primary that they know, when its own ROLE says so, too.
    //
    // Errors: unavailable (not there, still loading, no descriptor left), timeout, refused
    // (password, certificate, database), protocol (no Redis). Blocking: until `deadline`. A host
    // name is looked up on a thread for the occasion.
    [[nodiscard]] Result<Connection> connect(TimePoint deadline) const;

private:
    struct Server;
    explicit Connector(std::shared_ptr<const Server> server);
    [[nodiscard]] Connector at(Url url) const;
    [[nodiscard]] Result<Connection> connect_to_primary(TimePoint deadline) const;

    std::shared_ptr<const Server> server_;
};

}  // namespace tutti::redis
