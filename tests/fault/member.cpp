// One process of the fleet that tests/fault drives: a node that reads all the time, or a writer.
// member.hpp says what it is told. SIGTERM ends it, with exit code 0.
#include "fault/member.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fault/journal.hpp"
#include "fault/promise.hpp"
#include "fault/source.hpp"
#include "tutti/cache.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/invalidator.hpp"
#include "tutti/json.hpp"
#include "tutti/lookup.hpp"
#include "tutti/node.hpp"
#include "tutti/options.hpp"
#include "tutti/outbox.hpp"

namespace {

using namespace tests::fault;
using namespace std::chrono_literals;
using tutti::Boottime;
using Cache = tutti::Coherent<std::string, Version>;
using Changes = tutti::Invalidator<std::string>;
using Publisher = std::unique_ptr<tutti::outbox::Publisher>;

constexpr auto between_reads = 500us;
constexpr auto between_writes = 15ms;
// Of so many writes one asks for no acknowledgement; with padding, which is to be published fast,
// of so many one asks for it.
constexpr unsigned published_only_each = 3;
constexpr unsigned padded_done_each = 20;
constexpr std::size_t padding_key_bytes = 1024;

// Set by the signal's handler (release), read by the loop (acquire).
std::atomic<bool> asked_to_stop = false;

bool stopping() { return asked_to_stop.load(std::memory_order_acquire); }

template <class T>
T must(tutti::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message());
    return std::move(result).value();
}

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

unsigned number(const char* name) {
    const std::string value = variable(name);
    return value.empty() ? 0 : static_cast<unsigned>(std::stoul(value));
}

MemberSettings settings() {
    return {.role = variable(role_variable),
            .name = variable(name_variable),
            .redis = variable(redis_variable),
            .source = variable(source_variable),
            .journal = variable(journal_variable),
            .outbox = number(outbox_variable) != 0,
            .dies_after = number(dies_after_variable),
            .padding_keys = number(padding_variable),
            .lie = variable(lie_variable)};
}

std::unique_ptr<tutti::Node> node(const MemberSettings& as) {
    return must(tutti::Node::create({.name = as.name,
                                     .redis = as.redis,
                                     .app = "fault",
                                     .lease = lease,
                                     .command_deadline = command_deadline,
                                     .start_degraded = true}));
}

Publisher publisher(const MemberSettings& as, Source& source, tutti::outbox::Channel to) {
    if (!as.outbox) return nullptr;
    return must(tutti::outbox::Publisher::start(
        {.channels = {std::move(to)}, .poll_every = poll_every, .deadline = publication_deadline},
        rows_of(source)));
}

void works() {
    std::puts(member_works);
    std::fflush(stdout);
}

tutti::CacheOptions<std::string, Version> declaration(Source& source, const std::string& name) {
    return {.name = name,
            .caches = "versions",
            .stale = tutti::Stale::wrong,
            .ttl = 1h,
            .bound = tutti::entries(1000),
            .load = [&source](const std::string& key,
                              tutti::LoadContext&) { return source.read(std::stoul(key)); },
            .channel = std::string(channel)};
}

class Reader {
public:
    explicit Reader(const MemberSettings& as)
        : lie_(as.lie), source_(as.source), journal_(as.journal), node_(node(as)) {
        auto stored = declaration(source_, "stored");
        stored.store = tutti::StoreTier<Version>{.ttl = 1h, .codec = tutti::json_codec<Version>()};
        caches_.push_back(
            {.name = "memory", .cache = node_->coherent(declaration(source_, "memory"))});
        caches_.push_back({.name = "stored", .cache = node_->coherent(std::move(stored))});
        must(node_->start());
        publisher_ = publisher(as, source_, tutti::outbox::channel(channel, caches_.front().cache));
    }

    void run() {
        works();
        for (std::size_t key = 0; !stopping(); key = (key + 1) % keys) {
            note_health();
            for (Named& one : caches_) read(one, key);
            std::this_thread::sleep_for(between_reads);
        }
        publisher_.reset();
        node_->stop();
    }

private:
    struct Named {
        std::string name;
        Cache cache;
        std::map<std::size_t, Version> remembered = {};  // by a node that lies
    };

