// Several nodes with one cache each, on one embedded hub, one executor and a clock that stands
// still. The source is a number that a test sets; a load answers at once unless a test holds loads
// back.
#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coherence/writer.hpp"
#include "embedded/bus.hpp"
#include "embedded/store.hpp"
#include "load/cache_core.hpp"
#include "support/unowned.hpp"
#include "test_workers.hpp"
#include "tutti/cache.hpp"
#include "tutti/testing/embedded_server.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/faults.hpp"
#include "tutti/testing/faulty_store.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::testing {

using namespace std::chrono_literals;

inline Codec<int> number_codec() {
    return {
        .encode = [](const int& number) -> Result<std::string> { return std::to_string(number); },
        .decode = [](std::string_view text) -> Result<int> {
            int number = 0;
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc{} || end != text.data() + text.size()) {
                return fail(Errc::protocol, "decode", "not a number");
            }
            return number;
        },
        .name = "number"};
}

// Says how many keys it was asked for in each call, and given. Several are as many calls of what is
// inside.
class CountedStore final : public Store {
public:
    CountedStore(std::shared_ptr<Store> inner, std::vector<std::size_t>& asked,
                 std::vector<std::size_t>& filled)
        : inner_(std::move(inner)), asked_(asked), filled_(filled) {}

    void get(std::string key, TimePoint deadline,
             Completion<std::optional<std::string>> done) override {
        inner_->get(std::move(key), deadline, std::move(done));
    }
    void put(std::string key, std::string value, PutOptions options, TimePoint deadline,
             Completion<bool> done) override {
        inner_->put(std::move(key), std::move(value), options, deadline, std::move(done));
    }
    void erase(std::string key, TimePoint deadline, Completion<bool> done) override {
        inner_->erase(std::move(key), deadline, std::move(done));
    }
    void erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                        Completion<bool> done) override {
        inner_->erase_if_equal(std::move(key), std::move(expected), deadline, std::move(done));
    }
    void replace_if_equal(std::string key, std::string expected, std::string value, Ttl ttl,
                          TimePoint deadline, Completion<bool> done) override {
        inner_->replace_if_equal(std::move(key), std::move(expected), std::move(value), ttl,
                                 deadline, std::move(done));
    }
    void count(std::string prefix, TimePoint deadline, Completion<std::size_t> done) override {
        inner_->count(std::move(prefix), deadline, std::move(done));
    }
    void fetch(FetchRequest request, TimePoint deadline, Completion<Fetched> done) override {
        asked_.push_back(1);
        inner_->fetch(std::move(request), deadline, std::move(done));
    }
    void fetch_many(std::vector<Fetch> fetches, TimePoint deadline) override {
        asked_.push_back(fetches.size());
        inner_->fetch_many(std::move(fetches), deadline);
    }
    void fill(FillRequest request, TimePoint deadline, Completion<Filled> done) override {
        filled_.push_back(1);
        inner_->fill(std::move(request), deadline, std::move(done));
    }
    void fill_many(std::vector<Fill> fills, TimePoint deadline) override {
        filled_.push_back(fills.size());
        inner_->fill_many(std::move(fills), deadline);
    }
    void release(ValueAddress address, LoadToken token, TimePoint deadline,
                 Completion<bool> done) override {
        inner_->release(std::move(address), std::move(token), deadline, std::move(done));
    }
    void drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
              Completion<void> done) override {
        inner_->drop(std::move(channel), std::move(keys), deadline, std::move(done));
    }
    void close() override { inner_->close(); }

private:
    const std::shared_ptr<Store> inner_;
    std::vector<std::size_t>& asked_;
    std::vector<std::size_t>& filled_;
};

using Answered = std::shared_ptr<std::optional<Result<Lookup<int>>>>;
using Options = CacheOptions<std::string, int>;

// A node: its connections, its cache, and what its loader was asked.
class TestNode final : public BusListener {
public:
    struct Load {
        std::string key;
        Completion<Loaded<int>> done;
        LoadContext context;
    };

    TestNode(const std::shared_ptr<EmbeddedHub>& hub, ManualExecutor& executor, ManualClock& clock,
             Options options)
        : executor_(executor),
          bus(hub, executor, clock),
          store(std::make_shared<embedded::EmbeddedStore>(hub, executor, clock)),
          workers(executor) {
        options.load = [this](const std::string& key, const LoadContext& context,
                              Completion<Loaded<int>> done) {
            ++loads;
            if (ask) return done(ask(context));
            if (!hold_loads && answer) return done(answer());
            held.push_back({key, std::move(done), context});
        };
        lease->extend(clock.now(), clock.now() + 10h);
        Writer::Options writing{
            .channel = "numbers",
            .timing = {.lease = 3s, .wait_out_margin = 50ms, .command_deadline = 1s},
            .gate = gate};
        writer = std::make_shared<Writer>(std::move(writing), bus, executor, clock, Log{});
        writer->connect();
        core = std::make_shared<CacheCore>(
            detail::untyped(std::move(options)),
            LoadEnvironment{
                .clock = &clock,
                .executor = tests::unowned<Executor>(executor),
                .workers = tests::unowned<Workers>(workers),
                .store = std::make_shared<CountedStore>(
                    std::make_shared<FaultyStore>(*store, executor, clock, link_), asked, filled),
                .random = [this] { return random_ += 0x9e3779b97f4a7c15; },
                .carry = [this]() -> Flight::Carried {
                    if (carry) carry();
                    return nullptr;
                },
                .log = Log([this](LogLevel, std::string_view text) { log.emplace_back(text); })},
            CacheCore::Coherence{.lease = lease,
                                 .gate = gate,
                                 .channel = "numbers",
                                 .prefix = "n:",
                                 .publisher = writer});
        bus.subscribe({{.channel = "numbers", .plain = false}}, *this);
        core->open();
        cache.emplace(core);
    }
    ~TestNode() override {
        core->close();
        executor_.run_ready();  // what it gives back to the store
        writer->close();
        bus.close();
    }

