// A call takes a slot, then a pooled connection or a fresh one, writes the whole request, reads the
// whole response, and puts the connection back if both sides want to keep it.
//
// Invariants: a connection is either in `idle_` or owned by exactly one call; `active_` lists the
// latter, so that `stop` can cancel them. Locks: `mutex_`, that of `slots_` and `meter_mutex_` are
// never held together, and no I/O happens under one.
#include "common/http/client.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/http/message_reader.hpp"
#include "common/http/wire.hpp"
#include "common/net/slots.hpp"
#include "common/net/transport.hpp"
#include "common/net/url.hpp"
#include "common/process/edge.hpp"
#include "common/process/span.hpp"
#include "common/process/trace_context.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::http {
namespace {

using ResponseReader = MessageReader<false>;

constexpr std::size_t header_bytes_max = 64U << 10U;
constexpr std::size_t read_bytes = 16U << 10U;
constexpr int interim_responses_max = 8;

bool idempotent(std::string_view method) {
    constexpr std::array<std::string_view, 5> methods{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
    return std::ranges::find(methods, method) != methods.end();
}

Result<std::string> target_of(const net::HttpUrl& url, const Request& request) {
    std::string target = url.target;
    if (request.path != "/") {
        if (target.contains('?')) {
            return fail(Errc::invalid_option, {},
                        "the base URL has a query and the request a path");
        }
        if (target.ends_with('/')) target.pop_back();
        target += request.path;
    }
    if (!request.query.empty()) target += (target.contains('?') ? '&' : '?') + request.query;
    if (!wire::is_target(target)) {
        return fail(Errc::invalid_option, {}, "the path or query is not percent-encoded");
    }
    return target;
}

// `traceparent` goes along when it is not empty, and the request has none of its own.
Result<std::string> to_bytes(const net::HttpUrl& url, const Request& request,
                             const std::string& traceparent) {
    if (!wire::is_token(request.method))
        return fail(Errc::invalid_option, {}, "not an HTTP method");
    const auto target = target_of(url, request);
    if (!target) return fail(target.error());
    std::string bytes = request.method + ' ' + *target + " HTTP/1.1\r\n";
    wire::append_field(bytes, "Host", url.authority());
    if (!request.headers.find("User-Agent")) wire::append_field(bytes, "User-Agent", "tutti");
    for (const auto& [name, value] : request.headers) {
        if (!wire::is_token(name) || !wire::is_field_value(value)) {
            return fail(Errc::invalid_option, {}, "a header has a name or value that HTTP forbids");
        }
        if (!wire::is_managed_field(name)) wire::append_field(bytes, name, value);
    }
    if (!traceparent.empty() && !request.headers.find("traceparent")) {
        wire::append_field(bytes, "traceparent", traceparent);
    }
    if (!request.body.empty() || !idempotent(request.method)) {
        wire::append_field(bytes, "Content-Length", std::to_string(request.body.size()));
    }
    bytes += "\r\n";
    bytes += request.body;
    return bytes;
}

Error to_error(const ResponseReader& faulty) {
    switch (faulty.fault()) {
    case MessageFault::body_too_large:
    case MessageFault::header_too_large:
    case MessageFault::wrapping_too_large:
        return {Errc::too_large, {}, "the response is over the limit"};
    case MessageFault::cut_off:
        return {
            Errc::unavailable, {}, "the connection was closed before the response was complete"};
    case MessageFault::unknown_coding:
        return {Errc::protocol, {}, "the response has a transfer coding that is not known"};
    default: break;
    }
    return {Errc::protocol, {}, "not an HTTP response: " + faulty.text()};
}

struct Exchange {
    Response response;
    bool keep_alive = false;
};

// What a failed exchange leaves open: whether another connection may be tried.
struct Progress {
    bool request_sent = false;    // all of it, so the server may have acted on it
    bool response_begun = false;  // the connection was alive
};

void note_end(process::Span& span, const Result<Response>& response) {
    if (response) span.note("http.response.status_code", response->status);
    const auto failure = failure_of(response);
    if (!failure) return;
    span.note("error.type", to_string(*failure));
    span.fail();
}

class AnswerReader {
public:
    AnswerReader(net::Transport& transport, std::size_t body_bytes_max, TimePoint deadline)
        : transport_(transport), body_bytes_max_(body_bytes_max), deadline_(deadline) {}

    // The final response; what precedes it (1xx) is skipped.
    Result<Exchange> read(std::string_view method, Progress& progress) {
        for (int i = 0; i < interim_responses_max; ++i) {
            reader_.begin({.header_bytes_max = header_bytes_max, .body_bytes_max = body_bytes_max_},
                          method == "HEAD");
            Exchange exchange;
            if (auto done = read_one(exchange, progress); !done) return fail(done.error());
            if (exchange.response.status >= 200) return exchange;
        }
        return fail(Errc::protocol, {}, "too many interim responses");
    }

private:
    using State = ResponseReader::State;

    Result<void> read_one(Exchange& exchange, Progress& progress) {
        auto state = reader_.parse();
        while (state != State::complete) {
            if (state == State::faulty) return fail(to_error(reader_));
            if (state == State::head) {
                take_head(exchange);
            } else {
                const auto space = reader_.space(read_bytes);
                const auto got = transport_.read_some(
                    {static_cast<char*>(space.data()), space.size()}, deadline_);
                if (!got) return fail(got.error());
                if (*got == 0) return take_end(exchange);
                progress.response_begun = true;
                reader_.received(*got);
            }
            state = reader_.parse();
        }
        take_body(exchange);
        return {};
    }

    // Now: what follows the body may bring more fields.
    void take_head(Exchange& exchange) {
        exchange.keep_alive = reader_.keep_alive();
        exchange.response.status = static_cast<int>(reader_.message().result_int());
        exchange.response.headers = reader_.headers();
    }
    void take_body(Exchange& exchange) {
        exchange.keep_alive = exchange.keep_alive && !reader_.has_bytes();
        exchange.response.body = reader_.take_body();
    }
    // A body without a length ends with the connection.
    Result<void> take_end(Exchange& exchange) {
        if (reader_.end() != State::complete) return fail(to_error(reader_));
        take_body(exchange);
        return {};
    }

    net::Transport& transport_;
    std::size_t body_bytes_max_;
    TimePoint deadline_;
    ResponseReader reader_;
};

}  // namespace

class Client::Impl {
public:
    explicit Impl(Options options)
        : options_(std::move(options)),
          slots_({.concurrent_max = options_.concurrent_max, .queued_max = options_.queued_max}) {}

