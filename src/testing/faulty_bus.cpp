// The subscription connection is a lane of its own that the pushes share with the answers to
// probes, as they share a TCP connection. Breaking the connection resets the lane.
//
// The state is the listener of the bus inside. Calls of the node's listener are made on the
// executor's thread and without the mutex.
#include "tutti/testing/faulty_bus.hpp"

#include <string_view>
#include <utility>

#include "testing/faulty_calls.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::testing {

class FaultyBus::State final : public BusListener, public std::enable_shared_from_this<State> {
public:
    State(Bus& inside, Executor& executor, const Clock& clock, Link& link)
        : inner(inside),
          calls(std::make_shared<FaultyCalls>(executor, clock, link)),
          pushes(std::make_shared<Lane>(executor, clock)),
          executor_(executor),
          link_(link) {}

    enum class Connection : unsigned char { up, half_open, broken };

    void listen(BusListener& listener) { listener_ = &listener; }

    [[nodiscard]] Connection connection() const {
        const detail::Lock lock(mutex_);
        return connection_;
    }

    void set(Connection to) {
        const detail::Lock lock(mutex_);
        connection_ = to;
        pushes->reset();
    }

    void disconnect() {
        set(Connection::broken);
        executor_.post([self = shared_from_this()] { self->notice(); });
    }

    void reconnect() {
        set(Connection::broken);
        executor_.post([self = shared_from_this()] {
            self->notice();
            self->set(Connection::up);
            if (self->inner_subscribed_) self->confirm();
        });
    }

    void close() {
        {
            const detail::Lock lock(mutex_);
            closed_ = true;
            pushes->reset();
        }
        calls->close();
        inner.close();
    }

    void on_subscribed() override {
        inner_subscribed_ = true;
        if (connection() == Connection::up) confirm();
    }

    void on_disconnected() override {
        inner_subscribed_ = false;
        if (connection() != Connection::up) return;
        pushes->reset();
        notice();
    }

    void on_entry(std::string_view channel, BusEntry entry) override {
        push({.channel = channel, .plain = false},
             [channel = std::string(channel), entry = std::move(entry)](BusListener& to) {
                 to.on_entry(channel, entry);
             });
    }

    void on_undecodable(std::string_view channel) override {
        push({.channel = channel, .plain = false},
             [channel = std::string(channel)](BusListener& to) { to.on_undecodable(channel); });
    }

    void on_plain(std::string_view channel, std::string_view payload) override {
        push({.channel = channel, .plain = true},
             [channel = std::string(channel), payload = std::string(payload)](BusListener& to) {
                 to.on_plain(channel, payload);
             });
    }

    void on_oversized_plain(std::string_view channel, std::size_t bytes) override {
        push({.channel = channel, .plain = true},
             [channel = std::string(channel), bytes](BusListener& to) {
                 to.on_oversized_plain(channel, bytes);
             });
    }

    void on_woken(std::string_view store_key) override {
        push({.channel = {}, .plain = false},
             [key = std::string(store_key)](BusListener& to) { to.on_woken(key); });
    }

    void on_ack_wanted(std::string_view channel, Epoch epoch, Sequence sequence) override {
        push({.channel = channel, .plain = false},
             [channel = std::string(channel), epoch, sequence](BusListener& to) {
                 to.on_ack_wanted(channel, epoch, sequence);
             });
    }

    void on_all_acked(std::string_view channel, Epoch epoch, Sequence sequence) override {
        push({.channel = channel, .plain = false},
             [channel = std::string(channel), epoch, sequence](BusListener& to) {
                 to.on_all_acked(channel, epoch, sequence);
             });
    }

    Bus& inner;
    const std::shared_ptr<FaultyCalls> calls;
    const std::shared_ptr<Lane> pushes;

private:
    using Delivery = std::function<void(BusListener&)>;

    [[nodiscard]] bool closed() const {
        const detail::Lock lock(mutex_);
        return closed_;
    }

    void confirm() {
        pushes->send(Duration::zero(), Lane::Order::in_turn, [self = shared_from_this()] {
            if (self->closed()) return;
            self->reported_subscribed_ = true;
            self->listener_->on_subscribed();
        });
    }

    void notice() {
        if (closed() || !std::exchange(reported_subscribed_, false)) return;
        listener_->on_disconnected();
    }

    void push(const PushCall& what, const Delivery& deliver) {
        if (connection() != Connection::up) return;
        const PushFate fate = link_.push(what);
        if (!link_.passes(Link::Direction::from_server)) return;
        const auto order = fate.overtake ? Lane::Order::overtake : Lane::Order::in_turn;
        Duration delay = fate.delay;
        for (std::size_t copy = 0; copy < fate.copies; ++copy, delay += fate.copy_delay) {
            pushes->send(delay, order, [self = shared_from_this(), deliver] {
                const bool passes = self->link_.passes(Link::Direction::from_server);
                if (passes && !self->closed()) deliver(*self->listener_);
            });
        }
    }

