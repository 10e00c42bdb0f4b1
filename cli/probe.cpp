// `tutti probe`: follows some of a channel's invalidations, and asks every instance some time later
// what it holds of the key. It listens by reading the log, as `tutti replay` does, and is no
// member: what it asks is answered by the processes, over HTTP, and not by what they have said to
// the bus.
#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "cli/channel_view.hpp"
#include "cli/commands.hpp"
#include "cli/probe_askers.hpp"
#include "cli/probe_tally.hpp"
#include "cli/probe_watch.hpp"
#include "cli/processes.hpp"
#include "cli/roll_call.hpp"
#include "cli/text.hpp"
#include "tutti/inventory.hpp"
#include "tutti/json.hpp"

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* probe_name = "probe";
constexpr std::size_t silent_shown_max = 20;

struct WithinView {
    std::int64_t within_ms = 0;
    std::uint64_t samples = 0;
    std::uint64_t older = 0;
    std::uint64_t unknown = 0;
    std::uint64_t held = 0;            // an instance had the key
    std::optional<double> at_least{};  // of all invalidations, 95 % certain
    std::int64_t answered_by_ms = 0;
};
BOOST_DESCRIBE_STRUCT(WithinView, (),
                      (within_ms, samples, older, unknown, held, at_least, answered_by_ms))

struct OlderView {
    std::string key{};
    std::uint64_t sequence = 0;
    std::int64_t within_ms = 0;
    std::string process{};
    std::string node{};
    std::string cache{};
    std::int64_t age_ms = 0;
    std::int64_t servable_for_ms = 0;
    bool suspect = false;
    bool applied = false;  // as it says
};
BOOST_DESCRIBE_STRUCT(OlderView, (),
                      (key, sequence, within_ms, process, node, cache, age_ms, servable_for_ms,
                       suspect, applied))

struct UnknownView {
    std::string who{};
    std::uint64_t times = 0;
    std::string reason{};
};
BOOST_DESCRIBE_STRUCT(UnknownView, (), (who, times, reason))

struct ProbeView {
    std::string server{};
    std::string app{};
    std::string channel{};
    std::uint64_t processes = 0;
    std::uint64_t invalidations = 0;  // of keys, that were seen
    std::uint64_t followed = 0;
    std::uint64_t left_out = 0;  // by --one-in and --rate
    std::uint64_t missed = 0;    // it is not known when they were published, or a key is too long
    std::vector<WithinView> within{};
    std::vector<OlderView> older{};  // the first ones
    std::vector<UnknownView> unknown{};
};
BOOST_DESCRIBE_STRUCT(ProbeView, (),
                      (server, app, channel, processes, invalidations, followed, left_out, missed,
                       within, older, unknown))

// In ascending order, each once.
std::vector<Duration> in_order(std::vector<Duration> times) {
    std::ranges::sort(times);
    const auto twice = std::ranges::unique(times);
    times.erase(twice.begin(), twice.end());
    return times;
}

// The work until the last answer.
class Probing {
public:
    Probing(const ProbeCommand& command, const std::vector<Duration>& within,
            redis::LogFollower follower, TimePoint began, const World& world)
        : command_(command),
          within_(within),
          world_(world),
          pause_(std::clamp<Duration>(within.front() / 20, 1ms, 20ms)),
          askers_(process_urls(command.processes), command.channel.of.channel, command.patience,
                  world),
          watch_(std::move(follower), pause_, world),
          tally_(within),
          empty_since_(began),
          until_(saturating_add(began, command.lasts)) {}

    // On the way it calls `progress` each minute. When it is interrupted, what is not answered yet
    // does not count.
    void run(const std::function<void()>& progress) {
        TimePoint said = now();
        while (follows() || !due_.empty() || !asked_.empty()) {
            if (world_.interrupted && world_.interrupted()) return;
            for (const Watch::Look& look : watch_.take()) take(look);
            ask_what_is_due();
            judge();
            if (now() - said >= 1min) {
                progress();
                said = now();
            }
            world_.wait(pause_);
        }
    }

