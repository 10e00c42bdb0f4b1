// Layers of a simulated node's bus and store. From the outside in:
//
//   ProcessBus, ProcessStore    what the process notices: answers and pushes wait until the node's
//                               executor runs, deadlines are measured by the node's clock. A paused
//                               process notices nothing. Where the server may be replaced they have
//                               the fence, which moves when an answer is noticed (W5)
//   FaultyBus, FaultyStore      the network, which never pauses
//   MoodyServer                 what the server refuses
//   WatchedBus                  tells the checker which publications took effect, and when
//   ReplicatedBus, ReplicatedStore  which server it is: the primary, or one that was replaced
//   EmbeddedBus, EmbeddedStore  the server
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coherence/store_fence.hpp"
#include "simulation/moody_server.hpp"
#include "tutti/bus.hpp"
#include "tutti/executor.hpp"
#include "tutti/store.hpp"

namespace tutti::simulation {

class WatchedBus final : public Bus {
public:
    using Executed =
        std::function<void(TimePoint at, const std::string& channel, const KeySet& changed)>;

    // `inner` executes inside the call.
    WatchedBus(Bus& inner, const Clock& clock, const ServerMood& mood, Executed executed)
        : inner_(inner), clock_(clock), mood_(mood), executed_(std::move(executed)) {}

    void subscribe(std::vector<Subscription> subscriptions, BusListener& listener) override {
        inner_.subscribe(std::move(subscriptions), listener);
    }
    void publish(PublishRequest request, TimePoint deadline, Completion<Published> done) override {
        auto watch = [this, at = clock_.now(), channel = request.channel, changed = request.changed,
                      done = std::move(done)](Result<Published> answer) mutable {
            if (answer) {
                executed_(at, channel, changed);
                answer->replicas = mood_.replicas;
            }
            done(std::move(answer));
        };
        inner_.publish(std::move(request), deadline, std::move(watch));
    }
    void renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) override {
        inner_.renew(std::move(request), deadline, std::move(done));
    }
    void replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                Completion<std::vector<BusEntry>> done) override {
        inner_.replay(std::move(channel), first, last, deadline, std::move(done));
    }
    void leave(std::string channel, std::string member, TimePoint deadline,
               Completion<void> done) override {
        inner_.leave(std::move(channel), std::move(member), deadline, std::move(done));
    }
    void acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) override {
        inner_.acknowledge(std::move(request), deadline, std::move(done));
    }
    void laggards(std::string channel, Sequence sequence, TimePoint deadline,
                  Completion<Laggards> done) override {
        inner_.laggards(std::move(channel), sequence, deadline, std::move(done));
    }
    void reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
              Completion<void> done) override {
        inner_.reap(std::move(channel), epoch, renewals, deadline, std::move(done));
    }
    void probe(TimePoint deadline, Completion<void> done) override {
        inner_.probe(deadline, std::move(done));
    }
    void close() override { inner_.close(); }

private:
    Bus& inner_;
    const Clock& clock_;
    const ServerMood& mood_;
    const Executed executed_;
};

// Answers that a process notices when it runs, or gives up by its own clock.
class Arrivals {
public:
    explicit Arrivals(Executor& process) : process_(process) {}

    // Whichever of the answer and the deadline the process notices first.
    template <class T>
    Completion<T> at(TimePoint deadline, Completion<T> done) {
        auto call = std::make_shared<Call<T>>(std::move(done));
        call->timer = process_.run_at(deadline, [call] {
            call->settle(fail(Errc::timeout, "simulated call", "no answer before the deadline"));
        });
        return [&process = process_, call](Result<T> answer) {
            process.post([&process, call, answer = std::move(answer)]() mutable {
                process.cancel(call->timer);
                call->settle(std::move(answer));
            });
        };
    }

private:
    template <class T>
    struct Call {
        explicit Call(Completion<T> to_call) : done(std::move(to_call)) {}
        Completion<T> done;
        Executor::TimerId timer = Executor::TimerId::none;

