// One connection to a server, made for one attempt and never used again. It knows bytes and replies
// and nothing of commands, nor of sockets: what carries the bytes is the class that derives from it
// (socket_link.hpp; a script in tests), which does what the link asks for and reports what became
// of it.
//
// Stages: reaching -> securing, when the URL asks for TLS -> silent -> talking. Nothing of ours is
// sent before the server was reached, and with TLS has proven who it is; from there on the link is
// `connected`.
//
// Writes coalesce: what is written while an earlier write is under way leaves as one.
//
// Thread-safety: none but `write_now`; everything else, construction included, happens on one
// thread. A call of the owner may close the link, and let go of it; what reports keeps it alive for
// so long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "redis/reply.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

class TlsContext;

class Link : public std::enable_shared_from_this<Link> {
public:
    class Owner {
    public:
        virtual void on_connected() = 0;
        virtual void on_reply(Reply reply) = 0;
        // The last call. Not after `close`.
        virtual void on_closed(const Error& error) = 0;

    protected:
        ~Owner() = default;
    };

    struct Options {
        Url url;
        std::shared_ptr<const TlsContext>
            tls;  // what Url::tls was loaded into; null: a plain connection
        ReplyLimits limits;
    };

    Link(Options options, const Clock& clock, Owner& owner);
    virtual ~Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void connect() { reach(); }
    void write(std::string_view bytes);
    // Hands the bytes to the network within the call, from any thread, and never waits. Returns how
    // many it took: none where only the link's own thread can write, or the link is closed.
    // Requires: all that was written has left.
    [[nodiscard]] virtual std::size_t write_now(std::string_view) noexcept { return 0; }
    // No call of the owner from here on.
    void close();

    // When the peer last showed that it lives: it sent something, or took more of a write that had
    // been blocked.
    [[nodiscard]] TimePoint last_progress() const noexcept { return last_progress_; }
    // The server, or what is in front of it, took the connection.
    [[nodiscard]] bool has_reached() const noexcept { return stage_ != Stage::reaching; }
    // What to say when the owner waits no longer.
    [[nodiscard]] Error timed_out(Duration within) const;

protected:
    // What became of an attempt, a read or a write that failed.
    struct Failure {
        Errc code = Errc::unavailable;
        std::string cause;     // for people, the endpoint included
        bool hung_up = false;  // the peer closed the connection
    };

    // What the link asks for. Each is answered by the report of its name, later and not within the
    // call.
    virtual void reach() = 0;
    virtual void secure() = 0;
    // Borrowed until `sent`, which may say that it was only a part.
    virtual void send_some(std::string_view bytes) = 0;
    // From here on nothing is asked for, and no report comes.
    virtual void hang_up() = 0;

    // The reports. From `reached` (without TLS) or `secured` on, `received` may come at any time.
    void reached();
    void secured() { start(); }
    void sent(std::size_t bytes);
    void received(std::string_view bytes);
    void failed(Failure failure);

    [[nodiscard]] const Options& options() const noexcept { return options_; }
    [[nodiscard]] bool is_closed() const noexcept { return owner_ == nullptr; }

private:
    enum class Stage : std::uint8_t { reaching, securing, silent, talking };

    void start();
    void flush();
    void send_rest();
    void end(Errc code, std::string cause);

    const Options options_;
    const Clock& clock_;
    Owner* owner_;
    ReplyReader reader_;
    std::string pending_;
    std::string writing_;
    std::size_t written_ = 0;        // of writing_
    Stage stage_ = Stage::reaching;  // how far it came, for messages
    TimePoint last_progress_;
};

}  // namespace tutti::redis
