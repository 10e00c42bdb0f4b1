// A link on an event loop of its own, which only the calling thread runs, and only within a call:
// so there is no thread to hand a command to, and no loop that one slow command could hold up for
// the others.
//
// The link reads all the time that the loop runs. What arrives while nothing was asked ends the
// connection; that `usable` lets the loop look once is how an end that came meanwhile is noticed.
//
// A connection to a Sentinel is one like any other, with one command.
#include "tutti/redis/connection.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include "redis/command.hpp"
#include "redis/handshake.hpp"
#include "redis/sentinels.hpp"
#include "redis/socket_link.hpp"
#include "redis/tls.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {
namespace {

constexpr const char* connection_operation = "redis command";

Result<Address> ask_sentinel(const Connector& sentinel, const Url& url, TimePoint until) {
    auto connection = sentinel.connect(until);
    if (!connection) return fail(std::move(connection).error());
    const std::string& group = url.sentinel->name;
    const auto reply = connection->command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group}, until);
    if (!reply) return fail(reply.error());
    return to_primary(*reply, group);
}

// What a Sentinel has named may be the primary no longer.
Result<Connection> connect_as_primary(const Connector& server, TimePoint deadline) {
    auto connection = server.connect(deadline);
    if (!connection) return connection;
    const auto role = connection->command({"ROLE"}, deadline);
    if (!role) return fail(role.error());
    if (role->is(Reply::Type::error)) return fail(to_error(connection_operation, *role));
    if (!role->items.empty() && role->items[0].text == "master") return connection;
    return fail(Errc::unavailable, connection_operation,
                "it names a server that is a replica: a failover is under way");
}

// Whatever it was, the command may have arrived.
std::unexpected<Error> unanswered(const char* cause) {
    return fail(Errc::timeout, connection_operation, cause);
}

}  // namespace

