// What readers of the fleet are answered, and what a memory and the store's claims owe them beyond
// that.
#include <algorithm>
#include <utility>

#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

Obligation Fleet::obligation(Process& process, std::size_t cache, std::size_t row) {
    const ProcessPlan& plan = process.plan();
    // Without memory a read sees everything that was published before it began.
    const Duration bound = has_memory(cache) ? plan.lease : Duration::zero();
    return checker_.obligation(row, now(), process.stretched(bound),
                               process.stretched(plan.caches[cache].on_suspect.age()),
                               process.own(cache, row));
}

void Fleet::get(std::size_t place, std::size_t cache, std::size_t row, Duration deadline) {
    read(place, cache, row, obligation(node(place), cache, row), deadline);
}

void Fleet::get_at_least(std::size_t place, std::size_t cache, std::size_t row, Version least) {
    Obligation owed = obligation(node(place), cache, row);
    owed.own = std::max(owed.own, least);
    read(place, cache, row, owed, 5s);
}

void Fleet::refresh(std::size_t place, std::size_t cache, std::size_t row) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.refreshes;
    ++disturbances_[row];
    note(Event::refresh, process, row, cache);
    Obligation owed = obligation(process, cache, row);
    owed.own = std::max(owed.own, source_.read(row));
    constexpr Duration deadline = 5s;
    const std::uint64_t id = wait(process, row, deadline);
    process.cache(cache).refresh(key_of(row), GetOptions{.deadline = deadline},
                                 [=, this, &process](const Result<Lookup<Version>>& answer) {
                                     disturbed_[row] = now();
                                     --disturbances_[row];
                                     answered(id);
                                     judge(process, cache, row, owed, answer);
                                 });
}

void Fleet::read(std::size_t place, std::size_t cache, std::size_t row, const Obligation& owed,
                 Duration deadline) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.reads;
    note(Event::get, process, row, cache);
    const std::uint64_t id = wait(process, row, deadline);
    process.cache(cache).get(key_of(row), GetOptions{.deadline = deadline},
                             [=, this, &process](const Result<Lookup<Version>>& answer) {
                                 answered(id);
                                 judge(process, cache, row, owed, answer);
                             });
}

std::optional<Version> Fleet::peek(std::size_t place, std::size_t cache, std::size_t row) {
    Process& process = node(place);
    if (!process.serving()) return std::nullopt;
    ++counts_.peeks;
    const Obligation owed = obligation(process, cache, row);
    auto hit = process.raw_cache(cache).hit(key_of(row));
    if (!hit) {
        not_in_memory(process, cache, row);
        return std::nullopt;
    }
    if (!*hit) {
        judge_error(process, cache, row, hit->error());
        return std::nullopt;
    }
    const Lookup<Version> found(*std::move(*hit));
    const Version seen = seen_by(row, found);
    judge(process, cache, row, owed, found);
    return seen;
}

void Fleet::peek_everything(std::size_t place) {
    for (std::size_t cache = 0; cache < cache_count; ++cache) {
        for (std::size_t key = 0; key < options_.keys; ++key) {
            peek(place, cache, row(channel_of(cache), key));
        }
    }
}

Version Fleet::seen_by(std::size_t row, const Lookup<Version>& answer) const {
    if (answer) return *answer;
    return answer.answer() == Answer::negative ? source_.newest_negative(row)
                                               : source_.newest_absent(row);
}

void Fleet::judge(Process& process, std::size_t cache, std::size_t row, const Obligation& owed,
                  const Result<Lookup<Version>>& answer) {
    if (!answer) return judge_error(process, cache, row, answer.error());
    const Version seen = seen_by(row, *answer);
    const bool suspect = answer->freshness() == Freshness::suspect;
    if (answer->tier() == Tier::memory) {
        ++counts_.memory_hits;
        if (answer->freshness() == Freshness::fresh) seen_in_memory(process, cache, row);
    }
    if (answer->tier() == Tier::store) ++counts_.store_hits;
    if (answer->freshness() == Freshness::stale) ++counts_.stale_answers;
    if (suspect) ++counts_.suspect_answers;
    note(Event::got, process, row, seen * 10 + cache);
    const std::size_t before = checker_.violations().size();
    checker_.judge(now(), row, owed, seen,
                   suspect ? Checker::Answer::suspect : Checker::Answer::fresh);
    if (checker_.violations().size() > before) note(Event::violation, process, row, seen);
    if (suspect && process.plan().caches[cache].on_suspect.kind() != OnSuspect::Kind::serve_up_to) {
        violated("only serve_up_to gives suspect answers", "", row);
    }
}

void Fleet::judge_error(Process& process, std::size_t cache, std::size_t row, const Error& error) {
    ++counts_.errors;
    note(Event::failed, process, row, static_cast<std::uint64_t>(error.code));
    const auto excused = [&] {
        switch (error.code) {
        case Errc::stopped: return !process.serving();
        case Errc::suspect:
            return !options_.calm &&
                   process.plan().caches[cache].on_suspect.kind() == OnSuspect::Kind::fail;
        case Errc::load_failed: return options_.load_failures > 0;
        case Errc::timeout: return !options_.calm;
        default: return false;
        }
    };
    if (!excused()) violated("no error without a cause", error.message(), row);
}

// Without a TTL, a bound that bites or a drop of everything, only an invalidation takes an entry
// away.
void Fleet::seen_in_memory(Process& process, std::size_t cache, std::size_t row) {
    const bool stays = cache == users || cache == limits;
    if (stays && options_.history_survives) process.in_memory[cache][row] = now();
}

void Fleet::not_in_memory(Process& process, std::size_t cache, std::size_t row) {
    const auto seen = process.in_memory[cache][row];
    if (!seen) return;
    const auto channels = process.engine().channels();
    const auto status =
        std::ranges::find(channels, channel_name(channel_of(cache)), &ChannelStatus::channel);
    if (!status->effective) return;  // suspect, and back when the lease is
    process.in_memory[cache][row].reset();
    // Everything that was published before was applied when it was seen: the lease was in force. Of
    // what is published at this very moment the checker may hear a little later.
    const TimePoint applied = *seen - process.stretched(process.plan().lease);
    after(1ms, [this, &process, row, applied] {
        if (checker_.executed_since(row, applied)) return;
        violated("R6: what was not invalidated stays in memory", process.plan().member, row);
    });
}

// The store hands out one claim for a key. A second load begins only when the first one's may have
// ended.
void Fleet::judge_loads_of_the_fleet(const Process& process, std::size_t cache, std::size_t row) {
    const CachePlan& plan = process.plan().caches[cache];
    const bool claimed = plan.store_ttl && !plan.blocking_loader;
    if (!claimed || !options_.claims_survive || disturbances_[row] > 0) return;
    constexpr Duration longest_question = 300ms;  // between the claim and the load
    for (const auto& other : processes_) {
        for (const TimePoint began : other->loading[cache][row]) {
            if (other.get() == &process && began == now()) continue;
            if (disturbed_[row] + longest_question >= began) continue;
            if (now() - began >= load_deadline) continue;  // given up
            violated("S1: one load of a key in the fleet", "beside " + other->plan().member + "'s",
                     row);
        }
    }
}

}  // namespace tutti::simulation
