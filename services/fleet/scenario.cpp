// A step prints its line when it is done. A check that fails prints why and the scenario goes on,
// unless the steps behind it would mean nothing.
//
// Times are those of CLOCK_BOOTTIME, which all processes of this machine share: each instance's
// metrics say when it applied an invalidation.
#include "fleet/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <future>
#include <thread>
#include <utility>

#include "fleet/cast.hpp"
#include "fleet/message_scenario.hpp"
#include "fleet/report.hpp"

namespace tutti::services::fleet {
namespace {

using namespace std::chrono_literals;

constexpr int changes = 20;
constexpr std::chrono::milliseconds shortened_ttl = 2s;
constexpr Duration purge_timeout = 5s;
constexpr Duration hear_timeout = 5s;
constexpr std::chrono::milliseconds reply_timeout = 10s;

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

struct Spread {
    Duration p50{};
    Duration max{};
};

Spread spread(std::vector<Duration> values) {
    std::ranges::sort(values);
    return {.p50 = values[values.size() / 2], .max = values.back()};
}

class Scenario {
public:
    Scenario(Fleet& fleet, FleetClient& client) : fleet_(fleet), client_(client) {}

    bool play() {
        fmt::print("\nScenario: channel activation\n");
        learn_inactive();
        if (activate()) {
            hear_at_once();
            measure_changes();
        }
        demonstrate_local();
        fmt::print("\nScenario: the gateway\n");
        share_one_call();
        answer_a_duplicate();
        fmt::print("\nScenario: messages and their replies\n");
        if (fleet_.provider()) {
            play_messages(fleet_, client_, report_);
        } else {
            note("no stand-in for the models: they are not asked for a scenario's sake");
        }
        print_comparison();
        return report_.good();
    }

private:
    void line(int step, std::string_view what, std::string_view result, bool good = true) {
        report_.line(step, what, result, good);
    }
    void note(std::string_view text) { report_.note(text); }
    void failed(int step, std::string_view what, const Error& error) {
        report_.failed(step, what, error);
    }

    Result<std::string> command(const std::string& name) {
        return client_.command(fleet_.discord(), name, channel_);
    }
    Result<CacheCounters> activations(const Instance& bot) {
        return client_.cache(bot, "channel-activation");
    }

    // Every bot hears every message here. Until each has read the activation from memory, or has
    // loaded and kept it: a read that joins a load would be neither.
    Result<void> hear(const Instance& discord, const std::string& channel,
                      const std::vector<Instance>& bots) {
        std::vector<CacheCounters> before;
        for (const Instance& bot : bots) {
            auto counters = activations(bot);
            if (!counters) return fail(std::move(counters).error());
            before.push_back(*std::move(counters));
        }
        const auto said = client_.say(discord, {.channel_id = channel, .content = "hello"});
        if (!said) return fail(said.error());
        const TimePoint end = Boottime::now() + hear_timeout;
        for (std::size_t i = 0; i < bots.size();) {
            const auto counters = activations(bots[i]);
            if (!counters) return fail(counters.error());
            if (counters->hits > before[i].hits || counters->entries > before[i].entries) {
                ++i;
                continue;
            }
            if (Boottime::now() > end) {
                return fail(Errc::timeout, bots[i].name, "it has not heard a message within 5 s");
            }
            std::this_thread::sleep_for(2ms);
        }
        return {};
    }

    void learn_inactive() {
        const std::string what = "three bots hear a message, and another, in an inactive channel";
        if (const auto opened = client_.open_channel(fleet_.discord(), channel_); !opened) {
            return failed(1, what, opened.error());
        }
        if (const auto first = hear(fleet_.discord(), channel_, fleet_.bots()); !first) {
            return failed(1, what, first.error());
        }
        std::uint64_t hits = 0;
        for (const Instance& bot : fleet_.bots()) hits += hits_of(bot);
        if (const auto second = hear(fleet_.discord(), channel_, fleet_.bots()); !second) {
            return failed(1, what, second.error());
        }
        std::uint64_t again = 0;
        for (const Instance& bot : fleet_.bots()) again += hits_of(bot);
        const auto said = client_.said(fleet_.discord(), channel_, "0");
        line(1, what,
             fmt::format("the second is read from memory {} times, {} answers", again - hits,
                         said ? said->size() : 0),
             again - hits == fleet_.bots().size() && said && said->empty());
    }

    std::uint64_t hits_of(const Instance& bot) {
        const auto counters = activations(bot);
        return counters ? counters->hits : 0;
    }

    bool activate() {
        const std::string what = fmt::format("/channel activate {}", slug);
        const auto done = command("channel activate");
        if (!done) {
            failed(2, what, done.error());
            return false;
        }
        line(2, what, *done, done->starts_with("Activated **"));
        return done->starts_with("Activated **");
    }