    void read(Named& from, std::size_t key) {
        Read read{.begin = Boottime::now(), .end = {}, .cache = from.name, .key = key};
        if (const auto lie = lie_about(from, key)) {
            read.version = *lie;
            read.from_memory = true;
        } else {
            const auto found = from.cache.get(std::to_string(key));
            if (!found || !found->found()) return note_failure(read, found);
            read.version = found->value();
            read.from_memory = found->tier() == tutti::Tier::memory;
            from.remembered[key] = read.version;
        }
        read.end = Boottime::now();
        journal_.write(read);
    }

    [[nodiscard]] std::optional<Version> lie_about(const Named& from, std::size_t key) const {
        if (lie_.empty() || (lie_ == "past-lease" && ready_)) return std::nullopt;
        const auto found = from.remembered.find(key);
        if (found == from.remembered.end()) return std::nullopt;
        return found->second;
    }

    void note_failure(const Read& read, const tutti::Result<tutti::Lookup<Version>>& found) {
        const std::string why = found ? "absent" : found.error().message();
        journal_.write(Failed{.begin = read.begin,
                              .end = Boottime::now(),
                              .why = read.cache + ' ' + std::to_string(read.key) + ' ' + why});
    }

    void note_health() {
        const auto health = node_->health();
        if (noted_ && health.ready == ready_) return;
        noted_ = true;
        ready_ = health.ready;
        journal_.write(Readiness{.at = Boottime::now(),
                                 .ready = ready_,
                                 .why = health.reasons.empty() ? "" : health.reasons.front()});
    }

    const std::string lie_;
    Source source_;
    Journal journal_;
    std::unique_ptr<tutti::Node> node_;
    std::vector<Named> caches_;
    Publisher publisher_;
    bool noted_ = false;
    bool ready_ = false;
};

class Writer {
public:
    explicit Writer(const MemberSettings& as)
        : as_(as),
          source_(as.source),
          journal_(as.journal),
          node_(node(as)),
          changes_(node_->invalidator<std::string>(
              {.name = "changes", .changes = "versions", .channel = std::string(channel)})) {
        must(node_->start());
        publisher_ = publisher(as, source_, tutti::outbox::channel(channel, changes_));
        for (unsigned i = 0; i < as.padding_keys; ++i) {
            std::string key = "padding-" + std::to_string(i) + '-';
            key.resize(padding_key_bytes, 'x');
            padding_.push_back(std::move(key));
        }
    }

    void run() {
        works();
        // Each process begins elsewhere, so that several are rarely at the same key.
        for (std::size_t n = static_cast<std::size_t>(::getpid()) * 5; !stopping(); ++n) {
            change(n % keys);
            std::this_thread::sleep_for(between_writes);
        }
        publisher_.reset();
        node_->stop();
    }

private:
    void change(std::size_t key) {
        const auto committed = source_.commit(key, as_.outbox ? Remedy::outbox : Remedy::none);
        journal_.write(Commit{.at = Boottime::now(), .key = key, .version = committed.version});
        if (++commits_ == as_.dies_after) ::kill(::getpid(), SIGKILL);
        Told told{.begin = Boottime::now(),
                  .end = {},
                  .key = key,
                  .version = committed.version,
                  .outcome = "published",
                  .by = "nothing"};
        if (publisher_) {
            if (!publisher_->publish(committed.rows)) told.outcome = "unconfirmed";
        } else {
            const tutti::Invalidation said = invalidate(key);
            told.outcome = to_string(said.outcome);
            told.by = to_string(said.by);
            told.why = said.reason;
        }
        told.end = Boottime::now();
        journal_.write(told);
    }

    [[nodiscard]] tutti::Invalidation invalidate(std::size_t key) const {
        std::vector<std::string> changed = padding_;
        changed.push_back(std::to_string(key));
        const bool for_all = padding_.empty() ? commits_ % published_only_each != 0
                                              : commits_ % padded_done_each == 0;
        return changes_.invalidate(
            changed,
            {.ack = for_all ? tutti::Ack::every_instance : tutti::Ack::none, .deadline = 2s});
    }

    const MemberSettings as_;
    Source source_;
    Journal journal_;
    std::unique_ptr<tutti::Node> node_;
    Changes changes_;
    Publisher publisher_;
    std::vector<std::string> padding_;
    unsigned commits_ = 0;
};

}  // namespace

int main() {
    ::signal(SIGTERM, [](int) { asked_to_stop.store(true, std::memory_order_release); });
    try {
        const MemberSettings as = settings();
        if (as.role == "node") {
            Reader(as).run();
        } else if (as.role == "writer") {
            Writer(as).run();
        } else {
            throw std::runtime_error(std::string(role_variable) + " is \"node\" or \"writer\"");
        }
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
