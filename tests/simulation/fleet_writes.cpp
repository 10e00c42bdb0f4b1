// What a fleet changes: the source commits, and a node tells the others, in each way that it may.
#include <algorithm>
#include <chrono>
#include <utility>

#include "coherence/plain_event.hpp"
#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

namespace {

PlainEvent legacy_shape() { return {.type = "row", .key = "rowId"}; }

Rows all_rows(const Fleet& fleet, std::size_t cache, std::size_t keys) {
    Rows all;
    for (std::size_t key = 0; key < keys; ++key)
        all.push_back(fleet.row(Fleet::channel_of(cache), key));
    return all;
}

// Long enough for a wait-out.
Duration deadline_with(const std::vector<Duration>& leases) {
    return std::max<Duration>(5s, std::ranges::max(leases) * 5 / 2);
}

}  // namespace

void Fleet::write(std::size_t place, std::size_t cache, std::size_t row, Ack ack, Duration lag) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.writes;
    note(Event::commit, process, row, source_.commit(row));
    const auto publish = [=, this, &process] {
        invalidate(process, cache, {row}, ack, [&](InvalidateOptions how, auto done) {
            process.cache(cache).invalidate(key_of(row), how, std::move(done));
        });
    };
    if (lag == Duration::zero()) return publish();
    after(lag, [=, &process] {
        process.deliver([=, &process] {
            if (process.serving()) publish();
        });
    });
}

void Fleet::invalidate_all(std::size_t place, std::size_t cache) {
    Process& process = node(place);
    if (!process.serving()) return;
    invalidate(process, cache, {}, Ack::none, [&](InvalidateOptions how, auto done) {
        process.raw_cache(cache).invalidate(KeySet::everything(), how, std::move(done));
    });
}

void Fleet::write_and_reload(std::size_t place, std::size_t cache, std::size_t row, Ack ack) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.writes;
    note(Event::commit, process, row, source_.commit(row));
    Obligation owed = obligation(process, cache, row);
    owed.own = std::max(owed.own, source_.read(row));
    invalidate(process, cache, {row}, ack, [&](InvalidateOptions how, auto done) {
        process.cache(cache).reload(key_of(row), how,
                                    [=, this, &process](const Reloaded<Version>& both) {
                                        done(both.invalidation);
                                        judge(process, cache, row, owed, both.value);
                                    });
    });
}

void Fleet::write_tagged(std::size_t place, std::size_t cache, std::size_t row, Ack ack) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.writes;
    note(Event::commit, process, row, source_.commit(row));
    const auto carried = tags_of(row);
    const std::string tag = random_.pick(carried);
    Rows rows;
    Rows others;
    for (const std::size_t other : all_rows(*this, cache, options_.keys)) {
        const auto tags = tags_of(other);
        const bool carries = std::ranges::find(tags, tag) != tags.end();
        (carries ? rows : others).push_back(other);
    }
    // This node's loads of the others do without the store until the outcome is known, too.
    for (const std::size_t other : others) ++disturbances_[other];
    invalidate(process, cache, rows, ack, [&](InvalidateOptions how, auto done) {
        process.cache(cache).invalidate_tag(
            tag, how, [=, this, done = std::move(done)](const Invalidation& result) mutable {
                for (const std::size_t other : others) {
                    disturbed_[other] = now();
                    --disturbances_[other];
                }
                done(result);
            });
    });
}

void Fleet::write_together(std::size_t place, const CacheRow& one, const CacheRow& other, Ack ack) {
    Process& process = node(place);
    if (!process.serving() || one.row == other.row) return;
    Rows rows;
    std::vector<ChangedKey> keys;
    for (const CacheRow& cell : {one, other}) {
        ++counts_.writes;
        note(Event::commit, process, cell.row, source_.commit(cell.row));
        rows.push_back(cell.row);
        keys.push_back(process.cache(cell.cache).key(key_of(cell.row)));
    }
    invalidate(process, one.cache, rows, ack, [&](InvalidateOptions how, auto done) {
        invalidate_together(keys, how, std::move(done));
    });
}

void Fleet::invalidate(Process& process, std::size_t cache, const Rows& of, Ack ack,
                       const SendInvalidation& send) {
    const Duration deadline = deadline_with(options_.leases);
    const std::size_t named = of.size() == 1 ? of.front() : Trace::nobody;
    note(Event::invalidate, process, named, cache);
    const bool replicated = mood_.replicas > 0;
    const Rows rows = of.empty() ? all_rows(*this, cache, options_.keys) : of;
    std::vector<Version> versions;
    for (const std::size_t covered : rows) {
        versions.push_back(source_.read(covered));
        process.invalidated.push_back({covered, now()});
        ++disturbances_[covered];
    }
    const std::uint64_t id = wait(process, named, deadline);
    auto done = [=, this, &process, called = now()](const Invalidation& result) {
        answered(id);
        if (result.done() && replicated && mood_.replicas > 0 && mood_.replicas_since <= called) {
            violated("done takes a server that no failover can replace", "", named);
        }
        outcome(process, cache, of, versions, called, result);
    };
    send({.ack = ack, .deadline = deadline}, std::move(done));
    // All caches of the channel have forgotten, not only this one.
    for (std::size_t each = 0; each < cache_count; ++each) {
        if (channel_of(each) != channel_of(cache)) continue;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            process.own(each, rows[i]) = versions[i];
            process.in_memory[each][rows[i]].reset();
        }
    }
}

void Fleet::outcome(Process& process, std::size_t cache, const Rows& of,
                    const std::vector<Version>& versions, TimePoint called,
                    const Invalidation& result) {
    const std::size_t named = of.size() == 1 ? of.front() : Trace::nobody;
    const Rows rows = of.empty() ? all_rows(*this, cache, options_.keys) : of;
    for (const std::size_t covered : rows) {
        disturbed_[covered] = now();
        --disturbances_[covered];
    }
    if (!result.published()) {
        ++counts_.unconfirmed;
        note(Event::unconfirmed, process, named);
        if (options_.calm) violated("A6: no unconfirmed without a fault", result.reason, named);
        return;
    }
    note(result.done() ? Event::done : Event::published, process, named);
    if (result.done()) ++counts_.done;
    const bool acknowledged = result.by == Invalidation::By::acknowledgements;
    if (acknowledged) ++counts_.acknowledged;
    // Once the epoch has been known for a wait-out.
    const bool in_grace = now() - process.serving_since < 6s;
    if (options_.calm && result.done() && !in_grace && (!acknowledged || result.took > 1s)) {
        violated("A8: done takes round trips when all is well", std::string(to_string(result.by)),
                 named);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!checker_.executed_since(rows[i], called)) {
            violated("published means that the server took it", "", rows[i]);
        }
        if (result.done()) checker_.done(rows[i], versions[i]);
    }
}

void Fleet::write_untold(std::size_t of) {
    ++counts_.writes;
    trace_.add({now(), Event::commit, Trace::nobody, of, source_.commit(of)});
}

void Fleet::write_foreign(std::size_t of) {
    ++counts_.writes;
    trace_.add({now(), Event::foreign, Trace::nobody, of, source_.commit(of)});
    const KeySet changed{.keys = {key_of(of)}, .all = false};
    executed(now(), channel_name(legacy_channel), changed);
    for (const std::string& event : write_plain_events(std::array{legacy_shape()}, key_of(of))) {
        hub_->publish_plain(std::string(channel_name(legacy_channel)), event);
    }
}

}  // namespace tutti::simulation