        void settle(Result<T> answer) {
            if (done) std::exchange(done, nullptr)(std::move(answer));
        }
    };

    Executor& process_;
};

class ProcessStore final : public Store {
public:
    ProcessStore(Store& network, Executor& process, const StoreFence& fence, const Clock& clock)
        : network_(network), arrivals_(process), fence_(fence), clock_(clock) {}

    void get(std::string key, TimePoint deadline,
             Completion<std::optional<std::string>> done) override {
        network_.get(std::move(key), TimePoint::max(), arrivals_.at(deadline, std::move(done)));
    }
    void put(std::string key, std::string value, PutOptions options, TimePoint deadline,
             Completion<bool> done) override {
        network_.put(std::move(key), std::move(value), options, TimePoint::max(),
                     arrivals_.at(deadline, std::move(done)));
    }
    void erase(std::string key, TimePoint deadline, Completion<bool> done) override {
        network_.erase(std::move(key), TimePoint::max(), arrivals_.at(deadline, std::move(done)));
    }
    void erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                        Completion<bool> done) override {
        network_.erase_if_equal(std::move(key), std::move(expected), TimePoint::max(),
                                arrivals_.at(deadline, std::move(done)));
    }
    void replace_if_equal(std::string key, std::string expected, std::string value, Ttl ttl,
                          TimePoint deadline, Completion<bool> done) override {
        network_.replace_if_equal(std::move(key), std::move(expected), std::move(value), ttl,
                                  TimePoint::max(), arrivals_.at(deadline, std::move(done)));
    }
    void count(std::string prefix, TimePoint deadline, Completion<std::size_t> done) override {
        network_.count(std::move(prefix), TimePoint::max(),
                       arrivals_.at(deadline, std::move(done)));
    }
    void fetch(FetchRequest request, TimePoint deadline, Completion<Fetched> done) override {
        auto fenced = [this, channel = request.address.channel,
                       done = std::move(done)](Result<Fetched> fetched) mutable {
            if (fetched && !fence_.covers(channel, fetched->epoch, clock_.now())) {
                return done(fail(Errc::unavailable, "simulated fetch", "no lease covers it"));
            }
            done(std::move(fetched));
        };
        network_.fetch(std::move(request), TimePoint::max(),
                       arrivals_.at<Fetched>(deadline, std::move(fenced)));
    }
    void fill(FillRequest request, TimePoint deadline, Completion<Filled> done) override {
        network_.fill(std::move(request), TimePoint::max(),
                      arrivals_.at(deadline, std::move(done)));
    }
    void release(ValueAddress address, LoadToken token, TimePoint deadline,
                 Completion<bool> done) override {
        network_.release(std::move(address), std::move(token), TimePoint::max(),
                         arrivals_.at(deadline, std::move(done)));
    }
    void drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
              Completion<void> done) override {
        network_.drop(std::move(channel), std::move(keys), TimePoint::max(),
                      arrivals_.at(deadline, std::move(done)));
    }
    void close() override { network_.close(); }

private:
    Store& network_;
    Arrivals arrivals_;
    const StoreFence& fence_;
    const Clock& clock_;
};

class ProcessBus final : public Bus, private BusListener {
public:
    ProcessBus(Bus& network, Executor& process, StoreFence& fence, const ServerMood& mood,
               const Clock& clock)
        : network_(network),
          process_(process),
          arrivals_(process),
          fence_(fence),
          mood_(mood),
          clock_(clock) {}

