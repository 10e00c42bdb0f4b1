#include "redis/redis_bus.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include "coherence/publication.hpp"
#include "coherence/store_rules.hpp"
#include "coherence/wire.hpp"
#include "redis/assurance.hpp"
#include "redis/channel_check.hpp"
#include "redis/command.hpp"
#include "redis/log_replay.hpp"
#include "redis/socket_link.hpp"
#include "redis/subscription_connection.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::redis {
namespace {

using store_rules::check_name;

constexpr const char* publish_operation = "redis publish";
constexpr const char* renew_operation = "redis renew";
constexpr const char* replay_operation = "redis replay";
constexpr const char* leave_operation = "redis leave";
constexpr const char* acknowledge_operation = "redis acknowledge";
constexpr const char* laggards_operation = "redis laggards";
constexpr const char* reap_operation = "redis reap";

struct LogAnswer {
    BusPosition position;
    Duration lease{};
    std::size_t refused_pushes = 0;
    std::uint64_t renewals = 0;
    std::uint64_t members = 0;
};

// What publish, renew, leave and reap return: epoch, sequence, chain, longest lease in
// milliseconds; publish also how many pushes were refused, the renewals of the epoch, and the
// members.
Result<LogAnswer> to_answer(const char* operation, Result<Reply> reply) {
    if (!reply) return fail(std::move(reply).error());
    const std::vector<Reply>& items = reply->items;
    if (items.size() != 4 && items.size() != 7) return fail(unexpected_reply(operation, *reply));
    const auto position = wire::decode_position(items[0].text, items[1].text, items[2].text);
    const auto lease = wire::parse_decimal(items[3].text);
    constexpr auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(Bus::lease_max);
    if (!position || !lease || *lease > static_cast<std::uint64_t>(longest.count())) {
        return fail(unexpected_reply(operation, *reply));
    }
    LogAnswer answer{.position = *position, .lease = std::chrono::milliseconds(*lease)};
    if (items.size() == 4) return answer;
    constexpr auto pushes_max = static_cast<std::int64_t>(Bus::plain_events_max) + 3;
    if (items[4].integer < 0 || items[4].integer > pushes_max) {
        return fail(unexpected_reply(operation, *reply));
    }
    const auto renewals = wire::parse_decimal(items[5].text);
    const auto members = wire::parse_decimal(items[6].text);
    if (!renewals || !members) return fail(unexpected_reply(operation, *reply));
    answer.refused_pushes = static_cast<std::size_t>(items[4].integer);
    answer.renewals = *renewals;
    answer.members = *members;
    return answer;
}

// The epoch, and of each member its name and what it has applied.
Result<Laggards> to_laggards(Result<Reply> reply) {
    if (!reply) return fail(std::move(reply).error());
    const std::vector<Reply>& items = reply->items;
    const auto epoch = items.empty() ? std::nullopt : wire::parse_hex(items[0].text);
    if (!epoch || items.size() % 2 == 0 || items.size() > 1 + 2 * Bus::laggards_max) {
        return fail(unexpected_reply(laggards_operation, *reply));
    }
    Laggards laggards{.epoch = Epoch{*epoch}};
    for (std::size_t i = 1; i < items.size(); i += 2) {
        const auto applied = wire::parse_decimal(items[i + 1].text);
        if (!applied) return fail(unexpected_reply(laggards_operation, *reply));
        laggards.members.push_back({.name = items[i].text, .applied = *applied});
    }
    return laggards;
}

}  // namespace

// Between the connection and the listener; outlives the bus until the executor has closed it.
class RedisBus::Relay final : public SubscriptionConnection::Owner {
public:
    explicit Relay(std::shared_ptr<CommandConnection> commands) : commands_(std::move(commands)) {}

    void start(std::shared_ptr<SubscriptionConnection> connection, BusListener& listener) {
        if (closed_) return;
        connection_ = std::move(connection);
        listener_ = &listener;
        connection_->start();
    }
    void probe(TimePoint deadline, Completion<void> done) {
        if (connection_) return connection_->probe(deadline, std::move(done));
        done(fail(closed_ ? Errc::stopped : Errc::unavailable, "redis probe",
                  closed_ ? "the node is stopping" : "nothing is subscribed yet"));
    }
    void close() {
        closed_ = true;
        if (connection_) connection_->close();
    }
    [[nodiscard]] std::optional<Error> error() const {
        const detail::Lock lock(mutex_);
        return error_;
    }

private:
    void on_subscribed() override {
        set_error(std::nullopt);
        subscribed_ = true;
        listener_->on_subscribed();
    }
    void on_lost(const Error& error) override {
        set_error(error);
        if (!std::exchange(subscribed_, false)) return;
        commands_->doubt();
        listener_->on_disconnected();
    }
    void on_entry(std::string_view channel, BusEntry entry) override {
        listener_->on_entry(channel, std::move(entry));
    }
    void on_undecodable(std::string_view channel) override { listener_->on_undecodable(channel); }
    void on_plain(std::string_view channel, std::string_view payload) override {
        listener_->on_plain(channel, payload);
    }
    void on_oversized_plain(std::string_view channel, std::size_t bytes) override {
        listener_->on_oversized_plain(channel, bytes);
    }
    void on_woken(std::string_view store_key) override { listener_->on_woken(store_key); }
    void on_ack_wanted(std::string_view channel, Epoch epoch, Sequence sequence) override {
        listener_->on_ack_wanted(channel, epoch, sequence);
    }
    void on_all_acked(std::string_view channel, Epoch epoch, Sequence sequence) override {
        listener_->on_all_acked(channel, epoch, sequence);
    }
    void set_error(std::optional<Error> error) {
        const detail::Lock lock(mutex_);
        error_ = std::move(error);
    }