    void hear_at_once() {
        const std::string what = "the next message, which all three bots hear";
        const auto said =
            client_.say(fleet_.discord(), {.channel_id = channel_, .content = "hello"});
        if (!said) return failed(3, what, said.error());
        auto replies = client_.said(fleet_.discord(), channel_, *said, 1, reply_timeout);
        std::this_thread::sleep_for(300ms);  // another one would come about now
        if (replies) replies = client_.said(fleet_.discord(), channel_, *said);
        if (!replies) return failed(3, what, replies.error());
        line(3, what,
             replies->size() == 1 ? "answered, once"
                                  : fmt::format("answered {} times", replies->size()),
             replies->size() == 1);
    }

    // From the user's command to the last purge, and to the user's reply.
    Result<Duration> time_of_change(const std::string& name, std::vector<Duration>& replies) {
        std::vector<TimePoint> before;
        for (const Instance& bot : fleet_.bots()) {
            const auto at = client_.applied_at(bot);
            if (!at) return fail(at.error());
            before.push_back(*at);
        }
        const TimePoint asked = Boottime::now();
        const auto done = command(name);
        if (!done) return fail(done.error());
        replies.push_back(Boottime::now() - asked);
        TimePoint last{};
        for (std::size_t i = 0; i < before.size(); ++i) {
            const auto at = await_purge(fleet_.bots()[i], before[i]);
            if (!at) return fail(at.error());
            last = std::max(last, *at);
        }
        return last - asked;
    }

    Result<TimePoint> await_purge(const Instance& bot, TimePoint before) {
        const TimePoint end = Boottime::now() + purge_timeout;
        while (true) {
            auto at = client_.applied_at(bot);
            if (!at || *at > before) return at;
            if (Boottime::now() > end)
                return fail(Errc::timeout, bot.name, "it has not purged within 5 s");
            std::this_thread::sleep_for(1ms);
        }
    }

    void measure_changes() {
        const std::string what = fmt::format("{} changes: command to the last purge", changes);
        std::vector<Duration> purges;
        std::vector<Duration> replies;
        for (int i = 0; i < changes; ++i) {
            const auto took =
                time_of_change(i % 2 == 0 ? "channel deactivate" : "channel activate", replies);
            if (!took) return failed(4, what, took.error());
            purges.push_back(*took);
        }
        coherent_ = spread(std::move(purges));
        line(4, what,
             fmt::format("p50 {:.2f} ms, max {:.2f} ms", milliseconds(coherent_->p50),
                         milliseconds(coherent_->max)));
        note("From the user's command at Discord, through a bot, the gateway and its database, to");
        note(fmt::format("the last bot; the user reads the reply after p50 {:.2f} ms.",
                         milliseconds(spread(std::move(replies)).p50)));
        (void)command("channel deactivate");
    }

    void demonstrate_local() {
        const std::string what = fmt::format("the same declared local, TTL shortened to {} s",
                                             shortened_ttl.count() / 1000);
        const caches::Demonstration demonstration{
            .channel_activation = caches::Demonstration::ChannelActivation::local,
            .local_ttl = shortened_ttl};
        const auto bots = fleet_.start_demonstration(demonstration);
        if (!bots) return failed(5, what, bots.error());
        line(5, what, risk_of((*bots)[1].bot));
        const auto wrong = measure_stale((*bots)[0], (*bots)[1]);
        const std::string second = "the second of two instances goes on being wrong for";
        if (wrong) {
            line(0, second, fmt::format("{:.0f} ms", milliseconds(*wrong)),
                 *wrong > shortened_ttl / 4 && *wrong < shortened_ttl + 2s);
            local_ = *wrong;
        } else {
            failed(0, second, wrong.error());
        }
        fleet_.stop_demonstration();
    }

    std::string risk_of(const Instance& bot) {
        const auto inventory = client_.inventory(bot);
        if (!inventory) return inventory.error().message();
        return fmt::format("audit: {}", to_string(worst(*inventory)));
    }

    // How long the second instance ignores messages of a channel that the first one's user has
    // activated. Its replies are said by the fleet's own bots.
    Result<Duration> measure_stale(const Fleet::Demonstrator& first,
                                   const Fleet::Demonstrator& second) {
        const std::string channel = fresh_channel(2);
        for (const Instance* discord : {&first.discord, &second.discord, &fleet_.discord()}) {
            if (auto opened = client_.open_channel(*discord, channel); !opened) {
                return fail(std::move(opened).error());
            }
        }
        const auto heard = hear(second.discord, channel, {second.bot});
        if (!heard) return fail(heard.error());
        const auto done = client_.command(first.discord, "channel activate", channel);
        if (!done) return fail(done.error());
        if (!done->starts_with("Activated **")) return fail(Errc::refused, "activate", *done);
        const TimePoint activated = Boottime::now();
        const TimePoint end = activated + shortened_ttl + purge_timeout;
        while (Boottime::now() < end) {
            const auto said =
                client_.say(second.discord, {.channel_id = channel, .content = "hello?"});
            if (!said) return fail(said.error());
            const auto replies = client_.said(fleet_.discord(), channel, "0", 1, 50ms);
            if (!replies) return fail(replies.error());
            if (replies->empty()) continue;
            const TimePoint answered = Boottime::now();
            (void)client_.command(first.discord, "channel deactivate", channel);
            return answered - activated;
        }
        return fail(Errc::timeout, second.bot.name, "it never answered");
    }