    [[nodiscard]] const Tally& tally() const noexcept { return tally_; }
    [[nodiscard]] std::size_t processes() const noexcept { return askers_.processes(); }
    [[nodiscard]] std::uint64_t invalidations() const noexcept { return invalidations_; }
    [[nodiscard]] std::uint64_t followed() const noexcept { return followed_; }
    [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }
    // The last one of the log; nothing: none.
    [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

private:
    struct Sample {
        Followed followed;
        TimePoint members_since;  // who was a member then, or since, has to answer
    };
    struct Question {
        std::shared_ptr<const Sample> sample;
        std::size_t row = 0;
        TimePoint asked{};
        std::optional<Result<Members>> members{};
        std::optional<std::vector<Told>> answers{};
    };

    // What was published in a longer time is nobody's sample: of what was loaded in that time the
    // instance's own word decides.
    static constexpr Duration window_max = 100ms;

    [[nodiscard]] TimePoint now() const { return world_.clock->now(); }
    [[nodiscard]] bool follows() const {
        return now() < until_ && (command_.samples_max == 0 || followed_ < command_.samples_max);
    }

    void take(const Watch::Look& look) {
        if (look.members) roll_.add(look.members->names, look.members->asked);
        tell_the_members(look);
        if (!look.part) {
            failure_ = look.part.error();
            return;
        }
        const bool whole = look.part->breaks.empty();
        if (!whole) failure_ = Error{Errc::protocol, "read the log", look.part->breaks.front()};
        for (const BusEntry& entry : look.part->entries) {
            if (!entry.changed.keys.empty() && follows()) meet(entry, look.ended, whole);
        }
        // Behind a whole page, and behind a break, there may be more, from before this look.
        if (whole && look.part->entries.size() < redis::LogFollower::page_entries)
            empty_since_ = look.began;
    }
    // Of the questions that were asked before it.
    void tell_the_members(const Watch::Look& look) {
        for (auto& [number, question] : asked_) {
            if (question.members) continue;
            if (!look.part && look.began >= question.asked) {
                question.members = fail(look.part.error());
            } else if (look.part && look.members && look.members->asked >= question.asked) {
                question.members = Members{.epoch = look.part->epoch,
                                           .names = roll_.since(question.sample->members_since)};
            }
        }
    }
    // The key of an invalidation. whole: the log continues there as it should.
    void meet(const BusEntry& entry, TimePoint seen, bool whole) {
        ++invalidations_;
        const auto chosen = random(0, entry.changed.keys.size() - 1);
        const std::string& key = entry.changed.keys[chosen];
        const bool known = seen - empty_since_ <= std::min(within_.front(), window_max);
        if (!whole || !known || !can_ask_holdings(command_.channel.of.channel, key)) {
            ++missed_;
        } else if (seen < next_sample_ || random(1, command_.one_in) != 1) {
            ++left_out_;
        } else {
            next_sample_ = seen + Duration(1s) / command_.rate_max;
            follow(entry, key, seen);
        }
    }
    void follow(const BusEntry& entry, const std::string& key, TimePoint seen) {
        const auto sample =
            std::make_shared<const Sample>(Sample{.followed = {.key = key,
                                                               .epoch = entry.position.epoch,
                                                               .sequence = entry.position.sequence,
                                                               .after = empty_since_,
                                                               .seen = seen},
                                                  .members_since = roll_.last()});
        ++followed_;
        for (std::size_t row = 0; row < within_.size(); ++row) {
            due_.emplace(seen + within_[row], Question{.sample = sample, .row = row});
        }
    }

    void ask_what_is_due() {
        while (!due_.empty() && due_.begin()->first <= now()) {
            auto [due, question] = std::move(*due_.begin());
            due_.erase(due_.begin());
            question.asked = now();
            askers_.ask(++number_, question.sample->followed.key, due);
            asked_.emplace(number_, std::move(question));
        }
    }
    void judge() {
        for (Askers::Answered& answered : askers_.take()) {
            asked_.at(answered.question).answers = std::move(answered.answers);
        }
        std::erase_if(asked_, [this](const auto& each) {
            const Question& question = each.second;
            if (!question.members || !question.answers) return false;
            tally_.add(question.row, question.sample->followed, *question.members,
                       *question.answers);
            return true;
        });
    }
    std::uint64_t random(std::uint64_t least, std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
    }

    const ProbeCommand& command_;
    const std::vector<Duration>& within_;
    const World& world_;
    const Duration pause_;
    Askers askers_;
    Watch watch_;
    Tally tally_;
    Roll roll_;
    std::mt19937_64 random_{std::random_device{}()};
    TimePoint empty_since_;  // nothing was in the log then that no look has shown
    TimePoint until_;
    TimePoint next_sample_;
    std::multimap<TimePoint, Question> due_;
    std::map<std::uint64_t, Question> asked_;  // by number
    std::uint64_t number_ = 0;
    std::uint64_t invalidations_ = 0;  // each of these is one of the three below
    std::uint64_t followed_ = 0;
    std::uint64_t left_out_ = 0;
    std::uint64_t missed_ = 0;
    std::optional<Error> failure_;
};

ProbeView view_of(const Probing& probing, const std::string& server,
                  const redis::InspectOptions& of) {
    ProbeView view{.server = server,
                   .app = of.app,
                   .channel = of.channel,
                   .processes = probing.processes(),
                   .invalidations = probing.invalidations(),
                   .followed = probing.followed(),
                   .left_out = probing.left_out(),
                   .missed = probing.missed()};
    for (const Tally::Row& row : probing.tally().rows()) {
        auto& shown = view.within.emplace_back();
        shown.within_ms = whole_milliseconds(row.within);
        shown.samples = row.samples();
        shown.older = row.older;
        shown.unknown = row.unknown;
        shown.held = row.held;
        if (const double share = row.proven(); share > 0) shown.at_least = share;
        shown.answered_by_ms = whole_milliseconds(row.answered_by);
    }
    for (const Tally::Finding& found : probing.tally().findings()) {
        view.older.push_back({.key = found.followed.key,
                              .sequence = found.followed.sequence,
                              .within_ms = whole_milliseconds(found.within),
                              .process = without_credentials(found.process),
                              .node = found.node,
                              .cache = found.held.cache,
                              .age_ms = whole_milliseconds(found.held.age),
                              .servable_for_ms = whole_milliseconds(found.held.servable_for),
                              .suspect = found.held.suspect,
                              .applied = found.applied >= found.followed.sequence});
    }
    for (const auto& [who, silence] : probing.tally().silent()) {
        view.unknown.push_back({.who = without_credentials(who),
                                .times = silence.times,
                                .reason = without_credentials(silence.reason)});
    }
    return view;
}

void print(std::ostream& out, const WithinView& row) {
    out << "  within " << row.within_ms << " ms: " << row.samples << " samples, " << row.older
        << " older, " << row.unknown << " unknown: ";
    if (row.at_least) {
        out << "at least " << describe_share(*row.at_least)
            << " are applied everywhere (95 % certain), answered by " << row.answered_by_ms
            << " ms";
    } else if (row.older + row.unknown > 0) {
        out << "too many of these to say what share is applied everywhere";
    } else {
        out << "too few to say what share is applied everywhere";
    }
    out << "; in " << row.held << " an instance had the key\n";
}

void print(std::ostream& out, const OlderView& found) {
    out << "  " << in_quotes(found.key) << " (sequence " << found.sequence << ") after "
        << found.within_ms << " ms: " << in_quotes(found.node) << " at " << in_quotes(found.process)
        << " has it in " << in_quotes(found.cache) << ", loaded " << found.age_ms
        << " ms ago, servable for " << found.servable_for_ms << " ms more"
        << (found.suspect ? " as suspect" : "") << "; it "
        << (found.applied ? "says that it has applied" : "has not said that it has applied")
        << " the invalidation\n";
}

void print_counts(std::ostream& out, const ProbeView& view) {
    out << "  " << view.processes << " processes asked; " << view.invalidations
        << " invalidations of keys, " << view.followed << " followed, " << view.left_out
        << " left out, " << view.missed << " could not be followed\n";
    for (const WithinView& row : view.within) print(out, row);
}

void print(std::ostream& out, const ProbeView& view) {
    out << view.server << ", app " << in_quotes(view.app) << ", channel " << in_quotes(view.channel)
        << '\n';
    print_counts(out, view);
    const auto proves_nothing = [](const WithinView& row) {
        return row.samples > row.unknown && row.held == 0;
    };
    if (std::ranges::all_of(view.within, proves_nothing)) {
        out << "  in no sample an instance had the key, older or not: keys that none ever has "
               "prove nothing; are these ones that are read?\n";
    }
    if (!view.older.empty()) out << "older values that could be served\n";
    for (const OlderView& found : view.older) print(out, found);
    if (!view.unknown.empty()) out << "not known\n";
    for (const UnknownView& each :
         std::span(view.unknown).first(std::min(view.unknown.size(), silent_shown_max))) {
        out << "  " << in_quotes(each.who) << ", " << each.times
            << (each.times == 1 ? " time" : " times, the last") << ": " << printable(each.reason)
            << '\n';
    }
    if (view.unknown.size() > silent_shown_max)
        out << "  and " << view.unknown.size() - silent_shown_max << " more\n";
}

int code_of(const Probing& probing) {
    const auto& rows = probing.tally().rows();
    if (rows.back().older > 0) return exit_refused;
    const bool complete = std::ranges::all_of(
        rows, [](const Tally::Row& row) { return row.unknown == 0 && row.samples() > 0; });
    return complete && !probing.failure() ? exit_success : exit_failed;
}

// Asks each process once.
bool all_are_there(const ProbeCommand& command, const redis::ChannelState& state, std::ostream& err,
                   const World& world) {
    const redis::InspectOptions& of = command.channel.of;
    const auto asked =
        ask_all_holdings(command.processes, of.channel, roll_call_key, of.timeout, world);
    std::vector<std::string> members;
    members.reserve(state.members.size());
    for (const auto& member : state.members) members.push_back(member.name);
    const auto [unanswered, remarks] = call_the_roll(of.channel, asked, members);
    for (const std::string& each : unanswered) err << "tutti probe: " << each << '\n';
    if (!unanswered.empty()) return false;
    for (const std::string& each : remarks) err << "tutti probe: " << each << '\n';
    return true;
}

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): by value as the others
int probe(ProbeCommand command, std::ostream& out, std::ostream& err, const World& world) {
    const auto within = in_order(command.within);
    if (!complete(command.channel, probe_name, err, world)) return exit_failed;
    const auto state = find_channel(command.channel, probe_name, err);
    if (!state) return exit_failed;
    if (!all_are_there(command, *state, err, world)) return exit_failed;
    const TimePoint began = world.clock->now();
    auto follower = redis::LogFollower::begin(command.channel.url, command.channel.of);
    if (!follower) return say_failure(err, probe_name, follower.error());
    Probing probing(command, within, *std::move(follower), began, world);
    const auto so_far = [&] { return view_of(probing, state->server, command.channel.of); };
    probing.run([&] {
        err << "tutti probe: so far\n";
        print_counts(err, so_far());
        err.flush();
    });

    const ProbeView view = so_far();
    if (command.channel.format == Format::json) {
        out << json::write(view) << '\n';
    } else {
        print(out, view);
    }
    if (probing.failure()) {
        (void)say_failure(err, probe_name, *probing.failure());
        err << "  what was invalidated meanwhile was not followed\n";
    }
    if (probing.followed() == 0) {
        err << "tutti probe: no invalidation of a key was followed: nothing is known\n";
    }
    return code_of(probing);
}

}  // namespace tutti::cli