    // On the executor.
    const std::shared_ptr<CommandConnection> commands_;
    std::shared_ptr<SubscriptionConnection> connection_;
    BusListener* listener_ = nullptr;
    bool subscribed_ = false;
    bool closed_ = false;

    mutable detail::Mutex mutex_;
    std::optional<Error> error_ TUTTI_GUARDED_BY(mutex_);
};

RedisBus::RedisBus(Runtime& runtime, std::shared_ptr<CommandConnection> connection,
                   SessionOptions session, Names names, Replicated replicated)
    : runtime_(runtime),
      connection_(std::move(connection)),
      session_(std::move(session)),
      names_(std::move(names)),
      replicated_(std::move(replicated)),
      relay_(std::make_shared<Relay>(connection_)) {}

RedisBus::~RedisBus() { RedisBus::close(); }

void RedisBus::subscribe(std::vector<Subscription> subscriptions, BusListener& listener) {
    for ([[maybe_unused]] const Subscription& subscription : subscriptions) {
        assert(!check_name("redis subscribe", "the channel", subscription.channel));
    }
    auto connection = std::make_shared<SubscriptionConnection>(
        network_of(runtime_), SubscriptionConnection::Options{.session = session_, .names = names_},
        subscriptions, *relay_);
    runtime_.executor().post([relay = relay_, fence = replicated_.fence,
                              subscriptions = std::move(subscriptions),
                              connection = std::move(connection), &listener]() mutable {
        for (Subscription& subscription : subscriptions) {
            if (fence) fence->guard(std::move(subscription.channel));
        }
        relay->start(std::move(connection), listener);
    });
}

void RedisBus::publish(PublishRequest request, TimePoint deadline, Completion<Published> done) {
    if (auto error = publication::check(publish_operation, request)) {
        return refuse(std::move(*error), std::move(done));
    }
    ScriptCall call = script_call(scripts::publish, publish_operation, request.channel);
    std::string channel = request.channel;
    call.candidate = session_.random;
    call.args = {wire::encode_keys(request.changed),
                 names_.channel(request.channel),
                 request.channel,
                 std::to_string(log_entries_max),
                 std::to_string(log_bytes_max),
                 names_.wake(),
                 request.acknowledge ? names_.acks(request.channel) : std::string()};
    for (std::string& event : request.plain_events) call.args.push_back(std::move(event));
    run_counted(
        std::move(call), deadline,
        [connection = connection_, url = session_.url, fence = replicated_.fence,
         channel = std::move(channel), done = std::move(done)](Result<Reply> reply) mutable {
            const auto answer = to_answer(publish_operation, std::move(reply));
            if (!answer) return done(fail(answer.error()));
            if (fence) fence->published(channel, answer->position.epoch, Boottime::now());
            done(Published{.position = answer->position,
                           .lease = answer->lease,
                           .renewals = answer->renewals,
                           .members = answer->members,
                           .replicas = uncounted_replicas(url, connection->replicas()),
                           .refused_pushes = answer->refused_pushes});
        });
}

void RedisBus::renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) {
    if (auto error = publication::check(renew_operation, request)) {
        return refuse(std::move(*error), std::move(done));
    }
    const auto lease = std::chrono::ceil<std::chrono::milliseconds>(request.lease);
    ScriptCall call = script_call(scripts::renew, renew_operation, request.channel);
    call.candidate = session_.random;
    call.waits = true;  // it is to be the first that the server hears
    call.args = {std::move(request.member), wire::hex(std::to_underlying(request.applied.epoch)),
                 std::to_string(request.applied.sequence), std::to_string(lease.count()),
                 names_.acks(request.channel)};
    run_counted(
        std::move(call), deadline,
        [fence = replicated_.fence, channel = std::move(request.channel), since = Boottime::now(),
         held = request.lease, done = std::move(done)](Result<Reply> reply) mutable {
            const auto answer = to_answer(renew_operation, std::move(reply));
            if (!answer) return done(fail(answer.error()));
            if (fence) fence->renewed(channel, answer->position.epoch, since, held);
            done(Renewed{.position = answer->position, .lease = answer->lease});
        });
}

