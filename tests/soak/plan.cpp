#include "soak/plan.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "soak/fleet_size.hpp"

namespace tests::soak {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

struct Several {
    Victim victim;
    std::size_t count;
    std::vector<Blow> blows;
};

const std::vector<Several>& all_kinds() {
    static const std::vector<Several> kinds{
        {.victim = Victim::bot, .count = bot_count, .blows = {Blow::kill, Blow::stop, Blow::end}},
        {.victim = Victim::gateway,
         .count = gateway_count,
         .blows = {Blow::kill, Blow::stop, Blow::end}},
        {.victim = Victim::worker,
         .count = worker_count,
         .blows = {Blow::kill, Blow::stop, Blow::end}},
        {.victim = Victim::redis,
         .count = 1,
         .blows = {Blow::kill, Blow::stop, Blow::end, Blow::disconnect, Blow::empty,
                   Blow::start_empty}},
        {.victim = Victim::postgres, .count = 1, .blows = {Blow::kill, Blow::disconnect}},
        {.victim = Victim::discord,
         .count = 1,
         .blows = {Blow::stop, Blow::refuse, Blow::answer_half, Blow::vanish}},
        {.victim = Victim::provider,
         .count = 1,
         .blows = {Blow::kill, Blow::stop, Blow::refuse, Blow::answer_half}},
        {.victim = Victim::redis_link, .count = 1, .blows = {Blow::cut}},
        {.victim = Victim::postgres_link, .count = 1, .blows = {Blow::cut}},
        {.victim = Victim::gateway_link,
         .count = 1,
         .blows = {Blow::ask_reconnect, Blow::drop, Blow::close, Blow::forget_sessions,
                   Blow::repeat_events}},
    };
    return kinds;
}

// The generators of the standard library are the same everywhere, its distributions are not.
std::uint64_t below(std::mt19937_64& random, std::uint64_t count) { return random() % count; }

milliseconds between(std::mt19937_64& random, milliseconds from, milliseconds to) {
    return from + milliseconds(below(random, static_cast<std::uint64_t>((to - from).count())));
}

template <class T>
void shuffle(std::mt19937_64& random, T& all) {
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[below(random, i)]);
}

std::string_view name_of(Victim victim) {
    switch (victim) {
    case Victim::bot: return "bot";
    case Victim::gateway: return "gateway";
    case Victim::worker: return "worker";
    case Victim::redis: return "Redis";
    case Victim::postgres: return "PostgreSQL";
    case Victim::discord: return "Discord";
    case Victim::provider: return "the models";
    case Victim::redis_link: return "the link to Redis of one half";
    case Victim::postgres_link: return "the link to PostgreSQL of gateway 2";
    case Victim::gateway_link: return "the links to Discord's gateway";
    }
    return "";
}

std::string_view name_of(Blow blow) {
    switch (blow) {
    case Blow::kill: return "SIGKILL";
    case Blow::stop: return "SIGSTOP";
    case Blow::end: return "SIGTERM";
    case Blow::cut: return "cut";
    case Blow::disconnect: return "closes all connections";
    case Blow::ask_reconnect: return "reconnect";
    case Blow::drop: return "dropped";
    case Blow::close: return "closed with 4000";
    case Blow::forget_sessions: return "invalid session";
    case Blow::repeat_events: return "messages come twice";
    case Blow::refuse: return "refuses";
    case Blow::answer_half: return "does it, and answers half";
    case Blow::vanish: return "ends all connections, and takes none";
    case Blow::empty: return "FLUSHALL";
    case Blow::start_empty: return "SIGKILL, and comes back empty";
    }
    return "";
}

}  // namespace

std::string name_of(const Strike& strike) {
    std::string name(name_of(strike.victim));
    const bool is_one_of_several = strike.victim <= Victim::worker;
    if (is_one_of_several) name += ' ' + std::to_string(strike.which + 1);
    return name;
}

std::string text_of(const Strike& strike) {
    return name_of(strike) + ": " + std::string(name_of(strike.blow));
}

Strike StrikePlan::next() {
    if (round_.empty()) {
        std::vector<Strike> all;
        for (const Several& kind : all_kinds()) {
            for (const Blow blow : kind.blows) {
                all.push_back({.victim = kind.victim,
                               .which = below(random_, kind.count),
                               .blow = blow,
                               .calm = between(random_, 500ms, 2s),
                               .lasts = between(random_, 500ms, 5s)});
            }
        }
        shuffle(random_, all);
        round_.assign(all.begin(), all.end());
    }
    const Strike next = round_.front();
    round_.pop_front();
    return next;
}

ChannelPlan::ChannelPlan(std::uint64_t seed, std::size_t channel)
    : random_(seed * 1'000 + channel + 1) {}

Step ChannelPlan::next() {
    struct Weighed {
        Deed deed;
        std::uint64_t weight;
    };
    static constexpr std::array deeds{
        Weighed{Deed::say, 30},          Weighed{Deed::say_long, 6},
        Weighed{Deed::show_picture, 10}, Weighed{Deed::speak, 6},
        Weighed{Deed::mention, 5},       Weighed{Deed::reply, 6},
        Weighed{Deed::chat, 5},          Weighed{Deed::activate, 6},
        Weighed{Deed::deactivate, 5},    Weighed{Deed::autocomplete, 6},
        Weighed{Deed::list_channels, 2}, Weighed{Deed::edit, 5},
    };
    static const std::uint64_t sum = [] {
        std::uint64_t total = 0;
        for (const Weighed& one : deeds) total += one.weight;
        return total;
    }();
    std::uint64_t drawn = below(random_, sum);
    const auto* chosen = deeds.begin();
    while (drawn >= chosen->weight) drawn -= (chosen++)->weight;
    return {.deed = chosen->deed, .pause = between(random_, 300ms, 4s)};
}

}  // namespace tests::soak