class Connection::Impl final : private Link::Owner {
public:
    explicit Impl(const Link::Options& options)
        : endpoint_(options.url.endpoint()),
          handshake_(options.url),
          link_(std::make_shared<SocketLink>(loop_, std::make_shared<HostLookups>(loop_), options,
                                             static_cast<Link::Owner&>(*this))) {}
    // The handlers of what was under way hold the link, and end when they have run.
    ~Impl() {
        link_->close();
        loop_.poll();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Result<void> open(TimePoint deadline) {
        const Duration within = time_left(deadline, Boottime::now());
        link_->connect();
        run_until(deadline, [this] { return connected_; });
        if (connected_ && handshake_.replies() > 0) {
            ask(handshake_.request(), handshake_.replies(), deadline);
        }
        if (ended_) return fail(*ended_);
        if (!connected_ || !is_answered()) return fail(link_->timed_out(within));
        auto judged = handshake_.judge_login(answers());
        if (judged) return {};
        Error error = std::move(judged).error();
        error.cause.insert(0, endpoint_ + ": ");
        return fail(std::move(error));
    }

    Result<Reply> command(std::span<const std::string_view> words, TimePoint deadline) {
        if (words.empty())
            return fail(Errc::invalid_option, connection_operation, "it has no word");
        if (!usable())
            return fail(Errc::unavailable, connection_operation, "the connection has ended");
        ask(encode(words), 1, deadline);
        if (is_answered()) return std::move(answers().front());
        const bool is_garbage = ended_ && ended_->code == Errc::protocol;
        if (is_garbage) return fail(Errc::protocol, connection_operation, ended_->cause);
        if (ended_) return unanswered("the connection broke before the reply");
        end({.code = Errc::timeout, .operation = connection_operation, .cause = {}});
        return unanswered("no reply within the deadline");
    }

    bool usable() {
        loop_.poll();
        return !ended_;
    }

private:
    void on_connected() override { connected_ = true; }
    void on_reply(Reply reply) override {
        if (is_answered()) {
            return end({.code = Errc::protocol,
                        .operation = connection_operation,
                        .cause = "the server answered a question that was not asked"});
        }
        answers_.push_back(std::move(reply));
    }
    void on_closed(const Error& error) override { ended_ = error; }
    void end(Error error) {
        ended_ = std::move(error);
        link_->close();
    }

    void ask(std::string_view bytes, std::size_t answers, TimePoint deadline) {
        wanted_ = answers;
        link_->write(bytes);
        run_until(deadline, [this] { return is_answered(); });
    }
    [[nodiscard]] bool is_answered() const noexcept { return answers_.size() == wanted_; }
    std::vector<Reply> answers() {
        wanted_ = 0;
        return std::exchange(answers_, {});
    }

    // Until it is so, the link has ended, or the deadline has passed.
    template <class Condition>
    void run_until(TimePoint deadline, Condition condition) {
        while (!ended_ && !condition() && loop_.run_one_until(deadline) > 0) {
        }
    }

    boost::asio::io_context loop_{1};  // a hint: one thread
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        loop_.get_executor()};
    const std::string endpoint_;
    const Handshake handshake_;
    std::shared_ptr<Link> link_;
    bool connected_ = false;
    std::optional<Error> ended_;  // why
    std::size_t wanted_ = 0;      // how many answers were asked for
    std::vector<Reply> answers_;  // that have come
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Result<Reply> Connection::command(std::span<const std::string_view> words, TimePoint deadline) {
    return impl_->command(words, deadline);
}

bool Connection::usable() { return impl_->usable(); }

struct Connector::Server {
    Link::Options options;
};

Connector::Connector(std::shared_ptr<const Server> server) : server_(std::move(server)) {}
Connector::~Connector() = default;
Connector::Connector(const Connector&) = default;
Connector& Connector::operator=(const Connector&) = default;

Result<Connector> Connector::create(std::string_view text, ReplyLimits limits) {
    auto url = Url::parse(text);
    if (!url) return fail(std::move(url).error());
    Link::Options options{.url = *std::move(url), .tls = nullptr, .limits = limits};
    if (options.url.tls) {
        auto loaded = load_tls(*options.url.tls);
        if (!loaded) return fail(std::move(loaded).error());
        options.tls = *std::move(loaded);
    }
    return Connector(std::make_shared<const Server>(Server{std::move(options)}));
}

Result<Connection> Connector::connect(TimePoint deadline) const {
    if (server_->options.url.sentinel) return connect_to_primary(deadline);
    try {
        auto impl = std::make_unique<Connection::Impl>(server_->options);
        if (auto opened = impl->open(deadline); !opened) return fail(std::move(opened).error());
        return Connection(std::move(impl));
    } catch (const boost::system::system_error& error) {
        // The event loop has descriptors of its own, and says only by throwing that there are none.
        return fail(Errc::unavailable, "redis connect", error.code().message());
    }
}

Connector Connector::at(Url url) const {
    Link::Options options = server_->options;
    options.url = std::move(url);
    return Connector(std::make_shared<const Server>(Server{std::move(options)}));
}

// The Sentinels in turn, each for its part of the time that is left.
Result<Connection> Connector::connect_to_primary(TimePoint deadline) const {
    const Url& url = server_->options.url;
    std::string causes;
    auto left = static_cast<Duration::rep>(url.sentinel->sentinels.size());
    for (const Address& asked : url.sentinel->sentinels) {
        const TimePoint now = Boottime::now();
        const TimePoint until = saturating_add(now, time_left(deadline, now) / (1 + left--));
        const auto primary = ask_sentinel(at(url.of_sentinel(asked)), url, until);
        auto connection = primary ? connect_as_primary(at(url.at(*primary)), deadline)
                                  : Result<Connection>(fail(primary.error()));
        if (connection) return connection;
        causes += (causes.empty() ? "" : "; ") + asked.text() + ": " + connection.error().cause;
    }
    return fail(Errc::unavailable, "redis connect", "no Sentinel leads to the primary: " + causes);
}

}  // namespace tutti::redis
