// A step prints its line when it is done. A check that fails prints why and the scenario goes on,
// unless the steps behind it would mean nothing.
//
// Times are those of CLOCK_BOOTTIME, which all processes of this machine share: the driver's answer
// says when the gateway's success arrived, and each instance's metrics say when it applied the
// invalidation.
#include "fleet/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <future>
#include <thread>
#include <utility>

namespace tutti::services::fleet {
namespace {

using namespace std::chrono_literals;

constexpr int changes = 20;
constexpr std::chrono::milliseconds shortened_ttl = 2s;
// An instance that has not heard of a change by then has not heard of it at once.
constexpr Duration at_once = 1s;
constexpr Duration purge_patience = 5s;

// Of the first migration: a public personality. The users and the server are anybody's.
constexpr const char* slug = "maestro";
constexpr const char* moderator = "200000000000000001";
constexpr const char* author = "200000000000000002";
constexpr const char* guild = "300000000000000001";

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

TimePoint boottime(std::int64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

// No two runs share a channel, on a database that stays.
std::string fresh_channel(int which) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("{}{}", std::chrono::duration_cast<std::chrono::microseconds>(now).count(),
                       which);
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
    Scenario(Fleet& fleet, DriverClient& driver) : fleet_(fleet), driver_(driver) {}

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
        fmt::print("\nScenario: the workers\n");
        if (fleet_.provider()) {
            show_a_picture_twice();
            speak();
        } else {
            note("no stand-in for the models: they are not asked for a scenario's sake");
        }
        print_comparison();
        return good_;
    }

private:
    // `step` 0 continues the step above.
    void line(int step, std::string_view what, std::string_view result, bool good = true) {
        good_ = good_ && good;
        const std::string number = step == 0 ? "" : std::to_string(step);
        fmt::print("  {:>1}  {:<56} {}{}\n", number, what, good ? "" : "FAILED: ", result);
        std::fflush(stdout);
    }
    void note(std::string_view text) { fmt::print("     {}\n", text); }
    void failed(int step, std::string_view what, const Error& error) {
        line(step, what, error.message(), false);
    }

    Result<bot::DriverCommandAnswer> run_command(const Instance& bot, const std::string& command,
                                                 const std::string& channel) {
        return driver_.command(bot, {.command = command,
                                     .options = bot::DriverCommandOptions{.personality = slug},
                                     .user_id = moderator,
                                     .channel_id = channel,
                                     .guild_id = guild,
                                     .permissions = std::vector<std::string>{"MANAGE_MESSAGES"}});
    }
    Result<bot::DriverMessageAnswer> say_hello(const Instance& bot, const std::string& channel) {
        return driver_.message(bot, {.author_id = author,
                                     .author_is_bot = {},
                                     .channel_id = channel,
                                     .content = "hello",
                                     .attachments = {},
                                     .voice_transcript = {},
                                     .forwarded = {}});
    }

    void learn_inactive() {
        for (std::size_t i = 1; i < bot_count; ++i) {
            const Instance& bot = fleet_.bots()[i];
            const std::string what = bot.name + " hears a message, and another";
            const auto first = say_hello(bot, channel_);
            const auto second = say_hello(bot, channel_);
            if (!first || !second) {
                failed(i == 1 ? 1 : 0, what, (first ? second : first).error());
                continue;
            }
            line(i == 1 ? 1 : 0, what,
                 fmt::format("inactive, from {}; inactive, from {}",
                             first->tier.value_or("nowhere"), second->tier.value_or("nowhere")),
                 !first->handled && !second->handled && second->tier == "memory");
        }
    }

    bool activate() {
        const std::string what = fmt::format("/channel activate {} through {}", slug, one().name);
        const auto done = run_command(one(), "channel activate", channel_);
        if (!done) {
            failed(2, what, done.error());
            return false;
        }
        const std::string text = done->replies.empty() ? "" : done->replies.front().content;
        const bool activated = text.starts_with("Activated **") && done->accepted_at_boottime_ns;
        line(2, what, text, activated && done->invalidation == "published");
        return activated;
    }

