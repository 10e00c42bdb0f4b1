#include "bot-client/discord_metrics.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

#include "tutti/clock.hpp"
#include "tutti/metrics/metric_text.hpp"

namespace tutti::services::bot {
namespace {

using Type = MetricText::Type;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void add_events(MetricText& text, const DiscordFigures& all) {
    const auto& events = all.events;
    text.metric("tutti_discord_events_total", Type::counter, "Events that Discord has sent.");
    for (std::size_t i = 0; i < events::EventIntake::kinds; ++i) {
        const auto kind = static_cast<events::EventIntake::Kind>(i);
        text.sample({{"event", to_string(kind)}}, events.taken[i]);
    }
    text.metric("tutti_discord_events_dropped_total", Type::counter,
                "Of these, those that were not handled, because too many waited.");
    for (const auto kind :
         {events::EventIntake::Kind::message, events::EventIntake::Kind::interaction}) {
        text.sample({{"event", to_string(kind)}}, events.dropped[static_cast<std::size_t>(kind)]);
    }
    text.metric("tutti_discord_events_handled_total", Type::counter,
                "Of these, those whose handling has ended, well or not.");
    for (const auto kind :
         {events::EventIntake::Kind::message, events::EventIntake::Kind::interaction}) {
        text.sample({{"event", to_string(kind)}}, events.handled[static_cast<std::size_t>(kind)]);
    }
    text.metric("tutti_discord_events_unreadable_total", Type::counter,
                "Of these, those that are not as Discord documents them.")
        .sample({}, events.unreadable);
    text.metric("tutti_discord_events_waiting", Type::gauge,
                "Messages and interactions that wait for a thread now.")
        .sample({}, events.waiting);
    text.metric("tutti_discord_guilds", Type::gauge, "Servers that are known here.")
        .sample({}, all.guilds);
    text.metric("tutti_discord_channels", Type::gauge, "Channels and threads that are known here.")
        .sample({}, all.channels);
}

void add_interactions(MetricText& text, const interactions::InteractionDesk::Figures& figures) {
    text.metric("tutti_discord_first_answers_total", Type::counter,
                "First answers to interactions, by what became of them.");
    for (std::size_t i = 0; i < interactions::InteractionDesk::outcomes; ++i) {
        const auto outcome = static_cast<interactions::FirstAnswer>(i);
        text.sample({{"outcome", to_string(outcome)}}, figures.first_answers[i]);
    }
    const auto& ages = figures.ages;
    text.metric("tutti_discord_first_answer_seconds", Type::histogram,
                "Age of interactions when their first answer was taken; Discord waits 3 s.");
    for (std::size_t i = 0; i < interactions::AnswerAges::limits.size(); ++i) {
        const std::string limit = MetricText::number(seconds(interactions::AnswerAges::limits[i]));
        text.part("_bucket", {{"le", limit}}, static_cast<double>(ages.within[i]));
    }
    text.part("_bucket", {{"le", "+Inf"}}, static_cast<double>(ages.count));
    text.part("_sum", {}, seconds(ages.sum));
    text.part("_count", {}, static_cast<double>(ages.count));
}

void add_sent(MetricText& text, const sending::DiscordSender::Figures& figures) {
    text.metric("tutti_discord_said_total", Type::counter, "Messages that were said, by whom.")
        .sample({{"as", "personality"}}, figures.by_webhook)
        .sample({{"as", "bot"}}, figures.by_bot);
    text.metric("tutti_discord_say_failures_total", Type::counter,
                "Attempts to say one that failed, or of whose end nothing is known.")
        .sample({}, figures.failed);
    text.metric("tutti_discord_read_backs_total", Type::counter,
                "Looks into a channel whether a message is there, by what was found.")
        .sample({{"outcome", "found"}}, figures.found)
        .sample({{"outcome", "not_found"}}, figures.not_found);
}

void add_shards(MetricText& text, const assignment::ShardSet::Figures& figures) {
    text.metric("tutti_discord_shards", Type::gauge, "Shards that this bot runs.")
        .sample({}, figures.shards);
    text.metric("tutti_discord_shards_live", Type::gauge, "Of these, those that receive events.")
        .sample({}, figures.live);
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        text.metric(name, Type::counter, help).sample({}, value);
    };
    const auto& sums = figures.sums;
    counter("tutti_discord_connects_total", "Connections to Discord's gateway that were begun.",
            sums.connects);
    counter("tutti_discord_identifies_total",
            "Sessions that were begun; Discord allows 1000 in 24 hours.", sums.identifies);
    counter("tutti_discord_resumes_total", "Sessions that went on in another connection.",
            sums.resumes);
    counter("tutti_discord_sessions_given_up_total",
            "Sessions that were given up although Discord had not ended them.", sums.given_up);
    counter("tutti_discord_silent_connections_total", "Connections that had fallen silent.",
            sums.zombies);
    counter("tutti_discord_events_missing_total", "Numbers of events that did not come.",
            sums.missing);
    counter("tutti_discord_events_repeated_total", "Events that came again, and were dropped.",
            sums.repeated);
    counter("tutti_discord_payloads_unreadable_total",
            "Payloads of the gateway that are not as Discord documents them.", sums.unreadable);
    counter("tutti_discord_own_faults_total", "Closings that say that a payload of ours was wrong.",
            sums.our_faults);
}

void add_rest(MetricText& text, const rest::CallScheduler::Figures& figures) {
    text.metric("tutti_discord_rest_limited_total", Type::counter,
                "Calls of Discord's API that were put off by it (429), by what it says.")
        .sample({{"scope", "user"}}, figures.limited_user)
        .sample({{"scope", "hidden"}}, figures.limited_hidden)
        .sample({{"scope", "shared"}}, figures.limited_shared)
        .sample({{"scope", "global"}}, figures.limited_global);
    text.metric("tutti_discord_rest_refused_total", Type::counter,
                "Calls that were refused here, because they could not go in time.")
        .sample({}, figures.refused);
    text.metric("tutti_discord_rest_waiting", Type::gauge, "Calls that wait for their turn.")
        .sample({}, figures.waiting);
    text.metric("tutti_discord_rest_waited_seconds_total", Type::counter,
                "Time that calls have waited for their turn.")
        .sample({}, seconds(figures.waited));
    text.metric("tutti_discord_rest_invalid", Type::gauge,
                "Answers of 401, 403 and 429 in the last ten minutes; 10,000 are a ban.")
        .sample({}, figures.invalid);
}

}  // namespace

std::string discord_metrics_text(const DiscordFigures& figures) {
    MetricText text;
    add_events(text, figures);
    add_interactions(text, figures.interactions);
    add_sent(text, figures.sent);
    add_shards(text, figures.shards);
    add_rest(text, figures.rest);
    return text.text();
}

}  // namespace tutti::services::bot
