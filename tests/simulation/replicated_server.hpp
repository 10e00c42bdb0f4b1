// The server of the fleet as one process sees it, where a replica may take its place: another hub
// is the primary that was replaced, and a process that was left behind goes on talking to it until
// it finds out. Nothing that is done there counts (W5): no replica has it. Bus and store have
// connections of their own, so they may find out at different times.
//
// Pushes come from the new primary alone; plain values and channels without a lease stay out of it:
// nothing is promised of them there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coherence/copies.hpp"
#include "coherence/store_fence.hpp"
#include "embedded/bus.hpp"
#include "embedded/store.hpp"
#include "simulation/moody_server.hpp"
#include "tutti/bus.hpp"
#include "tutti/store.hpp"

namespace tutti::simulation {

// Of one process.
struct LeftBehind {
    bool bus = false;
    bool store = false;
};

class ReplicatedBus final : public Bus {
public:
    ReplicatedBus(Bus& primary, Bus& former, const LeftBehind& left_behind)
        : primary_(primary), former_(former), left_behind_(left_behind) {}

    void subscribe(std::vector<Subscription> subscriptions, BusListener& listener) override {
        primary_.subscribe(std::move(subscriptions), listener);
    }
    void publish(PublishRequest request, TimePoint deadline, Completion<Published> done) override {
        server().publish(std::move(request), deadline,
                         [had = replicas(), done = std::move(done)](auto answer) mutable {
                             done(copies.counted("simulated publish", std::move(answer), had));
                         });
    }
    void renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) override {
        server().renew(std::move(request), deadline,
                       [had = replicas(), done = std::move(done)](auto answer) mutable {
                           done(copies.counted("simulated renew", std::move(answer), had));
                       });
    }
    void replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                Completion<std::vector<BusEntry>> done) override {
        server().replay(std::move(channel), first, last, deadline, std::move(done));
    }
    void leave(std::string channel, std::string member, TimePoint deadline,
               Completion<void> done) override {
        server().leave(std::move(channel), std::move(member), deadline, std::move(done));
    }
    void acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) override {
        server().acknowledge(std::move(request), deadline, std::move(done));
    }
    void laggards(std::string channel, Sequence sequence, TimePoint deadline,
                  Completion<Laggards> done) override {
        server().laggards(std::move(channel), sequence, deadline, std::move(done));
    }
    void reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
              Completion<void> done) override {
        server().reap(std::move(channel), epoch, renewals, deadline, std::move(done));
    }
    void probe(TimePoint deadline, Completion<void> done) override {
        primary_.probe(deadline, std::move(done));
    }
    void close() override {
        primary_.close();
        former_.close();
    }

private:
    static constexpr Copies copies{2};

    [[nodiscard]] Bus& server() const { return left_behind_.bus ? former_ : primary_; }
    [[nodiscard]] std::uint64_t replicas() const { return left_behind_.bus ? 0 : 1; }

    Bus& primary_;
    Bus& former_;
    const LeftBehind& left_behind_;
};

class ReplicatedStore final : public Store {
public:
    ReplicatedStore(Store& primary, Store& former, const LeftBehind& left_behind,
                    const StoreFence& fence)
        : primary_(primary), former_(former), left_behind_(left_behind), fence_(fence) {}

    void get(std::string key, TimePoint deadline,
             Completion<std::optional<std::string>> done) override {
        primary_.get(std::move(key), deadline, std::move(done));
    }
    void put(std::string key, std::string value, PutOptions options, TimePoint deadline,
             Completion<bool> done) override {
        primary_.put(std::move(key), std::move(value), options, deadline, std::move(done));
    }
    void erase(std::string key, TimePoint deadline, Completion<bool> done) override {
        primary_.erase(std::move(key), deadline, std::move(done));
    }
    void erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                        Completion<bool> done) override {
        primary_.erase_if_equal(std::move(key), std::move(expected), deadline, std::move(done));
    }
    void replace_if_equal(std::string key, std::string expected, std::string value, Ttl ttl,
                          TimePoint deadline, Completion<bool> done) override {
        primary_.replace_if_equal(std::move(key), std::move(expected), std::move(value), ttl,
                                  deadline, std::move(done));
    }
    void count(std::string prefix, TimePoint deadline, Completion<std::size_t> done) override {
        primary_.count(std::move(prefix), deadline, std::move(done));
    }
    void fetch(FetchRequest request, TimePoint deadline, Completion<Fetched> done) override {
        server(request.address.channel).fetch(std::move(request), deadline, std::move(done));
    }
    void fill(FillRequest request, TimePoint deadline, Completion<Filled> done) override {
        server(request.address.channel).fill(std::move(request), deadline, std::move(done));
    }
    void release(ValueAddress address, LoadToken token, TimePoint deadline,
                 Completion<bool> done) override {
        server(address.channel)
            .release(std::move(address), std::move(token), deadline, std::move(done));
    }
    void drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
              Completion<void> done) override {
        server(channel).drop(std::move(channel), std::move(keys), deadline, std::move(done));
    }
    void close() override {
        primary_.close();
        former_.close();
    }

private:
    [[nodiscard]] Store& server(const std::string& channel) const {
        return left_behind_.store && fence_.guards(channel) ? former_ : primary_;
    }

    Store& primary_;
    Store& former_;
    const LeftBehind& left_behind_;
    const StoreFence& fence_;
};

}  // namespace tutti::simulation