    // A provider that was named is not counted, and not asked for a scenario's sake.
    void share_one_call() {
        const char* const what = "two callers ask for the models at the same time";
        if (!fleet_.provider()) return note("no stand-in for OpenRouter: its calls are not shown");
        const auto before = client_.provider_calls(*fleet_.provider());
        const auto ask = [&] { return client_.models(fleet_.gateway()); };
        auto other = std::async(std::launch::async, ask);
        const auto one = ask();
        const auto two = other.get();
        const auto after = client_.provider_calls(*fleet_.provider());
        for (const auto* error : {before ? nullptr : &before.error(), one ? nullptr : &one.error(),
                                  two ? nullptr : &two.error(), after ? nullptr : &after.error()}) {
            if (error != nullptr) return failed(6, what, *error);
        }
        // None: a fleet on this Redis has fetched them within a day, or this one ten seconds after
        // its start.
        const std::uint64_t calls = *after - *before;
        line(6, what,
             fmt::format("{} models each, {} of the provider", *one,
                         calls == 0 ? "no call" : fmt::format("{} call", calls)),
             *one > 0 && *one == *two && calls <= 1);
    }

    void answer_a_duplicate() {
        const char* const what = "the same request to generate a reply, twice";
        const std::string message = "hello " + channel_;
        const auto first = client_.generate(fleet_.gateway(), slug, author, message);
        const auto second = client_.generate(fleet_.gateway(), slug, author, message);
        if (!first || !second) return failed(7, what, (first ? second : first).error());
        line(7, what, *first == *second ? "one job, answered with its id" : "two jobs",
             *first == *second);
    }

    void print_comparison() {
        fmt::print("\n  {:<30} {}\n", "channel activation, declared",
                   "every instance is right after");
        const std::string coherent =
            coherent_ ? fmt::format("{:.2f} ms (p50), {:.2f} ms (max)",
                                    milliseconds(coherent_->p50), milliseconds(coherent_->max))
                      : "not measured";
        const std::string local =
            local_ ? fmt::format(
                         "{:.0f} ms, because its TTL is shortened to {} s; up to 30 s without that",
                         milliseconds(*local_), shortened_ttl.count() / 1000)
                   : "not measured";
        fmt::print("  {:<30} {}\n  {:<30} {}\n", "coherent (the catalogue)", coherent,
                   "local (as the audit found it)", local);
        fmt::print("\n  {}\n",
                   report_.good() ? "All checks passed." : "A check FAILED, see above.");
        std::fflush(stdout);
    }

    Fleet& fleet_;
    FleetClient& client_;
    const std::string channel_ = fresh_channel(1);
    Report report_;
    std::optional<Spread> coherent_;
    std::optional<Duration> local_;
};

}  // namespace

bool play_scenario(Fleet& fleet, FleetClient& client) { return Scenario(fleet, client).play(); }

void print_audit(const Fleet& fleet, FleetClient& client) {
    std::vector<Inventory> inventories;
    std::vector<Instance> instances = fleet.bots();
    instances.push_back(fleet.gateway());
    for (const Instance& worker : fleet.workers()) instances.push_back(worker);
    for (const Instance& instance : instances) {
        auto inventory = client.inventory(instance);
        if (inventory) {
            inventories.push_back(*std::move(inventory));
        } else {
            fmt::print("no inventory from {}: {}\n", instance.name, inventory.error().message());
        }
    }
    fmt::print("\nAudit: what runs, and what it has counted\n\n{}", to_text(merge(inventories)));
    std::fflush(stdout);
}

void print_directions(const Fleet& fleet) {
    const Instance& discord = fleet.discord();
    fmt::print("\nThe fleet is up until Ctrl-C. Be a user of its Discord:\n\n");
    fmt::print(
        "  curl -s -d '{{\"permissions\":\"8192\",\"data\":{{\"name\":\"channel\",\"options\":[{{"
        "\"type\":1,\n    \"name\":\"activate\",\"options\":[{{\"type\":3,\"name\":\"personality\","
        "\"value\":\"{}\"}}]}}]}}}}' \\\n    {}/interactions\n",
        slug, discord.url);
    fmt::print("  curl -s -d '{{\"content\":\"hello\"}}' {}/messages\n", discord.url);
    fmt::print("  curl -s '{}/messages?by=all'\n", discord.url);
    fmt::print("  curl -s {}/metrics\n", fleet.bots()[1].url);
    std::string urls;
    for (const Instance& bot : fleet.bots()) urls += ' ' + bot.url;
    urls += ' ' + fleet.gateway().url;
    for (const Instance& worker : fleet.workers()) urls += ' ' + worker.url;
    fmt::print("  build/release/bin/tutti audit{}\n\n", urls);
    std::fflush(stdout);
}

}  // namespace tutti::services::fleet