    void hear_at_once() {
        for (std::size_t i = 1; i < bot_count; ++i) {
            const Instance& bot = fleet_.bots()[i];
            const TimePoint end = Boottime::now() + at_once;
            int tries = 1;
            auto answer = say_hello(bot, channel_);
            while (answer && !answer->handled && Boottime::now() < end) {
                ++tries;
                answer = say_hello(bot, channel_);
            }
            const std::string what = fmt::format("a message reaches {}", bot.name);
            if (!answer) {
                failed(i == 1 ? 3 : 0, what, answer.error());
                continue;
            }
            const bool answered = answer->handled && !answer->failed && !answer->replies.empty();
            line(i == 1 ? 3 : 0, what,
                 !answered    ? "not answered within 1 s"
                 : tries == 1 ? "answered at once"
                              : fmt::format("answered, at try {}", tries),
                 answered);
            if (answered && i == 1) note("\"" + answer->replies.front().content + "\"");
        }
    }

    // From the gateway's success, as the bot-client that was commanded sees it, to the last purge.
    Result<Duration> time_of_change(const std::string& command, std::vector<Duration>& replies) {
        std::vector<TimePoint> before;
        for (const Instance& bot : fleet_.bots()) {
            const auto at = driver_.applied_at(bot);
            if (!at) return fail(at.error());
            before.push_back(*at);
        }
        const auto done = run_command(one(), command, channel_);
        if (!done) return fail(done.error());
        if (!done->accepted_at_boottime_ns) {
            return fail(Errc::refused, command,
                        done->replies.empty() ? "" : done->replies[0].content);
        }
        const TimePoint accepted = boottime(*done->accepted_at_boottime_ns);
        replies.push_back(boottime(done->completed_at_boottime_ns) - accepted);
        TimePoint last{};
        for (std::size_t i = 0; i < before.size(); ++i) {
            const auto at = await_purge(fleet_.bots()[i], before[i]);
            if (!at) return fail(at.error());
            last = std::max(last, *at);
        }
        return last - accepted;
    }

    Result<TimePoint> await_purge(const Instance& bot, TimePoint before) {
        const TimePoint end = Boottime::now() + purge_patience;
        while (true) {
            auto at = driver_.applied_at(bot);
            if (!at || *at > before) return at;
            if (Boottime::now() > end)
                return fail(Errc::timeout, bot.name, "it has not purged within 5 s");
            std::this_thread::sleep_for(1ms);
        }
    }

    void measure_changes() {
        const std::string what =
            fmt::format("{} changes: command's success to the last purge", changes);
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
        note(fmt::format(
            "Success: the gateway's 201 or 200 arrives at {}, which then publishes and only",
            one().name));
        note(fmt::format(
            "then replies (p50 {:.2f} ms after it): the purge may come before the reply.",
            milliseconds(spread(std::move(replies)).p50)));
        (void)run_command(one(), "channel deactivate", channel_);
    }

    void demonstrate_local() {
        const std::string what = fmt::format("the same declared local, TTL shortened to {} s",
                                             shortened_ttl.count() / 1000);
        const caches::Demonstration demonstration{
            .channel_activation = caches::Demonstration::ChannelActivation::local,
            .local_ttl = shortened_ttl};
        const auto bots = fleet_.start_demonstration(demonstration);
        if (!bots) return failed(5, what, bots.error());
        line(5, what, risk_of((*bots)[1]));
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
        const auto inventory = driver_.inventory(bot);
        if (!inventory) return inventory.error().message();
        return fmt::format("audit: {}", to_string(worst(*inventory)));
    }