void RedisBus::leave(std::string channel, std::string member, TimePoint deadline,
                     Completion<void> done) {
    if (auto error = publication::check_member(leave_operation, channel, member)) {
        return refuse(std::move(*error), std::move(done));
    }
    ScriptCall call = script_call(scripts::leave, leave_operation, channel);
    call.candidate = session_.random;
    call.args = {std::move(member), names_.acks(channel)};
    run(connection_, std::move(call), deadline,
        [done = std::move(done)](Result<Reply> reply) mutable {
            const auto answer = to_answer(leave_operation, std::move(reply));
            if (!answer) return done(fail(answer.error()));
            done({});
        });
}

void RedisBus::replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                      Completion<std::vector<BusEntry>> done) {
    if (auto error = check_name(replay_operation, "the channel", channel)) {
        return refuse(std::move(*error), std::move(done));
    }
    ScriptCall call = script_call(scripts::replay, replay_operation, channel);
    call.keys.resize(2);
    call.waits = true;
    std::make_shared<LogReplay>(connection_, std::move(call), first, last, deadline,
                                std::move(done))
        ->start();
}

void RedisBus::acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) {
    if (auto error =
            publication::check_member(acknowledge_operation, request.channel, request.member)) {
        return refuse(std::move(*error), std::move(done));
    }
    ScriptCall call = script_call(scripts::ack, acknowledge_operation, request.channel);
    call.args = {std::move(request.member), wire::hex(std::to_underlying(request.applied.epoch)),
                 std::to_string(request.applied.sequence), names_.acks(request.channel)};
    run(connection_, std::move(call), deadline,
        [done = std::move(done)](const Result<Reply>& reply) mutable {
            if (!reply) return done(fail(reply.error()));
            done({});
        });
}

void RedisBus::laggards(std::string channel, Sequence sequence, TimePoint deadline,
                        Completion<Laggards> done) {
    if (auto error = check_name(laggards_operation, "the channel", channel)) {
        return refuse(std::move(*error), std::move(done));
    }
    ScriptCall call = script_call(scripts::laggards, laggards_operation, channel);
    call.candidate = session_.random;
    call.args = {std::to_string(sequence), std::to_string(laggards_max)};
    run(connection_, std::move(call), deadline,
        [done = std::move(done)](Result<Reply> reply) mutable {
            done(to_laggards(std::move(reply)));
        });
}

void RedisBus::reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
                    Completion<void> done) {
    if (auto error = check_name(reap_operation, "the channel", channel)) {
        return refuse(std::move(*error), std::move(done));
    }
    ScriptCall call = script_call(scripts::reap, reap_operation, channel);
    call.candidate = session_.random;
    call.args = {"", names_.acks(channel), wire::hex(std::to_underlying(epoch)),
                 std::to_string(renewals)};
    run(connection_, std::move(call), deadline,
        [done = std::move(done)](Result<Reply> reply) mutable {
            const auto answer = to_answer(reap_operation, std::move(reply));
            if (!answer) return done(fail(answer.error()));
            done({});
        });
}

void RedisBus::probe(TimePoint deadline, Completion<void> done) {
    runtime_.executor().post([relay = relay_, deadline, done = std::move(done)]() mutable {
        relay->probe(deadline, std::move(done));
    });
}

void RedisBus::close() {
    runtime_.run_alone([relay = relay_, connection = connection_] {
        relay->close();
        connection->close(CommandConnection::Caller::bus);
    });
}

void RedisBus::check(Usage usage, TimePoint deadline, Completion<void> done) {
    for (const Subscription& channel : usage.channels) {
        auto error = check_name("redis check", "the channel", channel.channel);
        if (error) return refuse(std::move(*error), std::move(done));
    }
    auto job = std::make_shared<ChannelCheck>(
        network_of(runtime_), connection_,
        ChannelCheck::Options{.session = session_, .names = names_, .usage = std::move(usage)},
        std::move(done));
    runtime_.executor().post([job = std::move(job), deadline] { job->start(deadline); });
}

Backend RedisBus::backend() const {
    const auto server = connection_->server();
    if (!server || server->run_id.empty()) return {};
    return {.server = "redis " + server->run_id,
            .database = names_.database(),
            .app = names_.app(),
            .product = server->name(),
            .done = assurance_of(session_.url, server->replicas)};
}

std::optional<Error> RedisBus::subscription_error() const { return relay_->error(); }

template <class T>
void RedisBus::refuse(Error error, Completion<T> done) {
    runtime_.executor().post([error = std::move(error), done = std::move(done)]() mutable {
        done(fail(std::move(error)));
    });
}

void RedisBus::run_counted(ScriptCall call, TimePoint deadline,
                           CommandConnection::Handler handler) {
    if (replicated_.wait)
        return replicated_.wait->run(std::move(call), deadline, std::move(handler));
    run(connection_, std::move(call), deadline, std::move(handler));
}

ScriptCall RedisBus::script_call(const Script& script, std::string_view operation,
                                 const std::string& channel) const {
    return {
        .script = script, .operation = operation, .keys = names_.state_keys(channel), .args = {}};
}

}  // namespace tutti::redis
