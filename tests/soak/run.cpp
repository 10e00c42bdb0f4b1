// The thread that runs a soak starts and ends all processes, because they die with it; users have
// threads of their own.
#include "soak/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "soak/checker.hpp"
#include "soak/fleet.hpp"
#include "soak/fleet_size.hpp"
#include "soak/plan.hpp"
#include "soak/story.hpp"
#include "soak/strikes.hpp"
#include "soak/users.hpp"
#include "tutti/clock.hpp"

namespace tests::soak {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using tutti::Boottime;
using tutti::TimePoint;

// Longer than anything that is promised: a shard of a bot that was killed, a lease of 5 s that
// another one has to wait for, pauses between attempts.
constexpr auto recovered_within = 60s;
// A picture whose worker was killed while it asked is asked about again 162 s later.
constexpr auto answered_within = 200s;
constexpr auto queues_empty_within = 30s;
// A bot asks every ten seconds after what it waits for, and may be struck meanwhile.
constexpr milliseconds forgotten_within = 60s;
constexpr auto look_every = 500ms;

// What a service reports that it does not know, or could not do; by metric.
struct Report {
    const char* name;
    const char* metric;
    bool is_of_all;  // one figure for the fleet, which each says
};
constexpr std::array reports{
    Report{"paid calls of which nothing is known", "tutti_jobs_paid_unknown_total", true},
    Report{"jobs that are dead letters", "tutti_jobs_dead_letters_total", true},
    Report{"replies of which nothing is known", "tutti_deliveries_paid_unknown_total", true},
    Report{"replies that are dead letters", "tutti_deliveries_dead_letters_total", true},
    Report{"replies that the queue lost", "tutti_replies_lost_total", false},
    Report{"replies that were given up", "tutti_replies_unknown_total", false},
    Report{"messages that were dropped", R"(tutti_discord_events_dropped_total{event="message"})",
           false},
};

class Soak {
public:
    explicit Soak(const SoakOptions& options)
        : options_(options), fleet_(options.folder), strikes_(options.seed) {}

    SoakOutcome run() {
        begin_users();
        say("everything runs; the seed is " + std::to_string(options_.seed));
        pause(2s);
        const TimePoint end = Boottime::now() + options_.lasts;
        while (Boottime::now() < end) strike_once();
        end_users();
        story_.left = fleet_.queues();
        note_reports();
        keep_what_redis_knows();
        story_.paid_unknown = paid_unknown_before_ + paid_unknown_now_;
        outcome_.reported["paid calls of which nothing is known"] = story_.paid_unknown;
        add(fleet_.crashes());
        add(fleet_.end());
        story_.undecided = fleet_.undecided();
        outcome_.reported["messages that passed on undecided"] = story_.undecided.size();
        listen();
        story_.paid = fleet_.paid();
        record_.move_to(story_);
        outcome_.queues = story_.longest;
        outcome_.deeds = record_.counts().deeds;
        outcome_.verdict = judge(story_, {});
        demand_that_it_happened();
        if (!outcome_.is_clean()) fleet_.keep_evidence();
        return std::move(outcome_);
    }

private:
    void say(const std::string& what) {
        const auto counts = record_.counts();
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(Boottime::now() - begun_).count();
        options_.progress(fmt::format("{:02}:{:02} {} | {} messages, {} wait", seconds / 60,
                                      seconds % 60, what, counts.messages, counts.waiting));
    }
    // What did not happen breaks no promise, and shows nothing.
    void demand_that_it_happened() {
        std::vector<std::string>& violations = outcome_.verdict.violations;
        if (outcome_.verdict.answered == 0) violations.emplace_back("no message was answered");
        if (outcome_.verdict.paid == 0) violations.emplace_back("no paid call is in the journal");
        if (outcome_.strikes.empty()) violations.emplace_back("nothing was struck");
        if (story_.left.empty()) violations.emplace_back("the queues could not be looked at");
    }
    void add(const std::vector<std::string>& troubles) {
        story_.troubles.insert(story_.troubles.end(), troubles.begin(), troubles.end());
    }

    void begin_users() {
        for (std::size_t i = 0; i < channel_count; ++i) {
            users_.push_back(
                std::make_unique<ChannelUsers>(fleet_, record_, hush_, options_.seed, i));
        }
    }
    // They finish what they do, and get their answers.
    void end_users() {
        for (const auto& one : users_) one->stop();
        users_.clear();
        say("users are quiet");
        (void)await(answered_within, [this] {
            keep_what_redis_knows();
            record_.give_up(story_.reply_unknown);
            return record_.counts().waiting == 0;
        });
        const bool empty = await(queues_empty_within, [this] {
            const auto lengths = fleet_.queues();
            return !lengths.empty() && std::ranges::all_of(lengths, [](const auto& entry) {
                return entry.second == 0;
            });
        });
        say(empty ? "all queues are empty" : "not all queues are empty");
        pause(3s);  // what comes twice would come now, and figures are as old as that
    }