    Result<Response> send(std::string_view url, const Request& request, TimePoint deadline,
                          Trace& trace);
    void stop();
    [[nodiscard]] Metrics metrics() const;

private:
    struct Idle {
        std::unique_ptr<net::Transport> transport;
        TimePoint since;
    };
    struct Call {
        const net::HttpUrl& url;
        const Request& request;
        const std::string& bytes;
        TimePoint deadline;
        Trace& trace;
    };

    void count(const Result<Response>& response, Duration taken);
    Result<Response> send_to(const net::HttpUrl& url, const Request& request, TimePoint deadline,
                             Trace& trace);
    std::unique_ptr<net::Transport> take_idle(const std::string& origin);
    void keep(const std::string& origin, std::unique_ptr<net::Transport> transport);
    Result<std::unique_ptr<net::Transport>> make(const net::HttpUrl& url);
    Result<void> connect(net::Transport& transport, const Call& call);
    Result<Response> send_once(const Call& call, std::unique_ptr<net::Transport> transport,
                               Progress& progress);
    Result<Response> send_fresh(const Call& call);
    Result<Response> send_in_slot(const Call& call);
    // Lists a connection as active for as long as the guard lives.
    class Active;

    const Options options_;
    net::Resolver resolver_;
    net::Slots slots_;
    mutable detail::Mutex meter_mutex_;
    Metrics meter_ TUTTI_GUARDED_BY(
        meter_mutex_);  // what only grows; the rest is looked up when it is asked for
    mutable detail::Mutex mutex_;
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
    // By origin; the newest is at the back.
    std::map<std::string, std::deque<Idle>, std::less<>> idle_ TUTTI_GUARDED_BY(mutex_);
    std::unordered_set<net::Transport*> active_ TUTTI_GUARDED_BY(mutex_);
    std::shared_ptr<net::TrustedRoots> tls_ TUTTI_GUARDED_BY(mutex_);
};

class Client::Impl::Active {
public:
    Active(Impl& client, net::Transport& transport) : client_(client), transport_(transport) {
        const detail::Lock lock(client_.mutex_);
        client_.active_.insert(&transport_);
        if (client_.stopped_) transport_.cancel();
    }
    ~Active() {
        const detail::Lock lock(client_.mutex_);
        client_.active_.erase(&transport_);
    }
    Active(const Active&) = delete;
    Active& operator=(const Active&) = delete;

private:
    Impl& client_;
    net::Transport& transport_;
};

std::unique_ptr<net::Transport> Client::Impl::take_idle(const std::string& origin) {
    const detail::Lock lock(mutex_);
    const auto found = idle_.find(origin);
    if (found == idle_.end()) return nullptr;
    auto& pool = found->second;
    const auto oldest = Boottime::now() - options_.idle_timeout;
    while (!pool.empty() && pool.front().since < oldest) pool.pop_front();
    while (!pool.empty()) {
        auto transport = std::move(pool.back().transport);
        pool.pop_back();
        if (transport->reusable()) return transport;
    }
    return nullptr;
}

void Client::Impl::keep(const std::string& origin, std::unique_ptr<net::Transport> transport) {
    const detail::Lock lock(mutex_);
    if (stopped_ || options_.idle_max == 0) return;
    auto& pool = idle_[origin];
    if (pool.size() >= options_.idle_max) pool.pop_front();
    pool.push_back({std::move(transport), Boottime::now()});
}

Result<std::unique_ptr<net::Transport>> Client::Impl::make(const net::HttpUrl& url) {
    const detail::Lock lock(mutex_);
    if (url.scheme == net::HttpUrl::Scheme::https && !tls_) {
        auto context = net::load_trusted_roots(options_.ca_file);
        if (!context) return fail(context.error());
        tls_ = std::move(*context);
    }
    return net::make_transport(url, tls_);
}

Result<void> Client::Impl::connect(net::Transport& transport, const Call& call) {
    auto addresses = resolver_.resolve(call.url.host, call.deadline);
    if (!addresses) return fail(addresses.error());
    if (options_.permits) {
        std::erase_if(*addresses, [&, origin = call.url.origin()](const std::string& address) {
            return !options_.permits(origin, address);
        });
        if (addresses->empty()) {
            return fail(Errc::refused, {}, "the host has no address that may be connected to");
        }
    }
    return transport.connect(*addresses, call.deadline);
}

Result<Response> Client::Impl::send_once(const Call& call,
                                         std::unique_ptr<net::Transport> transport,
                                         Progress& progress) {
    std::optional<Exchange> exchange;
    {
        const Active active(*this, *transport);
        call.trace.begun = true;
        if (auto sent = transport->write(call.bytes, call.deadline); !sent)
            return fail(sent.error());
        progress.request_sent = true;
        AnswerReader answer(*transport, options_.response_bytes_max, call.deadline);
        auto read = answer.read(call.request.method, progress);
        if (!read) return fail(read.error());
        exchange = std::move(*read);
    }
    if (exchange->keep_alive) keep(call.url.origin(), std::move(transport));
    return std::move(exchange->response);
}

Result<Response> Client::Impl::send_fresh(const Call& call) {
    auto transport = make(call.url);
    if (!transport) return fail(transport.error());
    {
        const Active active(*this, **transport);
        if (auto connected = connect(**transport, call); !connected) return fail(connected.error());
    }
    Progress progress;
    return send_once(call, std::move(*transport), progress);
}

Result<Response> Client::Impl::send_in_slot(const Call& call) {
    if (auto pooled = take_idle(call.url.origin())) {
        Progress progress;
        auto response = send_once(call, std::move(pooled), progress);
        const bool stale =
            !response && response.error().code == Errc::unavailable && !progress.response_begun;
        if (!stale) return response;
        if (progress.request_sent && !idempotent(call.request.method)) return response;
    }
    return send_fresh(call);
}

Result<Response> Client::Impl::send_to(const net::HttpUrl& url, const Request& request,
                                       TimePoint deadline, Trace& trace) {
    const auto bytes = to_bytes(url, request, process::present_traceparent());
    if (!bytes) return fail(bytes.error());
    const auto slot = slots_.take(deadline);
    if (!slot) return fail(slot.error());
    return send_in_slot({url, request, *bytes, deadline, trace});
}

Result<Response> Client::Impl::send(std::string_view url, const Request& request,
                                    TimePoint deadline, Trace& trace) {
    const TimePoint begun = Boottime::now();
    {
        const detail::Lock lock(meter_mutex_);
        ++meter_.requests;
    }
    // Its text is made for a trace only.
    std::optional<process::Span> span;
    if (process::present_trace()) {
        span.emplace(request.method + ' ' + options_.name, process::SpanKind::client);
    }
    const auto parsed = net::HttpUrl::parse(url);
    auto response = process::as_result(Errc::unavailable, [&]() -> Result<Response> {
        if (!parsed) return fail(parsed.error());
        return send_to(*parsed, request, std::min(deadline, begun + options_.call_timeout), trace);
    });
    count(response, Boottime::now() - begun);
    if (span) note_end(*span, response);
    if (response) return response;
    Error error = std::move(response).error();
    error.operation = options_.name + ' ' + request.method;
    if (parsed) error.operation += ' ' + parsed->authority() + request.path;
    return fail(std::move(error));
}

void Client::Impl::count(const Result<Response>& response, Duration taken) {
    const auto kind = failure_of(response);
    const detail::Lock lock(meter_mutex_);
    ++meter_.finished;
    meter_.taken += taken;
    if (kind) ++meter_.failures[std::to_underlying(*kind)];
}

Metrics Client::Impl::metrics() const {
    Metrics found;
    {
        const detail::Lock lock(meter_mutex_);
        found = meter_;
    }
    found.upstream = options_.name;
    const auto load = slots_.load();
    found.in_flight = load.in_use;
    found.queued = load.queued;
    const detail::Lock lock(mutex_);
    for (const auto& [origin, kept] : idle_) found.idle += kept.size();
    return found;
}

void Client::Impl::stop() {
    resolver_.stop();
    slots_.stop();
    const detail::Lock lock(mutex_);
    stopped_ = true;
    idle_.clear();
    for (auto* transport : active_) transport->cancel();
}

Client::Client(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() { stop(); }
void Client::stop() { impl_->stop(); }
Metrics Client::metrics() const { return impl_->metrics(); }

Result<Response> Client::send(std::string_view url, const Request& request, TimePoint deadline) {
    Trace ignored;
    return impl_->send(url, request, deadline, ignored);
}
Result<Response> Client::send(std::string_view url, const Request& request, TimePoint deadline,
                              Trace& trace) {
    return impl_->send(url, request, deadline, trace);
}

}  // namespace tutti::services::http