    void subscribe(std::vector<Subscription> subscriptions, BusListener& listener) override {
        listener_ = &listener;
        for (const Subscription& subscription : subscriptions) {
            if (mood_.counted) fence_.guard(subscription.channel);
        }
        network_.subscribe(std::move(subscriptions), *this);
    }
    void publish(PublishRequest request, TimePoint deadline, Completion<Published> done) override {
        auto noticed = [this, channel = request.channel,
                        done = std::move(done)](Result<Published> answer) mutable {
            if (answer) fence_.published(channel, answer->position.epoch, clock_.now());
            done(std::move(answer));
        };
        network_.publish(std::move(request), TimePoint::max(),
                         arrivals_.at<Published>(deadline, std::move(noticed)));
    }
    void renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) override {
        auto noticed = [this, channel = request.channel, since = clock_.now(),
                        lease = request.lease,
                        done = std::move(done)](Result<Renewed> answer) mutable {
            if (answer) fence_.renewed(channel, answer->position.epoch, since, lease);
            done(std::move(answer));
        };
        network_.renew(std::move(request), TimePoint::max(),
                       arrivals_.at<Renewed>(deadline, std::move(noticed)));
    }
    void replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                Completion<std::vector<BusEntry>> done) override {
        network_.replay(std::move(channel), first, last, TimePoint::max(),
                        arrivals_.at(deadline, std::move(done)));
    }
    void leave(std::string channel, std::string member, TimePoint deadline,
               Completion<void> done) override {
        network_.leave(std::move(channel), std::move(member), TimePoint::max(),
                       arrivals_.at(deadline, std::move(done)));
    }
    void acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) override {
        network_.acknowledge(std::move(request), TimePoint::max(),
                             arrivals_.at(deadline, std::move(done)));
    }
    void laggards(std::string channel, Sequence sequence, TimePoint deadline,
                  Completion<Laggards> done) override {
        network_.laggards(std::move(channel), sequence, TimePoint::max(),
                          arrivals_.at(deadline, std::move(done)));
    }
    void reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
              Completion<void> done) override {
        network_.reap(std::move(channel), epoch, renewals, TimePoint::max(),
                      arrivals_.at(deadline, std::move(done)));
    }
    void probe(TimePoint deadline, Completion<void> done) override {
        network_.probe(TimePoint::max(), arrivals_.at(deadline, std::move(done)));
    }
    void close() override {
        closed_ = true;
        network_.close();
    }

private:
    template <class F>
    void notice(F call) {
        process_.post([this, call = std::move(call)]() mutable {
            if (!closed_) call(*listener_);
        });
    }

    void on_subscribed() override {
        notice([](BusListener& to) { to.on_subscribed(); });
    }
    void on_disconnected() override {
        notice([](BusListener& to) { to.on_disconnected(); });
    }
    void on_entry(std::string_view channel, BusEntry entry) override {
        notice([channel = std::string(channel), entry = std::move(entry)](BusListener& to) {
            to.on_entry(channel, entry);
        });
    }
    void on_undecodable(std::string_view channel) override {
        notice([channel = std::string(channel)](BusListener& to) { to.on_undecodable(channel); });
    }
    void on_plain(std::string_view channel, std::string_view payload) override {
        notice([channel = std::string(channel), payload = std::string(payload)](BusListener& to) {
            to.on_plain(channel, payload);
        });
    }
    void on_oversized_plain(std::string_view channel, std::size_t bytes) override {
        notice([channel = std::string(channel), bytes](BusListener& to) {
            to.on_oversized_plain(channel, bytes);
        });
    }
    void on_woken(std::string_view store_key) override {
        notice([store_key = std::string(store_key)](BusListener& to) { to.on_woken(store_key); });
    }
    void on_ack_wanted(std::string_view channel, Epoch epoch, Sequence sequence) override {
        notice([channel = std::string(channel), epoch, sequence](BusListener& to) {
            to.on_ack_wanted(channel, epoch, sequence);
        });
    }
    void on_all_acked(std::string_view channel, Epoch epoch, Sequence sequence) override {
        notice([channel = std::string(channel), epoch, sequence](BusListener& to) {
            to.on_all_acked(channel, epoch, sequence);
        });
    }

    Bus& network_;
    Executor& process_;
    Arrivals arrivals_;
    StoreFence& fence_;
    const ServerMood& mood_;
    const Clock& clock_;
    BusListener* listener_ = nullptr;
    bool closed_ = false;
};

}  // namespace tutti::simulation