    void strike_once() {
        const Strike next = strikes_.next();
        pause(next.calm);
        const std::string what = text_of(next);
        say(fmt::format("{} ({} ms)", what, next.lasts.count()));
        try {
            strike(fleet_, next,
                   {.hush = hush_,
                    .pause = [this](milliseconds time) { pause(time); },
                    .before_emptying =
                        [this] {
                            keep_what_redis_knows();
                            paid_unknown_before_ += std::exchange(paid_unknown_now_, 0);
                        },
                    .emptyings = story_.emptyings,
                    .troubles = story_.troubles});
        } catch (const std::exception& error) {
            story_.troubles.push_back(what + ": " + error.what());
        }
        const TimePoint healed = Boottime::now();
        const bool well = await(recovered_within, [this] { return !fleet_.not_ready(); });
        const auto took = std::chrono::duration_cast<milliseconds>(Boottime::now() - healed);
        auto& struck = outcome_.strikes[what];
        ++struck.times;
        struck.slowest_recovery = std::max(struck.slowest_recovery, took);
        if (well) return;
        story_.troubles.push_back(what + " is over for a minute, and still: " +
                                  fleet_.not_ready().value_or("it is well again"));
    }

    template <class Condition>
    bool await(milliseconds patience, const Condition& holds) {
        const TimePoint end = Boottime::now() + patience;
        while (!holds()) {
            if (Boottime::now() > end) return false;
            pause(100ms);
        }
        return true;
    }
    // Looks at everything meanwhile.
    void pause(milliseconds time) {
        const TimePoint end = Boottime::now() + time;
        for (;;) {
            if (Boottime::now() >= next_look_) look();
            const auto left = end - Boottime::now();
            if (left <= tutti::Duration::zero()) return;
            std::this_thread::sleep_for(std::min<tutti::Duration>(left, 50ms));
        }
    }
    void look() {
        next_look_ = Boottime::now() + look_every;
        if (!fleet_.discord_stand_in->is_away) listen();
        for (const Memory& one : fleet_.memory()) story_.memory.push_back(one);
        for (const auto& [queue, length] : fleet_.queues()) {
            story_.longest[queue] = std::max(story_.longest[queue], length);
        }
        add(fleet_.crashes());
        give_up_what_was_forgotten();
    }
    // A channel in which a message waits is not deactivated any more.
    void give_up_what_was_forgotten() {
        for (const Emptying& one : story_.emptyings) {
            if (now_ms() - one.ended > forgotten_within.count()) {
                record_.give_up_said_until(one.ended);
            }
        }
    }
    // It may be emptied.
    void keep_what_redis_knows() {
        story_.reply_unknown.merge(fleet_.dead_replies());
        for (const auto* const member : fleet_.services()) {
            paid_unknown_now_ =
                std::max(paid_unknown_now_,
                         fleet_.sample(*member, "tutti_jobs_paid_unknown_total").value_or(0));
        }
    }
    void listen() {
        for (std::size_t i = 0; i < channel_count; ++i) {
            const std::string channel = std::to_string(i + 1);
            for (const auto& one : fleet_.discord().said(channel, record_.newest_heard(channel))) {
                // What a command shows repeats what its user said; see look_at_chats.
                if (one.answers_a_command) {
                    record_.passed(channel, one.id);
                    continue;
                }
                record_.heard({.id = one.id,
                               .channel = channel,
                               .content = without_references(one.content),
                               .reply_to = one.reply_to.value_or(""),
                               .made = one.made_ms,
                               .is_by_webhook = one.is_by_webhook});
            }
        }
        look_at_chats();
    }
    // What the command shows is an apology in the end, when nobody could be asked.
    void look_at_chats() {
        for (const auto& [id, channel] : record_.waiting_chats()) {
            const auto before = std::to_string(std::stoull(id) - 1);
            const auto messages = fleet_.discord().said(channel, before);
            if (messages.empty() || messages.front().id != id) continue;
            const auto& shown = messages.front();
            if (!marks_in(shown.content).empty()) continue;
            record_.heard({.id = id,
                           .channel = channel,
                           .content = shown.content,
                           .reply_to = id,
                           .made = shown.made_ms});
        }
    }
    // What a personality is reminded of, and repeats, is no part of its answer.
    static std::string without_references(const std::string& text) {
        return text.substr(0, text.find("[Reference "));
    }

    void note_reports() {
        for (const Report& report : reports) {
            std::size_t& sum = outcome_.reported[report.name];
            for (const auto* const member : fleet_.services()) {
                const std::size_t count = fleet_.sample(*member, report.metric).value_or(0);
                sum = report.is_of_all ? std::max(sum, count) : sum + count;
            }
        }
    }

    const SoakOptions options_;
    const TimePoint begun_ = Boottime::now();
    PlayedFleet fleet_;
    StrikePlan strikes_;
    std::shared_mutex hush_;
    Record record_;
    std::vector<std::unique_ptr<ChannelUsers>> users_;
    Story story_;
    SoakOutcome outcome_;
    std::size_t paid_unknown_before_ = 0;  // until Redis was last emptied
    std::size_t paid_unknown_now_ = 0;
    TimePoint next_look_ = Boottime::now();
};

}  // namespace

SoakOutcome run_soak(const SoakOptions& options) { return Soak(options).run(); }

}  // namespace tests::soak
