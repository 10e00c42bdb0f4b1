// One step after another on the shard's thread: what other threads have left, then one thing that
// the session has asked for, or one event of the socket. Other threads touch only what the mutex
// guards, and the socket's `wake` and `cancel`.
#include "bot-client/shard/shard_driver.hpp"

#include <algorithm>
#include <utility>

#include "common/net/url.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot::shard {
namespace {

using namespace std::chrono_literals;

constexpr Duration ask_max = 10s;
constexpr Duration open_max = 8s;
constexpr Duration write_max = 5s;
constexpr Duration goodbye_max = 500ms;
// Of a stop: longer than a goodbye, and not as long as a write that the peer does not take.
constexpr Duration leave_max = 800ms;
constexpr Duration pause_after_throw = 100ms;
constexpr std::size_t submitted_max = 32;

}  // namespace

Result<std::unique_ptr<ShardDriver>> ShardDriver::start(Options options, IdentifyBudget& budget) {
    auto roots = net::load_trusted_roots(options.ca_file);
    if (!roots) return fail(std::move(roots).error());
    return process::as_result(Errc::unavailable, [&]() -> Result<std::unique_ptr<ShardDriver>> {
        std::unique_ptr<ShardDriver> driver(
            new ShardDriver(std::move(options), budget, *std::move(roots)));
        driver->thread_ = std::thread([raw = driver.get()] { raw->run(); });
        return driver;
    });
}

ShardDriver::ShardDriver(Options options, IdentifyBudget& budget,
                         std::shared_ptr<net::TrustedRoots> roots)
    : options_(std::move(options)),
      roots_(std::move(roots)),
      session_(options_.session, budget, static_cast<ShardSession::Effects&>(*this)),
      held_until_(options_.held_until),
      resumption_(options_.session.resumed) {}

ShardDriver::~ShardDriver() { stop(); }

void ShardDriver::stop() {
    {
        detail::Lock lock(mutex_);
        stopping_ = true;
        interrupt();
        changed_.wait_for(lock.waiting(), leave_max,
                          [this]() TUTTI_REQUIRES(mutex_) { return interruptible_ == nullptr; });
        if (interruptible_ != nullptr) interruptible_->cancel();
    }
    if (thread_.joinable()) thread_.join();
}

void ShardDriver::interrupt() {
    resolver_.stop();
    // While it opens nothing else ends it; a live one says goodbye.
    if (interruptible_ != nullptr && state_ == ShardSession::State::connecting) {
        interruptible_->cancel();
    } else if (interruptible_ != nullptr) {
        interruptible_->wake();
    }
    changed_.notify_all();
}

void ShardDriver::leave() {
    const detail::Lock lock(mutex_);
    leaving_ = true;
    interrupt();
}

void ShardDriver::hold_until(TimePoint when) {
    const detail::Lock lock(mutex_);
    held_until_ = when;
}

TimePoint ShardDriver::held_until() const {
    const detail::Lock lock(mutex_);
    return held_until_;
}

// A deadline that no lease outlives.
TimePoint ShardDriver::within(Duration longest) const {
    return std::min(Boottime::now() + longest, held_until());
}

bool ShardDriver::is_over() const {
    const detail::Lock lock(mutex_);
    return stopping_ || leaving_ || state_ == ShardSession::State::ended;
}

void ShardDriver::run() {
    process::contain("discord shard", [this] { session_.start(Boottime::now()); });
    while (!is_over() && is_held()) {
        if (process::contain("discord shard", [this] { step(); })) continue;
        process::contain("discord shard", [this] { recover(); });
        wait_for(pause_after_throw);
    }
    process::contain("discord shard", [this] { finish(); });
    drop_socket();
    publish();
}

void ShardDriver::finish() {
    bool keeps = !is_held();
    if (keeps) log::warn("a shard stops: its lease could not be renewed");
    {
        const detail::Lock lock(mutex_);
        keeps = keeps || leaving_;
    }
    if (keeps) return session_.leave(Boottime::now());
    session_.stop(Boottime::now());
}

void ShardDriver::step() {
    take_submitted();
    if (std::exchange(ask_wanted_, false)) {
        auto answer =
            process::as_result(Errc::unavailable, [this] { return options_.ask(within(ask_max)); });
        if (!is_held()) return;
        session_.entrance_answered(answer, Boottime::now());
    } else if (opening_) {
        open(*std::exchange(opening_, std::nullopt));
    } else if (socket_) {
        take_event();
    } else {
        wait_for(time_left(std::min(wake_, held_until()), Boottime::now()));
    }
    if (!is_held()) return;
    if (Boottime::now() >= wake_) session_.tick(Boottime::now());
    publish();
}

// Memory was short, or something of the kind: this connection may have missed a message.
void ShardDriver::recover() {
    drop_socket();
    opening_.reset();
    session_.closed(connection_, std::nullopt, Boottime::now());
    session_.tick(Boottime::now());
}

void ShardDriver::take_submitted() {
    std::deque<std::string> submitted;
    {
        const detail::Lock lock(mutex_);
        submitted.swap(submitted_);
    }
    for (std::string& payload : submitted) {
        const auto sent = session_.submit(std::move(payload), Boottime::now());
        if (!sent) log::warn("a payload for Discord was dropped", sent.error().message());
    }
}