    // How long the second instance answers wrongly after the first one's command succeeded.
    Result<Duration> measure_stale(const Instance& first, const Instance& second) {
        const std::string channel = fresh_channel(2);
        if (const auto heard = say_hello(second, channel); !heard) return fail(heard.error());
        const auto done = run_command(first, "channel activate", channel);
        if (!done) return fail(done.error());
        if (!done->accepted_at_boottime_ns)
            return fail(Errc::refused, "channel activate", "not accepted");
        const TimePoint accepted = boottime(*done->accepted_at_boottime_ns);
        const TimePoint end = Boottime::now() + shortened_ttl + purge_patience;
        while (Boottime::now() < end) {
            const auto answer = say_hello(second, channel);
            if (!answer) return fail(answer.error());
            if (answer->handled) {
                (void)run_command(first, "channel deactivate", channel);
                return boottime(answer->completed_at_boottime_ns) - accepted;
            }
            std::this_thread::sleep_for(10ms);
        }
        return fail(Errc::timeout, second.name, "it never answered");
    }

    // A provider that was named is not counted, and not asked for a scenario's sake.
    void share_one_call() {
        const char* const what = "two callers ask for the models at the same time";
        if (!fleet_.provider()) return note("no stand-in for OpenRouter: its calls are not shown");
        const auto before = driver_.provider_calls(*fleet_.provider());
        const auto ask = [&] { return driver_.models(fleet_.gateway()); };
        auto other = std::async(std::launch::async, ask);
        const auto one = ask();
        const auto two = other.get();
        const auto after = driver_.provider_calls(*fleet_.provider());
        for (const auto* error : {before ? nullptr : &before.error(), one ? nullptr : &one.error(),
                                  two ? nullptr : &two.error(), after ? nullptr : &after.error()}) {
            if (error != nullptr) return failed(6, what, *error);
        }
        // None: a fleet on this Redis has fetched them within a day.
        const std::uint64_t calls = *after - *before;
        line(6, what,
             fmt::format("{} models each, {} of the provider", *one,
                         calls == 0 ? "no call" : fmt::format("{} call", calls)),
             *one > 0 && *one == *two && calls <= 1);
    }

    void answer_a_duplicate() {
        const char* const what = "the same request to generate a reply, twice";
        const std::string message = "hello " + channel_;
        const auto first = driver_.generate(fleet_.gateway(), slug, author, message);
        const auto second = driver_.generate(fleet_.gateway(), slug, author, message);
        if (!first || !second) return failed(7, what, (first ? second : first).error());
        line(7, what, *first == *second ? "one job, answered with its id" : "two jobs",
             *first == *second);
    }

    // As a bot would send it: the message of a user with a picture, whose link is signed anew each
    // time.
    [[nodiscard]] std::string picture_request(const std::string& by, const char* signature) const {
        return fmt::format(
            R"({{"personality":{{"name":"{}","model":"openai/gpt-4o"}},)"
            R"("message":"look, says {}","context":{{"userId":"{}","channelId":"{}",)"
            R"("attachments":[{{"url":"https://cdn.discordapp.com/attachments/1/{}/cat.png?ex={}",)"
            R"("contentType":"image/png","name":"cat.png"}}]}}}})",
            slug, by, author, channel_, channel_, signature);
    }

    void show_a_picture_twice() {
        const char* const what = "two requests for a reply, with the same picture";
        const Instance& two = fleet_.bots()[1];
        const auto before = driver_.all_provider_calls(*fleet_.provider());
        auto other = std::async(std::launch::async, [&] {
            return driver_.generate_and_wait(fleet_.gateway(), picture_request(two.name, "2"));
        });
        const auto first =
            driver_.generate_and_wait(fleet_.gateway(), picture_request(one().name, "1"));
        const auto second = other.get();
        const auto after = driver_.all_provider_calls(*fleet_.provider());
        for (const auto* error :
             {before ? nullptr : &before.error(), first ? nullptr : &first.error(),
              second ? nullptr : &second.error(), after ? nullptr : &after.error()}) {
            if (error != nullptr) return failed(8, what, *error);
        }
        const std::uint64_t looks = after->vision - before->vision;
        line(8, what, fmt::format("described by {} call of the model", looks), looks == 1);
        note("\"" + first->content + "\"");
        const auto is_of = [](const DriverClient::Generated& reply, const Instance& bot) {
            return reply.content.contains("says " + bot.name) &&
                   reply.content.contains("[Image: a picture (");
        };
        line(0, "each request is answered with its own reply",
             "two replies, with what the picture shows",
             is_of(*first, one()) && is_of(*second, two));
    }

