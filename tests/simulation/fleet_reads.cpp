// What readers of the fleet are answered, and what a memory and the store's claims owe them beyond
// that.
#include <algorithm>
#include <utility>

#include "load/declared.hpp"
#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

namespace {

// Who waits for a load of another node is woken, and looks by itself a second later.
constexpr Duration calm_read_max = 900ms;

// R12.
bool is_held(const detail::Cache& cache, const std::string& key, Duration age) {
    const auto held = dynamic_cast<const Declared&>(cache).holding(key);
    return held && held->age >= age;
}

}  // namespace

Obligation Fleet::obligation(Process& process, std::size_t cache, std::size_t row) {
    const ProcessPlan& plan = process.plan();
    // Without memory a read sees everything that was published before it began, and so does one
    // that asks the server first.
    const bool by_lease = has_memory(cache) && !plan.caches[cache].validated;
    const Duration bound = by_lease ? plan.lease : Duration::zero();
    Obligation owed = checker_.obligation(row, now(), process.stretched(bound),
                                          process.stretched(plan.caches[cache].on_suspect.age()),
                                          process.own(cache, row));
    if (options_.untold) owed.lived = source_.read_at(row, process.oldest_fresh(cache));
    return owed;
}

void Fleet::get(std::size_t place, std::size_t cache, std::size_t row, GetOptions how) {
    read(place, cache, row, obligation(node(place), cache, row), how);
}

void Fleet::get_at_least(std::size_t place, std::size_t cache, std::size_t row, Version least) {
    Obligation owed = obligation(node(place), cache, row);
    owed.own = std::max(owed.own, least);
    read(place, cache, row, owed, {});
}

void Fleet::refresh(std::size_t place, std::size_t cache, std::size_t row) {
    load_anew(place, cache, row,
              [](const SimulatedCache& of, const auto& key, auto how, auto done) {
                  of.refresh(key, how, std::move(done));
              });
}

void Fleet::get_news(std::size_t place, std::size_t cache, std::size_t row) {
    load_anew(place, cache, row,
              [](const SimulatedCache& of, const auto& key, auto how, auto done) {
                  how.age_max = Duration::zero();
                  of.get(key, how, std::move(done));
              });
}

void Fleet::load_anew(std::size_t place, std::size_t cache, std::size_t row, Ask ask) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.refreshes;
    ++disturbances_[row];
    note(Event::refresh, process, row, cache);
    Obligation owed = obligation(process, cache, row);
    owed.own = std::max(owed.own, source_.read(row));
    const GetOptions how;
    const std::uint64_t id = wait(process, row, how.deadline);
    ask(process.cache(cache), key_of(row), how,
        [=, this, &process](const Result<Lookup<Version>>& answer) {
            disturbed_[row] = now();
            --disturbances_[row];
            answered(id, calm_read_max);
            judge(process, cache, row, owed, answer);
        });
}

void Fleet::get_many(std::size_t place, std::size_t cache, const Rows& rows) {
    Process& process = node(place);
    if (!process.serving()) return;
    std::vector<std::string> keys;
    std::vector<Obligation> owed;
    for (const std::size_t row : rows) {
        ++counts_.reads;
        note(Event::get, process, row, cache);
        keys.push_back(key_of(row));
        owed.push_back(obligation(process, cache, row));
    }
    const GetOptions how;
    const std::uint64_t id = wait(process, rows.front(), how.deadline);
    using Answers = std::vector<Result<Lookup<Version>>>;
    process.cache(cache).get_many(keys, how, [=, this, &process](const Answers& answers) {
        answered(id, calm_read_max);
        for (std::size_t i = 0; i < rows.size(); ++i)
            judge(process, cache, rows[i], owed[i], answers[i]);
    });
}

void Fleet::read(std::size_t place, std::size_t cache, std::size_t row, const Obligation& owed,
                 const GetOptions& how) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.reads;
    note(Event::get, process, row, cache);
    const std::uint64_t id = wait(process, row, how.deadline);
    process.cache(cache).get(key_of(row), how,
                             [=, this, &process](const Result<Lookup<Version>>& answer) {
                                 answered(id, calm_read_max);
                                 judge_at_once(process, cache, row, owed, answer);
                             });
}

