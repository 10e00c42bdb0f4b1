// The operations of one node that are under way through a `Link`, of a store or of a bus: lost,
// delayed or answered, each completes exactly once, at its deadline at the latest.
//
// Thread-safety: every function may be called from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "testing/lane.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/executor.hpp"
#include "tutti/store.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::testing {

class FaultyCalls : public std::enable_shared_from_this<FaultyCalls> {
public:
    FaultyCalls(Executor& executor, const Clock& clock, Link& link)
        : executor_(executor),
          link_(link),
          requests_(std::make_shared<Lane>(executor, clock)),
          replies_(std::make_shared<Lane>(executor, clock)) {}

    // `send(done)` starts the operation of the decorated object. It must not give it the deadline:
    // a request that arrives late is executed all the same. Without `reply_lane` the reply travels
    // with those of the other operations.
    template <class T, class F>
    void run(OperationCall what, TimePoint deadline, Completion<T> done, F send,
             std::shared_ptr<Lane> reply_lane = nullptr) {
        const OperationFate fate = link_.operation(what);
        // On a lane of its own a reply keeps its place behind what was sent there before: a PONG
        // never overtakes the pushes of its connection.
        const bool overtakes = fate.overtake && !reply_lane;
        const auto reply_order = overtakes ? Lane::Order::overtake : Lane::Order::in_turn;
        if (!reply_lane) reply_lane = replies_;
        auto call = std::make_shared<Call<T>>(std::move(done));
        if (!start(call, deadline)) {
            Error never_sent = stopped();
            never_sent.unsent = true;
            return post(call, std::move(never_sent));
        }
        if (fate.error) return post(call, *fate.error);
        if (fate.request_lost || !link_.passes(Link::Direction::to_server)) return;
        const auto order = fate.overtake ? Lane::Order::overtake : Lane::Order::in_turn;
        requests_->send(
            fate.request_delay, order,
            [self = shared_from_this(), call, fate, reply_order, reply_lane,
             send = std::move(send)]() mutable {
                if (!self->link_.passes(Link::Direction::to_server)) return;
                send(self->template reply_through<T>(call, fate, reply_order, reply_lane));
            });
    }

    // Everything under way, and everything later, fails with Errc::stopped.
    void close() {
        std::map<std::uint64_t, std::shared_ptr<AnyCall>> open;
        {
            const detail::Lock lock(mutex_);
            closed_ = true;
            open.swap(open_);
        }
        for (auto& [id, call] : open) post(call, stopped());
    }

private:
    struct AnyCall {
        virtual ~AnyCall() = default;
        virtual void fail_with(Error error) = 0;

        std::uint64_t id = 0;
        Executor::TimerId timer = Executor::TimerId::none;
    };

    template <class T>
    struct Call final : AnyCall {
        explicit Call(Completion<T> completion) : done(std::move(completion)) {}
        // Only on the executor's thread, so the first wins.
        void settle(Result<T> result) {
            if (done) std::exchange(done, nullptr)(std::move(result));
        }
        void fail_with(Error error) override { settle(fail(std::move(error))); }

        Completion<T> done;
    };

    static Error stopped() {
        return {.code = Errc::stopped, .operation = "faulty link", .cause = "it was closed"};
    }

    bool start(const std::shared_ptr<AnyCall>& call, TimePoint deadline) {
        const detail::Lock lock(mutex_);
        if (closed_) return false;
        call->id = ++last_id_;
        open_.emplace(call->id, call);
        if (deadline == TimePoint::max()) return true;
        call->timer = executor_.run_at(deadline, [self = shared_from_this(), call] {
            self->finish(*call);
            call->fail_with({.code = Errc::timeout,
                             .operation = "faulty link",
                             .cause = "no reply before the deadline"});
        });
        return true;
    }

    void finish(const AnyCall& call) {
        {
            const detail::Lock lock(mutex_);
            open_.erase(call.id);
        }
        if (call.timer != Executor::TimerId::none) executor_.cancel(call.timer);
    }

    void post(const std::shared_ptr<AnyCall>& call, Error error) {
        executor_.post([self = shared_from_this(), call, error = std::move(error)]() mutable {
            self->finish(*call);
            call->fail_with(std::move(error));
        });
    }

    template <class T>
    Completion<T> reply_through(std::shared_ptr<Call<T>> call, const OperationFate& fate,
                                Lane::Order order, std::shared_ptr<Lane> lane) {
        return [self = shared_from_this(), call = std::move(call), delay = fate.reply_delay,
                lost = fate.reply_lost, order, lane = std::move(lane)](Result<T> result) mutable {
            if (lost || !self->link_.passes(Link::Direction::from_server)) return;
            lane->send(delay, order, [self, call, result = std::move(result)]() mutable {
                if (!self->link_.passes(Link::Direction::from_server)) return;
                self->finish(*call);
                call->settle(std::move(result));
            });
        };
    }

    Executor& executor_;
    Link& link_;
    std::shared_ptr<Lane> requests_;
    std::shared_ptr<Lane> replies_;
    detail::Mutex mutex_;
    bool closed_ TUTTI_GUARDED_BY(mutex_) = false;
    std::uint64_t last_id_ TUTTI_GUARDED_BY(mutex_) = 0;
    std::map<std::uint64_t, std::shared_ptr<AnyCall>> open_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti::testing
