#include "stress/stress.hpp"

#include <thread>
#include <utility>

#include "tutti/embedded.hpp"

namespace tutti::stress {

using namespace std::chrono_literals;

namespace {

constexpr Duration patience = 60s;  // of what must come, however slow the machine is
constexpr std::size_t reads_between_writes = 20;

std::size_t number_of(const std::string& key) { return std::stoul(key); }
std::size_t number_of(std::uint64_t key) { return key; }

Codec<Version> version_codec() {
    return {.encode = [](const Version& version) -> Result<std::string> {
                return std::to_string(version);
            },
            .decode = [](std::string_view text) -> Result<Version> {
                return std::stoull(std::string(text));
            },
            .name = "version"};
}

}  // namespace

Stress::Stress(const Plan& plan)
    : plan_(plan),
      own_key_(plan.keys),
      spare_key_(plan.keys + 1),
      ledger_(plan.nodes, plan.keys + 2, plan.writers * plan.writes + 4 * plan.accidents,
              plan.lease) {
    const auto hub = EmbeddedHub::create({.seed = plan.seed});
    members_.resize(plan.nodes);
    for (std::size_t member = 0; member < plan.nodes; ++member) {
        // One clock, which does not drift: `done` may come the moment that the lease is over.
        members_[member].node = Node::create({.name = "node-" + std::to_string(member),
                                              .embedded = hub,
                                              .lease = plan.lease,
                                              .clock_drift_max = 0,
                                              .wait_out_margin = Duration::zero(),
                                              .command_deadline = patience,
                                              .workers = 4})
                                    .value();
        declare(member);
        if (auto started = members_[member].node->start(patience); !started) {
            ledger_.report("a node starts: " + started.error().message());
        }
    }
}

void Stress::declare(std::size_t member) {
    Member& its = members_[member];
    for (const CacheIndex cache : {plain, stored}) {
        its.caches.at(cache) = declared<std::string>(member, cache);
    }
    its.numbers = declared<std::uint64_t>(member, numbered);
}

template <class K>
std::unique_ptr<Coherent<K, Version>> Stress::declared(std::size_t member, CacheIndex cache) {
    constexpr std::array names = {"plain", "stored", "numbered"};
    CacheOptions<K, Version> options{
        .name = names.at(cache),
        .caches = "versions",
        .stale = Stale::wrong,
        .ttl = Ttl::never(),
        .bound = entries(1000),
        .load = [this, member, cache](const K& key, LoadContext&) -> Result<Loaded<Version>> {
            return load(member, cache, number_of(key));
        },
        .load_deadline = patience,
        .channel = "versions",
    };
    if (cache == stored) {
        options.store = StoreTier<Version>{.ttl = 1h, .codec = version_codec()};
    }
    return std::make_unique<Coherent<K, Version>>(
        members_[member].node->coherent<K, Version>(std::move(options)));
}

Version Stress::load(std::size_t member, CacheIndex cache, std::size_t key) {
    loads_.fetch_add(1, std::memory_order_relaxed);
    const Version version = ledger_.source(key);
    std::shared_ptr<Gate> gate;
    if (cache == plain) {
        const std::lock_guard lock(gate_mutex_);
        if (next_load_ && next_load_member_ == member && next_load_key_ == key) {
            gate = std::exchange(next_load_, nullptr);
        }
    }
    if (gate) gate->pass();
    // What is invalidated between the source and the memory is what poisoning is for.
    for (Version turn = 0; turn < version % 4; ++turn) std::this_thread::yield();
    return version;
}

Findings Stress::run() {
    Random random(plan_.seed);
    std::vector<std::jthread> readers;
    for (std::size_t member = 0; member < plan_.nodes; ++member) {
        readers.emplace_back(
            [this, member, seed = random.number()] { keep_reading(member, seed); });
    }
    {
        std::vector<std::jthread> writers;
        for (std::size_t writer = 0; writer < plan_.writers; ++writer) {
            writers.emplace_back([this, seed = random.number()] { keep_writing(seed); });
        }
        writers.emplace_back([this, seed = random.number()] { have_accidents(seed); });
    }
    finished_.store(true, std::memory_order_relaxed);
    readers.clear();
    for (auto open = unanswered_.load(); open > 0; open = unanswered_.load()) {
        unanswered_.wait(open);
    }
    for (const Member& member : members_) member.node->stop();
    return {.reads = reads_.load(),
            .memory_hits = memory_hits_.load(),
            .loads = loads_.load(),
            .done = done_.load(),
            .violations = ledger_.violations()};
}

void Stress::keep_reading(std::size_t member, std::uint64_t seed) {
    Random random(seed);
    while (!finished_.load(std::memory_order_relaxed) && ledger_.kept()) {
        // A thread of a node that is held up answers nothing from the store.
        read(member, plain, random.below(plan_.keys));
        if (random.chance(0.3)) read(member, stored, random.below(plan_.keys));
        if (random.chance(0.3)) read(member, numbered, random.below(plan_.keys));
    }
}

void Stress::keep_writing(std::uint64_t seed) {
    Random random(seed);
    for (std::size_t count = 0; count < plan_.writes && ledger_.kept(); ++count) {
        const std::size_t member = random.below(plan_.nodes);
        const auto cache = static_cast<CacheIndex>(random.below(cache_count));
        const std::size_t key = random.below(plan_.keys);
        if (random.chance(0.02)) {
            invalidate_all(member, cache);
        } else if (random.chance(0.25)) {
            begin_to_write(member, cache, key);
        } else {
            write(member, cache, key, Ack::none);
        }
        for (std::size_t again = 0; again < reads_between_writes; ++again) {
            const CacheIndex others = random.chance(0.5) ? stored : numbered;
            read(member, random.chance(0.4) ? others : plain, random.below(plan_.keys));
        }
    }
}

void Stress::read(std::size_t member, CacheIndex cache, std::size_t key) {
    const Ledger::Floor owed = ledger_.floor(member, key);
    judge(member, key, owed, with(member, cache, key, [](auto& handle, const auto& its_key) {
              return handle.get(its_key, {.deadline = patience});
          }));
}

std::shared_ptr<Stress::Reading> Stress::begin_to_read(std::size_t member, std::size_t key) {
    auto reading = std::make_shared<Reading>();
    members_[member].caches[plain]->get(
        std::to_string(key), GetOptions{.deadline = patience},
        [this, reading, member, key,
         owed = ledger_.floor(member, key)](const Result<Lookup<Version>>& answer) {
            judge(member, key, owed, answer);
            reading->answered();
        });
    return reading;
}

void Stress::judge(std::size_t member, std::size_t key, const Ledger::Floor& owed,
                   const Result<Lookup<Version>>& answer) {
    reads_.fetch_add(1, std::memory_order_relaxed);
    if (!answer) return ledger_.report("no error without a cause: " + answer.error().message());
    if (answer->tier() == Tier::memory) memory_hits_.fetch_add(1, std::memory_order_relaxed);
    ledger_.judge("a read on node " + std::to_string(member), owed, key, **answer);
}

void Stress::write(std::size_t member, CacheIndex cache, std::size_t key, Ack ack) {
    const Version version = ledger_.commit(key);
    const Invalidation outcome =
        with(member, cache, key, [&](auto& handle, const auto& its_key) -> Invalidation {
            return handle.invalidate(its_key, {.ack = ack, .deadline = patience});
        });
    ledger_.invalidated(member, key, version);
    told(key, version, ack, outcome);
}

void Stress::begin_to_write(std::size_t member, CacheIndex cache, std::size_t key) {
    const Version version = ledger_.commit(key);
    unanswered_.fetch_add(1);
    const auto told_of = [this, key, version](const Invalidation& outcome) {
        told(key, version, Ack::every_instance, outcome);
        unanswered_.fetch_sub(1);
        unanswered_.notify_all();
    };
    with(member, cache, key, [&](auto& handle, const auto& its_key) {
        handle.invalidate(
            its_key, InvalidateOptions{.ack = Ack::every_instance, .deadline = patience}, told_of);
    });
    ledger_.invalidated(member, key, version);
}

void Stress::invalidate_all(std::size_t member, CacheIndex cache) {
    std::vector<Version> versions(plan_.keys);
    for (std::size_t key = 0; key < plan_.keys; ++key) versions[key] = ledger_.commit(key);
    const Invalidation outcome =
        with(member, cache, 0, [](auto& handle, const auto&) -> Invalidation {
            return handle.invalidate_all({.deadline = patience});
        });
    for (std::size_t key = 0; key < plan_.keys; ++key) {
        ledger_.invalidated(member, key, versions[key]);
        told(key, versions[key], Ack::none, outcome);
    }
}

void Stress::told(std::size_t key, Version version, Ack ack, const Invalidation& outcome) {
    if (!outcome.published() || (ack == Ack::every_instance && !outcome.done())) {
        return ledger_.report("no unconfirmed without a fault: " + outcome.reason);
    }
    if (outcome.done()) {
        done_.fetch_add(1, std::memory_order_relaxed);
        ledger_.done(key, version);
    } else {
        ledger_.published(key, version, system_clock().now());
    }
}

}  // namespace tutti::stress