    Answered get(const std::string& key, GetOptions how = {}) {
        auto answered = std::make_shared<std::optional<Result<Lookup<int>>>>();
        cache->get(key, how, [answered](Result<Lookup<int>> given) { answered->emplace(given); });
        executor_.run_ready();
        return answered;
    }
    Answered refresh(const std::string& key) {
        auto answered = std::make_shared<std::optional<Result<Lookup<int>>>>();
        cache->refresh(key, [answered](Result<Lookup<int>> given) { answered->emplace(given); });
        executor_.run_ready();
        return answered;
    }
    void finish(std::size_t load, Result<Loaded<int>> with) {
        std::exchange(held.at(load).done, nullptr)(std::move(with));
        executor_.run_ready();
    }
    Invalidation invalidate(std::optional<std::string> key) {
        std::optional<Invalidation> outcome;
        core->invalidate(key ? KeySet::of(*std::move(key)) : KeySet::everything(), {},
                         [&](Invalidation given) { outcome.emplace(std::move(given)); });
        executor_.run_ready();
        return outcome.value_or(Invalidation{});
    }
    Result<Filled> offer(const std::string& key, int value) {
        std::optional<Result<Filled>> filled;
        core->offer(key, std::make_shared<const int>(value), 1s,
                    [&](Result<Filled> given) { filled.emplace(std::move(given)); });
        executor_.run_ready();
        return filled.value_or(fail(Errc::timeout, "offer"));
    }

    void on_subscribed() override { core->woken({}); }
    void on_disconnected() override {}
    void on_entry(std::string_view, BusEntry entry) override {
        if (deaf) return;
        if (entry.changed.all) core->flush();
        for (const std::string& key : entry.changed.keys) core->remove(key);
        for (const std::string& tag : entry.changed.tags) core->remove_tagged(tag);
    }
    void on_undecodable(std::string_view) override {}
    void on_plain(std::string_view, std::string_view) override {}
    void on_oversized_plain(std::string_view, std::size_t) override {}
    void on_woken(std::string_view store_key) override { core->woken(store_key); }
    void on_ack_wanted(std::string_view, Epoch, Sequence) override {}
    void on_all_acked(std::string_view, Epoch, Sequence) override {}

private:
    ManualExecutor& executor_;
    static inline std::uint64_t nodes_ = 0;
    std::uint64_t random_ = ++nodes_;  // another beginning for each, the same on every run

public:
    ScriptedFaults faults;  // of the store
    embedded::EmbeddedBus bus;
    std::shared_ptr<embedded::EmbeddedStore> store;
    std::shared_ptr<Lease> lease = std::make_shared<Lease>();
    std::shared_ptr<StoreGate> gate = std::make_shared<StoreGate>();
    std::shared_ptr<Writer> writer;
    std::vector<std::string> log;
    std::vector<std::size_t> asked;   // the store, for how many keys in each call
    std::vector<std::size_t> filled;  // the same of what it was given
    std::function<void()> carry;      // on the reader's thread, when a read has found nothing
    std::size_t loads = 0;
    std::vector<Load> held;
    std::function<Result<Loaded<int>>()> answer;
    std::function<Result<Loaded<int>>(const LoadContext&)> ask;  // in its place
    bool hold_loads = false;
    bool deaf = false;  // to pushes

private:
    Link link_{faults};

public:
    TestWorkers workers;
    std::shared_ptr<CacheCore> core;
    std::optional<Coherent<std::string, int>> cache;
};

class StoreTest : public ::testing::Test {
protected:
    static Options options() {
        Options options{.name = "numbers",
                        .caches = "numbers",
                        .stale = Stale::wrong,
                        .ttl = 30s,
                        .bound = entries(100),
                        .channel = "numbers"};
        options.store = StoreTier<int>{.ttl = 10min, .codec = number_codec()};
        return options;
    }

    // The same without a store.
    static Options in_memory() {
        Options options = StoreTest::options();
        options.store.reset();
        return options;
    }

    TestNode& node(Options options) {
        nodes_.push_back(std::make_unique<TestNode>(hub_, executor_, clock_, std::move(options)));
        nodes_.back()->answer = [this] { return source; };
        executor_.run_ready();
        return *nodes_.back();
    }
    TestNode& node() { return node(options()); }

    static int value(const Answered& answered) {
        if (!answered->has_value() || !(*answered)->has_value()) return -1;
        return (**answered)->found() ? *(**answered).value() : -2;
    }
    static const Lookup<int>& lookup(const Answered& answered) { return (*answered)->value(); }
    static Errc error(const Answered& answered) { return (*answered)->error().code; }
    static Error broken() { return {Errc::unavailable, "source", "is down"}; }

    ManualClock clock_;
    ManualExecutor executor_{clock_};
    std::shared_ptr<EmbeddedHub> hub_ = EmbeddedHub::create({.seed = 1, .clock = clock_});
    EmbeddedServer server_{hub_};
    std::vector<std::unique_ptr<TestNode>> nodes_;
    Result<Loaded<int>> source{Loaded<int>(1)};
};

}  // namespace tutti::testing