std::optional<Version> Fleet::peek(std::size_t place, std::size_t cache, std::size_t row) {
    Process& process = node(place);
    if (!process.serving()) return std::nullopt;
    ++counts_.peeks;
    const Obligation owed = obligation(process, cache, row);
    auto hit = process.raw_cache(cache).hit(key_of(row), Duration::max());
    if (!hit) {
        not_in_memory(process, cache, row);
        return std::nullopt;
    }
    if (!*hit) {
        judge_error(process, cache, row, hit->error());
        return std::nullopt;
    }
    const Lookup<Version> found(*std::move(*hit));
    if (!is_held(process.raw_cache(cache), key_of(row), found.age()))
        violated("R12: an instance says that it holds what it answers", "", row);
    const Version seen = seen_by(row, found);
    judge_at_once(process, cache, row, owed, found);
    return seen;
}

void Fleet::look(std::size_t place, std::size_t cache, std::size_t row) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.peeks;
    const auto known = process.cache(cache).peek(key_of(row));
    if (!known) return;
    if (process.plan().caches[cache].validated)
        violated("R10: what only looks is shown nothing that no server was asked about", "", row);
    judge_at_once(process, cache, row, obligation(process, cache, row), *known);
}

void Fleet::walk(std::size_t place, std::size_t cache) {
    Process& process = node(place);
    if (!process.serving()) return;
    process.cache(cache).for_each([&](std::string_view key, const Lookup<Version>& known) {
        ++counts_.peeks;
        const std::size_t row = row_of(cache, key);
        judge_at_once(process, cache, row, obligation(process, cache, row), known);
    });
}

void Fleet::peek_everything(std::size_t place) {
    for (std::size_t cache = 0; cache < cache_count; ++cache) {
        for (std::size_t key = 0; key < options_.keys; ++key) {
            peek(place, cache, row(channel_of(cache), key));
        }
    }
}

void Fleet::get_everything(std::size_t place) {
    for (std::size_t cache = 0; cache < cache_count; ++cache) {
        for (std::size_t key = 0; key < options_.keys; ++key)
            get(place, cache, row(channel_of(cache), key));
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
    if (answer->tier() == Tier::memory) ++counts_.memory_hits;
    if (answer->tier() == Tier::store) ++counts_.store_hits;
    if (answer->freshness() == Freshness::stale) ++counts_.stale_answers;
    if (suspect) ++counts_.suspect_answers;
    note(Event::got, process, row, seen * 10 + cache);
    const std::size_t before = checker_.violations().size();
    checker_.judge(now(), row, owed, seen,
                   suspect ? Checker::Answer::suspect : Checker::Answer::fresh);
    if (checker_.violations().size() > before) note(Event::violation, process, row, seen);
    // Which negative answer it was is not known, and it has a life of its own.
    const bool lives =
        answer->freshness() == Freshness::fresh && answer->answer() != Answer::negative;
    if (lives && seen < owed.lived)
        violated("TTL: nothing is served as fresh for longer than it lives", "", row);
    if (suspect && process.plan().caches[cache].on_suspect.kind() != OnSuspect::Kind::serve_up_to) {
        violated("only serve_up_to gives suspect answers", "", row);
    }
}

void Fleet::judge_at_once(Process& process, std::size_t cache, std::size_t row,
                          const Obligation& owed, const Result<Lookup<Version>>& answer) {
    judge(process, cache, row, owed, answer);
    const bool is_hit = answer && answer->tier() == Tier::memory;
    if (is_hit && answer->freshness() == Freshness::fresh) seen_in_memory(process, cache, row);
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
    const bool is_peeked = !process.plan().caches[cache].validated;
    const bool stays = is_peeked && (cache == users || cache == limits || cache == labels);
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

}  // namespace tutti::simulation