    Executor& executor_;
    Link& link_;
    BusListener* listener_ = nullptr;
    mutable detail::Mutex mutex_;
    Connection connection_ TUTTI_GUARDED_BY(mutex_) = Connection::up;
    bool closed_ TUTTI_GUARDED_BY(mutex_) = false;
    // On the executor's thread only.
    bool inner_subscribed_ = false;
    bool reported_subscribed_ = false;
};

FaultyBus::FaultyBus(Bus& inner, Executor& executor, const Clock& clock, Link& link)
    : state_(std::make_shared<State>(inner, executor, clock, link)) {}

FaultyBus::~FaultyBus() { state_->close(); }

void FaultyBus::disconnect() { state_->disconnect(); }
void FaultyBus::go_half_open() { state_->set(State::Connection::half_open); }
void FaultyBus::reconnect() { state_->reconnect(); }

void FaultyBus::subscribe(std::vector<Subscription> subscriptions, BusListener& listener) {
    state_->listen(listener);
    state_->inner.subscribe(std::move(subscriptions), *state_);
}

void FaultyBus::publish(PublishRequest request, TimePoint deadline, Completion<Published> done) {
    const std::string channel = request.channel;
    auto send = [&inner = state_->inner,
                 request = std::move(request)](Completion<Published> replied) mutable {
        inner.publish(std::move(request), TimePoint::max(), std::move(replied));
    };
    state_->calls->run({.operation = Operation::publish, .subject = channel}, deadline,
                       std::move(done), std::move(send));
}

void FaultyBus::renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) {
    const std::string channel = request.channel;
    auto send = [&inner = state_->inner,
                 request = std::move(request)](Completion<Renewed> replied) mutable {
        inner.renew(std::move(request), TimePoint::max(), std::move(replied));
    };
    state_->calls->run({.operation = Operation::renew, .subject = channel}, deadline,
                       std::move(done), std::move(send));
}

void FaultyBus::replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                       Completion<std::vector<BusEntry>> done) {
    auto send = [&inner = state_->inner, channel, first,
                 last](Completion<std::vector<BusEntry>> replied) {
        inner.replay(channel, first, last, TimePoint::max(), std::move(replied));
    };
    state_->calls->run({.operation = Operation::replay, .subject = channel}, deadline,
                       std::move(done), std::move(send));
}

void FaultyBus::leave(std::string channel, std::string member, TimePoint deadline,
                      Completion<void> done) {
    auto send = [&inner = state_->inner, channel,
                 member = std::move(member)](Completion<void> replied) mutable {
        inner.leave(channel, std::move(member), TimePoint::max(), std::move(replied));
    };
    state_->calls->run({.operation = Operation::leave, .subject = channel}, deadline,
                       std::move(done), std::move(send));
}

void FaultyBus::acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) {
    const std::string channel = request.channel;
    auto send = [&inner = state_->inner,
                 request = std::move(request)](Completion<void> replied) mutable {
        inner.acknowledge(std::move(request), TimePoint::max(), std::move(replied));
    };
    state_->calls->run({.operation = Operation::acknowledge, .subject = channel}, deadline,
                       std::move(done), std::move(send));
}

void FaultyBus::laggards(std::string channel, Sequence sequence, TimePoint deadline,
                         Completion<Laggards> done) {
    auto send = [&inner = state_->inner, channel, sequence](Completion<Laggards> replied) {
        inner.laggards(channel, sequence, TimePoint::max(), std::move(replied));
    };
    state_->calls->run({.operation = Operation::laggards, .subject = channel}, deadline,
                       std::move(done), std::move(send));
}

void FaultyBus::reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
                     Completion<void> done) {
    auto send = [&inner = state_->inner, channel, epoch, renewals](Completion<void> replied) {
        inner.reap(channel, epoch, renewals, TimePoint::max(), std::move(replied));
    };
    state_->calls->run({.operation = Operation::reap, .subject = channel}, deadline,
                       std::move(done), std::move(send));
}

void FaultyBus::probe(TimePoint deadline, Completion<void> done) {
    auto send = [state = state_](Completion<void> replied) {
        using enum State::Connection;
        switch (state->connection()) {
        case up: return state->inner.probe(TimePoint::max(), std::move(replied));
        case half_open: return;
        case broken:
            return replied(
                fail(Errc::unavailable, "faulty probe", "the subscription is not connected"));
        }
    };
    state_->calls->run({.operation = Operation::probe, .subject = {}}, deadline, std::move(done),
                       std::move(send), state_->pushes);
}

void FaultyBus::close() { state_->close(); }

}  // namespace tutti::testing