void ShardDriver::open(const Opening& opening) {
    connection_ = opening.connection;
    if (const auto opened = open_socket(opening.url); !opened) {
        log::warn("Discord's gateway cannot be reached", opened.error().message());
        drop_socket();
        return session_.closed(connection_, std::nullopt, Boottime::now());
    }
    session_.connected(connection_, Boottime::now());
}

Result<void> ShardDriver::open_socket(const std::string& url) {
    const TimePoint deadline = within(open_max);
    const auto parsed = net::parse_websocket_url(url);
    if (!parsed) return fail(parsed.error());
    const auto addresses = resolver_.resolve(parsed->host, deadline);
    if (!addresses) return fail(addresses.error());
    auto socket = net::WebSocket::make({.url = *parsed,
                                        .user_agent = options_.user_agent,
                                        .message_bytes_max = options_.session.payload_bytes_max,
                                        .roots = roots_});
    if (!socket) return fail(std::move(socket).error());
    socket_ = *std::move(socket);
    {
        const detail::Lock lock(mutex_);
        if (stopping_ || leaving_) return fail(Errc::stopped, {}, "the shard stops");
        interruptible_ = socket_.get();
    }
    return socket_->open(*addresses, deadline);
}

void ShardDriver::take_event() {
    const auto event = socket_->next(std::min(wake_, held_until()));
    const TimePoint now = Boottime::now();
    if (!event || !is_held()) return;
    if (const auto* message = std::get_if<net::WebSocket::Message>(&*event)) {
        return session_.received(connection_, message->bytes, now);
    }
    if (std::holds_alternative<net::WebSocket::Pong>(*event)) {
        return session_.heard(connection_, now);
    }
    const auto& closed = std::get<net::WebSocket::Closed>(*event);
    if (closed.why.code == Errc::too_large) return session_.overflowed(connection_, now);
    drop_socket();
    session_.closed(connection_, closed.code, now);
}

void ShardDriver::wait_for(Duration longest) {
    detail::Lock lock(mutex_);
    if (stopping_ || leaving_ || !submitted_.empty()) return;
    changed_.wait_for(lock.waiting(), longest);
}

void ShardDriver::drop_socket() {
    {
        const detail::Lock lock(mutex_);
        interruptible_ = nullptr;
        changed_.notify_all();
    }
    socket_.reset();
}

void ShardDriver::publish() {
    bool begun = false;
    {
        const detail::Lock lock(mutex_);
        state_ = session_.state();
        figures_ = session_.figures();
        const auto before = std::exchange(resumption_, session_.resumption());
        begun =
            resumption_ && (!before || before->place.session_id != resumption_->place.session_id);
    }
    if (begun && options_.session_begun) {
        process::contain("the begin of a session", [this] { options_.session_begun(); });
    }
}

Result<void> ShardDriver::submit(std::string payload) {
    const detail::Lock lock(mutex_);
    if (stopping_ || state_ == ShardSession::State::ended) {
        return fail(Errc::stopped, "send payload", "the shard has ended");
    }
    if (payload.size() > sent_bytes_max) {
        return fail(Errc::too_large, "send payload", "Discord takes 4096 bytes");
    }
    if (submitted_.size() >= submitted_max) {
        return fail(Errc::overloaded, "send payload", "too many wait for the shard");
    }
    submitted_.push_back(std::move(payload));
    if (interruptible_ != nullptr) interruptible_->wake();
    changed_.notify_all();
    return {};
}

ShardSession::State ShardDriver::state() const {
    const detail::Lock lock(mutex_);
    return state_;
}

ShardSession::Figures ShardDriver::figures() const {
    const detail::Lock lock(mutex_);
    return figures_;
}

std::optional<Resumption> ShardDriver::resumption() const {
    const detail::Lock lock(mutex_);
    auto found = resumption_;
    if (found) found->last = unhandled_.handled(found->last);
    return found;
}

// The effects.

void ShardDriver::ask_entrance() { ask_wanted_ = true; }

void ShardDriver::connect(ShardSession::Connection connection, const std::string& url) {
    opening_ = Opening{.connection = connection, .url = url};
}

// A failure is told by the next event.
void ShardDriver::send(std::string_view payload) {
    if (socket_ && is_held()) (void)socket_->send(payload, within(write_max));
}

void ShardDriver::ping() {
    if (socket_ && is_held()) (void)socket_->ping(within(write_max));
}

void ShardDriver::close(std::uint16_t code) {
    opening_.reset();
    if (socket_ && is_held()) socket_->close(code, within(goodbye_max));
    drop_socket();
}

void ShardDriver::dispatch(const ShardSession::Dispatch& event) {
    if (event.name == "READY") unhandled_.begin_session();
    ShardSession::Dispatch passed = event;
    passed.unhandled = unhandled_.begin(event.number);
    process::contain("an event of Discord", [&] { options_.dispatch(passed); });
}

void ShardDriver::entered(ShardSession::State state) {
    if (state == ShardSession::State::live) log::info("Discord's gateway: live");
    const detail::Lock lock(mutex_);
    state_ = state;
}

void ShardDriver::lost(std::string_view why) { log::warn("Discord's gateway", why); }

void ShardDriver::ended(const Error& error) {
    log::error(error.message());
    if (options_.ended) {
        process::contain("the end of a shard", [&] { options_.ended(error); });
    }
}

void ShardDriver::wake_at(TimePoint when) { wake_ = when; }

}  // namespace tutti::services::bot::shard
