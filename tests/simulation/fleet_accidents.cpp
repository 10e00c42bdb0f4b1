// What happens to the processes of a fleet, and how that ends.
#include <algorithm>
#include <array>
#include <utility>

#include "embedded/server.hpp"
#include "simulation/fleet.hpp"
#include "simulation/fleet_demands.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

void Fleet::pause(std::size_t place, Duration length) {
    Process& process = node(place);
    if (!process.serving()) return;
    note(Event::pause, process);
    process.pause(length);
    after(length, [this, &process] { resume(process); });
}

void Fleet::freeze(std::size_t place, Duration length, Meanwhile what) {
    Process& process = node(place);
    if (!process.serving()) return;
    note(Event::freeze, process);
    process.freeze(length);
    if (what == Meanwhile::paused) process.pause(length);
    after(length, [this, &process] {
        if (process.ended()) return;
        note(Event::thaw, process);
        resume(process);
        if (process.serving()) get_everything(process.plan().place);
    });
}

// The moment that matters: everything has moved on, and no task of the process has run yet.
void Fleet::resume(Process& process) {
    if (!process.paused() || process.ended()) return;
    note(Event::resume, process);
    process.resume();
    if (process.serving()) peek_everything(process.plan().place);
}

void Fleet::cut(std::size_t place, Direction direction, Duration length) {
    Process& process = node(place);
    note(Event::cut, process);
    using enum testing::Link::Direction;
    if (direction != Direction::from_server) process.link().cut(to_server);
    if (direction != Direction::to_server) process.link().cut(from_server);
    after(length, [this, &process] {
        if (process.ended()) return;
        note(Event::heal, process);
        process.link().heal();
        process.bus().reconnect();
    });
}

void Fleet::half_open(std::size_t place, Duration length) {
    Process& process = node(place);
    note(Event::half_open, process);
    process.bus().go_half_open();
    after(length, [this, &process] {
        if (process.ended()) return;
        note(Event::reconnect, process);
        process.bus().reconnect();
    });
}

void Fleet::replace_primary(const testing::EmbeddedSnapshot& older, Duration away,
                            const std::vector<LateNode>& late) {
    note(Event::failover);
    testing::EmbeddedServer(former_).rewind_to(server_.snapshot());
    server_.restart_from(older);
    after(away, [this] { server_.come_back(); });
    for (const LateNode& each : late) {
        Process& process = node(each.place);
        process.left_behind = {.bus = true, .store = true};
        after(each.bus, [&process] { process.left_behind.bus = false; });
        after(each.store, [&process] { process.left_behind.store = false; });
    }
}

void Fleet::disconnect(std::size_t place, Duration length) {
    Process& process = node(place);
    note(Event::disconnect, process);
    process.bus().disconnect();
    after(length, [this, &process] {
        if (process.ended()) return;
        note(Event::reconnect, process);
        process.bus().reconnect();
    });
}

void Fleet::crash(std::size_t place, Duration until_restart) {
    Process& process = node(place);
    if (!process.serving()) return;
    // Its worker would go on.
    if (loads_.blocks(process)) return after(1ms, [=, this] { crash(place, until_restart); });
    note(Event::crash, process);
    process.life = Process::Life::ended;
    process.link().cut(testing::Link::Direction::to_server);
    process.link().cut(testing::Link::Direction::from_server);
    std::erase_if(waiting_, [&](const auto& one) { return one.second.process == &process; });
    after(until_restart, [this, place] { start_process(place); });
}

void Fleet::stop(std::size_t place, Duration until_restart) {
    Process& process = node(place);
    if (!process.serving()) return;
    note(Event::stop, process);
    process.life = Process::Life::stopping;
    const std::uint64_t id = wait(process, Trace::nobody, 700ms);
    std::ranges::fill(disturbed_, now());  // it gives its claims back
    process.engine().stop([this, &process, place, id, until_restart] {
        answered(id);
        std::ranges::fill(disturbed_, now());
        note(Event::stopped, process);
        for (std::size_t cache = 0; cache < cache_count; ++cache) {
            const auto hit = process.raw_cache(cache).hit(key_of(0), Duration::max());
            if (!hit || *hit) violated("R7: a stopped node serves nothing", "");
        }
        // A node's thread runs what was posted before it ends, however often it is held up.
        after(300ms, [this, &process] {
            process.life = Process::Life::ended;
            for (const auto& [open, one] : waiting_) {
                if (one.process == &process)
                    violated("R7: a stopped node owes no answer",
                             "since " + std::to_string((now() - one.since) / 1ms) + " ms", one.row);
            }
        });
        after(std::max<Duration>(until_restart, 300ms), [this, place] { start_process(place); });
    });
}

void Fleet::set_back(const Memory& memory) {
    note(Event::restore);
    server_.rewind_to(memory.state);
    server_.come_back();
    checker_.forget_since(memory.taken);
}

void Fleet::late_ack(std::size_t place, const BusPosition& applied) {
    const auto taken = hub_->server().acknowledge(
        {.channel = "rows", .member = node(place).plan().member, .applied = applied});
    if (!taken) violated("an acknowledgement is taken", taken.error().message());
}

void Fleet::evict(std::size_t cache, std::size_t row) {
    const CachePlan& plan = node(0).plan().caches[cache];
    const std::string prefix =
        plan.raw_prefix.empty() ? "tutti:cache:/" + plan.name + ":" : plan.raw_prefix;
    const std::array<std::string, 3> beside{"", "tutti:claim:", "tutti:value:"};
    const std::string key = random_.pick(beside) + prefix + key_of(row);
    trace_.add({now(), Event::evict, Trace::nobody, row, cache});
    if (hub_->server().erase(key).value_or(false)) ++counts_.evictions;
}

void Fleet::note(Event event) {
    ++counts_.incidents;
    trace_.add({now(), event, Trace::nobody, Trace::nobody, 0});
    if (event == Event::restart_empty || event == Event::restore || event == Event::flush_all ||
        event == Event::failover) {
        reservations_.store_lost_its_state();
    }
}

void Fleet::note(Event event, const Process& process, std::size_t row, std::uint64_t number) {
    trace_.add({now(), event, process.plan().place, row, number});
}

void Fleet::violated(std::string promise, std::string what, std::size_t row) {
    trace_.add({now(), Event::violation, Trace::nobody, row, 0});
    checker_.report(now(), std::move(promise), std::move(what), row);
}

void Fleet::settle() {
    if (!kept()) return;
    note(Event::calm);
    server_.come_back();
    // A node may still be at the server that was replaced.
    mood_ = {.counted = mood_.counted};
    std::ranges::fill(disturbed_, now());  // who hears other programs starts empty again
    set_network(good_network);
    for (Process* process : nodes_) {
        if (process->ended()) continue;
        resume(*process);
        process->link().heal();
        process->bus().reconnect();
    }
    plan_load = [] { return LoadPlan{.takes = 1ms, .reads_after = 500us}; };
    reservations_.demand_free();
    run_for(options_.settles);
    checks_.judge();
    FleetDemands(*this).check();
}

std::string Fleet::report() const {
    std::string text;
    for (const Violation& violation : checker_.violations()) {
        text += violation.promise + ": " + violation.what + " (row " +
                std::to_string(violation.row) + ")\n";
    }
    if (!text.empty())
        text +=
            trace_.tail(checker_.violations().front().row, 400, checker_.violations().front().at);
    return text;
}

}  // namespace tutti::simulation