    void speak() {
        const char* const what = "a voice note, sent twice";
        const std::string url =
            fmt::format("https://cdn.discordapp.com/attachments/1/{}/note.ogg?ex=", channel_);
        const auto before = driver_.all_provider_calls(*fleet_.provider());
        const auto first = driver_.transcribe(fleet_.gateway(), url + "1");
        const auto second = driver_.transcribe(fleet_.gateway(), url + "2");
        const auto after = driver_.all_provider_calls(*fleet_.provider());
        for (const auto* error :
             {before ? nullptr : &before.error(), first ? nullptr : &first.error(),
              second ? nullptr : &second.error(), after ? nullptr : &after.error()}) {
            if (error != nullptr) return failed(9, what, *error);
        }
        const std::uint64_t calls = after->transcription - before->transcription;
        line(9, what, fmt::format("\"{}\", by {} call of the model", *first, calls),
             *first == "the words of note.ogg" && *first == *second && calls == 1);
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
        fmt::print("\n  {}\n", good_ ? "All checks passed." : "A check FAILED, see above.");
        std::fflush(stdout);
    }

    [[nodiscard]] const Instance& one() const { return fleet_.bots().front(); }

    Fleet& fleet_;
    DriverClient& driver_;
    const std::string channel_ = fresh_channel(1);
    bool good_ = true;
    std::optional<Spread> coherent_;
    std::optional<Duration> local_;
};

}  // namespace

bool play_scenario(Fleet& fleet, DriverClient& driver) { return Scenario(fleet, driver).play(); }

void print_audit(const Fleet& fleet, DriverClient& driver) {
    std::vector<Inventory> inventories;
    std::vector<Instance> instances = fleet.bots();
    instances.push_back(fleet.gateway());
    for (const Instance& worker : fleet.workers()) instances.push_back(worker);
    for (const Instance& instance : instances) {
        auto inventory = driver.inventory(instance);
        if (inventory) {
            inventories.push_back(*std::move(inventory));
        } else {
            fmt::print("no inventory from {}: {}\n", instance.name, inventory.error().message());
        }
    }
    fmt::print("\nAudit: what runs, and what it has counted\n\n{}", to_text(merge(inventories)));
    std::fflush(stdout);
}

void print_directions(const Fleet& fleet, const Plan& plan) {
    const std::string header = "-H \"X-Service-Auth: " + plan.secret_in_shell + '"';
    const Instance& first = fleet.bots()[0];
    const Instance& second = fleet.bots()[1];
    fmt::print("\nThe fleet is up until Ctrl-C. Try:\n\n");
    fmt::print(
        "  curl -s {} \\\n    -d '{{\"command\":\"channel activate\",\"options\":"
        "{{\"personality\":\"{}\"}},\"userId\":\"1\",\"channelId\":\"2\",\"guildId\":\"3\",\n"
        "         \"permissions\":[\"MANAGE_MESSAGES\"]}}' {}/driver/command\n",
        header, slug, first.url);
    fmt::print(
        "  curl -s {} \\\n    -d "
        "'{{\"authorId\":\"1\",\"channelId\":\"2\",\"content\":\"hello\"}}' "
        "{}/driver/message\n",
        header, second.url);
    fmt::print("  curl -s {}/metrics\n", second.url);
    std::string urls;
    for (const Instance& bot : fleet.bots()) urls += ' ' + bot.url;
    urls += ' ' + fleet.gateway().url;
    for (const Instance& worker : fleet.workers()) urls += ' ' + worker.url;
    fmt::print("  build/release/bin/tutti audit{}\n\n", urls);
    std::fflush(stdout);
}

}  // namespace tutti::services::fleet
